/** For tests: a pool over instances that are only counted, with starts that a test lets finish by hand. */
import { fakeClock } from '../base/fake-clock.ts';
import type { Version } from '../model/index.ts';
import { configByHand, versionByHand } from '../model/testing.ts';
import type { Instance } from './instance.ts';
import { Pool, type PoolOptions, type StartRuling } from './pool.ts';
import type { MemberKind } from './shelf.ts';
import { StartSlots } from './start-slots.ts';

export interface CountedInstance extends Instance {
  open: boolean;
  frozen: boolean;
  stopped: boolean;
  /** The process ends by itself. */
  crash(): void;
}

export function testVersion(functionName = 'shop-orders', version = 1): Version {
  return versionByHand({ functionName, version, config: configByHand({ stopAfterMs: 60_000 }) });
}

let nextId = 0;

export function countedInstance(version: Version): CountedInstance {
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  const instance: CountedInstance = {
    id: `instance-${++nextId}`,
    version,
    phases: {
      sandboxMs: 1,
      runtimeMs: 2,
      initMs: 3,
      placeMs: 1,
      loadMs: 2,
      compiled: false,
      blank: false,
    },
    open: true,
    exited,
    frozen: false,
    stopped: false,
    run: async () => ({ kind: 'result', payload: Buffer.from('null') }),
    exitOf: async () => ({ code: 0, signal: null, outOfMemory: false }),
    tail: () => null,
    recorded: () => {},
    settle: () => null,
    peakMemoryMb: () => 40,
    freeze: () => {
      instance.frozen = true;
    },
    thaw: () => {
      instance.frozen = false;
    },
    async stop() {
      instance.stopped = true;
      resolve();
    },
    crash: () => resolve(),
  };
  return instance;
}

export const POOL_OPTIONS: PoolOptions = {
  freezeAfterMs: 50,
  queueLength: 10,
  queueTimeoutMs: 30_000,
  burst: { count: 1_000, windowMs: 10_000 },
};

interface Overrides {
  readonly options?: Partial<PoolOptions>;
  readonly version?: Version;
  readonly slots?: number;
  readonly admitStart?: () => StartRuling;
  readonly slotWaitMs?: () => number;
  /** Starts wait until the test finishes them; default: they finish at once. */
  readonly byHand?: boolean;
}

export function openPool({
  options,
  version = testVersion(),
  slots = 100,
  admitStart,
  slotWaitMs = () => 0,
  byHand = false,
}: Overrides = {}) {
  const clock = fakeClock();
  const startSlots = new StartSlots(slots, () => clock.nowMs());
  const instances: CountedInstance[] = [];
  const bugs: unknown[] = [];
  /** Of each instance, what it was started as. */
  const kinds: MemberKind[] = [];
  /** Starts that have begun and wait for the test, oldest first. */
  const starting: { finish(): void; fail(error: unknown): void }[] = [];
  const pool = new Pool(
    version,
    {
      start: async (_version, _blank, kind) => {
        if (byHand) {
          const { promise, resolve, reject } = Promise.withResolvers<void>();
          starting.push({ finish: resolve, fail: reject });
          await promise;
        }
        const instance = countedInstance(version);
        instances.push(instance);
        kinds.push(kind);
        return instance;
      },
      takeBlank: () => null,
      acquireSlot: (name) => startSlots.acquire(name),
      slotWaitMs,
      admitStart: admitStart ?? (() => 'start'),
      onGone: () => {},
      onIdle: () => {},
      onBug: (error) => bugs.push(error),
      clock,
    },
    { ...POOL_OPTIONS, ...options },
  );
  return { pool, clock, instances, kinds, starting, bugs };
}
