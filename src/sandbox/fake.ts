/**
 * A driver without processes, for tests of what stands above. Its "programs" are words:
 * `['wait']` runs until it is stopped, `['exit', '3']` ends with that code once it has started,
 * `['grow', '900']` uses that many MB (and is ended if that is over its limit), `['missing']` cannot
 * be started.
 */
import { Duplex } from 'node:stream';
import { Fault } from '../base/index.ts';
import type { Exit, Sandbox, SandboxDriver, SandboxSpec } from './sandbox.ts';

export interface FakeDriver extends SandboxDriver {
  /** Sandboxes that are alive now. */
  readonly alive: ReadonlyMap<string, FakeSandbox>;
}

interface FakeSandbox {
  readonly spec: SandboxSpec;
  frozen: boolean;
  end(exit: Partial<Exit>): void;
}

export function fakeDriver(): FakeDriver {
  const alive = new Map<string, FakeSandbox>();
  const stops: (() => Promise<Exit>)[] = [];
  return {
    name: 'fake',
    promise: 'Nothing runs: for tests.',
    alive,
    taskRoot: () => '/var/task',
    optRoot: () => '/opt',
    compiledRoot: () => '/var/compiled',
    expose: (hostPath) => hostPath,
    hasChannels: true,
    guestHost: '127.0.0.1',
    async start(spec) {
      spec.output.destroy();
      spec.onAddress(null);
      if (spec.argv[0] === 'missing') throw new Fault('sandbox-failed', 'There is no such program: missing.');
      const sandbox = fakeSandbox(spec, alive);
      stops.push(() => sandbox.stop(0));
      return sandbox;
    },
    sweep: async () => 0,
    close: async () => void (await Promise.all(stops.map((stop) => stop()))),
  };
}

function fakeSandbox(spec: SandboxSpec, alive: Map<string, FakeSandbox>): Sandbox {
  const { promise: exited, resolve } = Promise.withResolvers<Exit>();
  let limitMb = spec.memoryMb;
  const end = (exit: Partial<Exit>) => {
    alive.delete(spec.id);
    resolve({ code: null, signal: null, outOfMemory: false, ...exit });
  };
  const state: FakeSandbox = { spec, frozen: false, end };
  alive.set(spec.id, state);
  const [program, argument] = spec.argv;
  const usedMb = program === 'grow' ? Number(argument) : 1;
  const checkMemory = () => {
    if (usedMb > limitMb) end({ signal: 'SIGKILL', outOfMemory: true });
  };
  setImmediate(() => (program === 'exit' ? end({ code: Number(argument) }) : checkMemory()));
  return {
    id: spec.id,
    pid: null,
    channel: spec.channel ? new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }) : null,
    companions: null,
    exited,
    gone: exited.then(() => {}),
    place: async () => {},
    placeCompiled: async () => {},
    async limit(limits) {
      limitMb = limits.memoryMb;
      checkMemory();
    },
    throttle: () => {},
    freeze() {
      state.frozen = true;
    },
    thaw() {
      state.frozen = false;
    },
    peakMemoryMb: () => usedMb,
    async stop() {
      end({ signal: 'SIGKILL' });
      return exited;
    },
  };
}
