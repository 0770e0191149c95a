/**
 * The runtimes of this node: how the process of a function is started, and how to talk to it.
 */
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { Fault } from '../base/index.ts';
import type { RuntimeName } from '../model/index.ts';
import type { Prepared, Runtimes, Setup } from './guest.ts';
import { bootEnvironment, fitsBooted, type GuestPlace, lambdaEnvironment } from './lambda/environment.ts';
import { type GuestCredentials, openGuestListener } from './lambda/guest-listener.ts';
import { httpGuest } from './lambda/http-guest.ts';
import { nodeGuest } from './lambda/node-guest.ts';

export {
  type Answer,
  type FunctionError,
  type Guest,
  GuestGone,
  type Prepared,
  type Runtimes,
  type Setup,
  type Work,
} from './guest.ts';
export { StreamBroken } from './lambda/answer-stream.ts';
export type { GuestCredentials } from './lambda/guest-listener.ts';

export interface RuntimesOptions {
  /** The Node.js that runs functions, as sandboxed code finds it. */
  readonly nodePath: string;
  /** A Python 3.11 (the interpreter itself, no shim), or null when the machine has none. */
  readonly pythonPath: string | null;
  /** The folder `guest/` of this installation, as sandboxed code finds it. */
  readonly guestDir: string;
  /** Fresh credentials of a function's own role. */
  credentials(setup: Setup): Promise<GuestCredentials> | GuestCredentials;
}

const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/opt/bin';

export function createRuntimes(options: RuntimesOptions): Runtimes {
  async function open(
    handle: Parameters<typeof openGuestListener>[0]['handle'],
    current: () => Setup | null,
  ) {
    return await openGuestListener({
      credentials: () => {
        const setup = current();
        return setup === null ? null : options.credentials(setup);
      },
      handle,
    });
  }

  async function prepareNode(memoryMb: number, setup: Setup | null): Promise<Prepared> {
    let current = setup;
    const listener = await open(
      () => false,
      () => current,
    );
    const runtimeDir = join(options.guestDir, 'node');
    const place = {
      runtimeDir,
      path: pathOf(options.nodePath),
      listener: listener.address,
      token: listener.token,
    };
    return {
      argv: [options.nodePath, ...heapFlags(memoryMb), join(runtimeDir, 'bootstrap.cjs')],
      environment: startEnvironment('nodejs24.x', setup, place),
      channel: true,
      tagsLogs: true,
      connect(channel) {
        assert(channel !== null, 'the Node.js runtime needs its channel');
        const environmentOf = (given: Setup) => {
          current = given;
          return lambdaEnvironment(given, place);
        };
        return nodeGuest({ channel, setup, environmentOf, onClose: () => listener.close() });
      },
      abandon: () => listener.close(),
    };
  }

  async function prepareHttp(
    runtime: 'python3.11' | 'provided.al2023',
    setup: Setup | null,
  ): Promise<Prepared> {
    const isPython = runtime === 'python3.11';
    if (isPython && options.pythonPath === null) {
      const message = 'python3.11 was not found on this machine; install Python 3.11 and restart the node';
      throw new Fault('runtime-unavailable', message, { facts: { runtime } });
    }
    assert(isPython || setup !== null, 'a bootstrap cannot be started without its code');
    const python = options.pythonPath ?? '';
    const runtimeDir = isPython ? join(options.guestDir, 'python') : '/var/runtime';
    let current = setup;
    const { guest, handle } = httpGuest({
      setup,
      asksForSetup: isPython,
      environmentOf(given) {
        current = given;
        return lambdaEnvironment(given, place);
      },
      onClose: () => listener.close(),
    });
    const listener = await open(handle, () => current);
    const path = isPython ? pathOf(python) : SYSTEM_PATH;
    const place: GuestPlace = { runtimeDir, path, listener: listener.address, token: listener.token };
    return {
      argv: isPython
        ? [python, join(runtimeDir, 'bootstrap.py')]
        : [join(setup?.taskRoot ?? '', 'bootstrap')],
      environment: startEnvironment(runtime, setup, place),
      channel: false,
      tagsLogs: isPython,
      connect: () => guest,
      abandon: () => guest.close(),
    };
  }

  return {
    canBeBlank: (runtime, environment = {}) => runtime !== 'provided.al2023' && fitsBooted(environment),
    prepare(runtime, memoryMb, setup) {
      return runtime === 'nodejs24.x' ? prepareNode(memoryMb, setup) : prepareHttp(runtime, setup);
    },
  };
}

function startEnvironment(
  runtime: RuntimeName,
  setup: Setup | null,
  place: GuestPlace,
): Record<string, string> {
  return setup === null ? bootEnvironment(runtime, place) : lambdaEnvironment(setup, place);
}

function pathOf(executable: string): string {
  return `${dirname(executable)}:${SYSTEM_PATH}`;
}

/**
 * V8's share of a function's memory, as Lambda divides it: nine tenths for old objects, a twentieth
 * for each half of the young ones.
 */
function heapFlags(memoryMb: number): string[] {
  const tenthMb = Math.floor(memoryMb / 10);
  return [
    `--max-semi-space-size=${Math.min(Math.floor(tenthMb / 2), 64)}`,
    `--max-old-space-size=${memoryMb - tenthMb}`,
  ];
}
