/**
 * A queue as an event source: it is there, the function's role may read it, and it hides a message for at least as long
 * as the function may take. Lambda refuses the rest when a mapping is made, in these words.
 */
import { Fault } from '../../base/index.ts';
import { functionRoleName } from '../../identity/index.ts';
import {
  type FunctionEntry,
  LATEST,
  LIVE,
  parseQueueArn,
  type QueueEntry,
  type Version,
} from '../../model/index.ts';
import type { ControlOptions } from '../answers.ts';

/** What a trigger does to a queue, in the name of its function. */
const NEEDED = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'] as const;

export interface QueueReader {
  readonly entry: FunctionEntry;
  readonly qualifier: string | null;
}

/**
 * @param source ARN of a queue
 * @throws {Fault} `parameter-invalid`
 */
export function requireReadable(
  { registry, roles }: Pick<ControlOptions, 'registry' | 'roles'>,
  source: string,
  { entry, qualifier }: QueueReader,
): void {
  const queue = registry.current().queues.get(parseQueueArn(source) ?? '');
  if (queue === undefined) throw refused('EventSourceArn', NO_QUEUE);
  const { config } = versionOf(entry, qualifier);
  const roleName = config.role ?? functionRoleName(entry.name);
  const resourcePolicies = queue.policy === null ? [] : [queue.policy];
  for (const name of NEEDED) {
    if (roles.roleAllows({ roleName, action: `sqs:${name}`, resource: source, resourcePolicies })) continue;
    const message = `The provided execution role does not have permissions to call ${name} on SQS`;
    throw refused('FunctionName', message);
  }
  requireTime(queue, config.timeoutMs);
}

const NO_QUEUE =
  'Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.';

function requireTime({ settings }: QueueEntry, timeoutMs: number): void {
  const { visibilityTimeoutMs } = settings;
  if (visibilityTimeoutMs >= timeoutMs) return;
  const [hidden, runs] = [visibilityTimeoutMs / 1_000, timeoutMs / 1_000];
  const message = `Queue visibility timeout: ${hidden} seconds is less than Function timeout: ${runs} seconds`;
  throw refused('EventSourceArn', message);
}

function versionOf(entry: FunctionEntry, qualifier: string | null): Version {
  const wanted = qualifier ?? (entry.aliases.has(LIVE) ? LIVE : LATEST);
  const number = entry.aliases.get(wanted)?.version ?? Number(wanted);
  return entry.versions.get(number) ?? entry.latest;
}

function refused(parameter: string, message: string): Fault {
  return new Fault('parameter-invalid', message, { facts: { parameter } });
}
