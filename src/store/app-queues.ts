/** Queues of a manifest, as a deploy writes them: in its own transaction. */
import type { TransactionSql } from 'postgres';
import { Fault } from '../base/index.ts';
import { type App, appQueueSettings, defaultQueueSettings, queueName } from '../model/index.ts';
import { queueTransaction } from './queue-configuration.ts';

/**
 * Makes an app's queues what its manifest says. What only an API sets (policy, tags, whether it is paused) stays; so do
 * queues that the manifest does not name any more, with what is in them, like databases.
 *
 * @throws {Fault} `queue-exists`: another's
 */
export async function writeAppQueues(tx: TransactionSql, { app, queues = [] }: App): Promise<void> {
  if (queues.length === 0) return;
  const all = await queueTransaction(tx);
  for (const queue of queues) {
    const name = queueName(app, queue);
    const before = await all.find(name);
    if (before !== null && before.app !== app) throw taken(name, before.app);
    const { policy = null, tags = {}, paused = false, settings = defaultQueueSettings(name) } = before ?? {};
    await all.put({
      ...{ name, app, policy, tags, paused },
      settings: appQueueSettings(app, queue, settings),
    });
  }
}

function taken(name: string, owner: string | null): Fault {
  const whose = owner === null ? 'an API made it' : `it belongs to app "${owner}"`;
  return new Fault(
    'queue-exists',
    `There is a queue ${name} already, and ${whose}. Nothing was changed; choose another key, or delete that queue.`,
    { facts: { queue: name, ...(owner !== null && { app: owner }) } },
  );
}
