/** From what a manifest says to what a deploy asks for: names in full, units and defaults resolved. */
import { type App, type AppFunction, fullName, functionArn, queueArn } from '../model/index.ts';
import type { AppText } from './app-text.ts';
import { eventSettings } from './delivery.ts';
import { layerName } from './layers.ts';
import { toQueues } from './queues.ts';
import { useInFull } from './rights.ts';
import { scheduleName } from './schedules.ts';

/** `provided.al2023` needs no handler; Lambda passes on whatever is there, and this is what AWS's guides write. */
export const BOOTSTRAP = 'bootstrap';
/** An image has no runtime of ours: it brings its own. */
const IMAGE_RUNTIME = 'provided.al2023';

/** What a deploy asks for, of a manifest without problems. */
export function toApp(found: AppText): App {
  const named = (name: string) => (found.functions.has(name) ? fullName(found.app, name) : name);
  const names = {
    functionArn: (name: string) => functionArn(named(name)),
    queueArn: (name: string) => {
      const fifo = found.queues.get(name)?.fifo === true ? '.fifo' : '';
      return name.startsWith('arn:') ? name : queueArn(`${fullName(found.app, name)}${fifo}`);
    },
  };
  const functions = [...found.functions].map(([key, one]): AppFunction => {
    const config = {
      shape: one.shape,
      runtime: one.runtime ?? IMAGE_RUNTIME,
      handler: one.handler || BOOTSTRAP,
      memoryMb: one.memory,
      timeoutMs: one.timeout,
      stopAfterMs: one.stopAfter,
      ephemeralMb: one.ephemeral,
      environment: one.environment,
      database: one.database,
      egress: one.egress,
      layers: [],
      role: one.role,
      secrets: one.secrets,
      uses: one.uses.map((use) => useInFull(use, found)),
      image: one.image?.start ?? null,
      idempotency: one.idempotency,
      events: eventSettings(one, names),
    };
    const wishes = one.layers.map((layer) =>
      'arn' in layer ? layer : { name: layerName(layer.path), artifact: '' },
    );
    const schedules = one.triggers.schedules.map(({ schedule }, index) => ({
      ...schedule,
      name: scheduleName({ app: found.app, key }, schedule.name, index),
    }));
    return {
      ...{ key, config, ...one.concurrency, routes: one.routes },
      ...(schedules.length > 0 && { schedules }),
      ...(one.triggers.queues.length > 0 && {
        queueTriggers: one.triggers.queues.map(({ trigger }) => trigger),
      }),
      ...(wishes.length > 0 && { layers: wishes }),
    };
  });
  const { app, hosts } = found;
  const queues = toQueues(found.queues);
  const databases = [...found.databases.keys()];
  return { app, hosts, databases, ...(queues.length > 0 && { queues }), functions };
}
