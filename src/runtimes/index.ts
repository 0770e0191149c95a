/**
 * The runtimes of this node: how the process of a function is started, and how to talk to it.
 */
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { Fault } from '../base/index.ts';
import type { Prepared, Runtimes, Setup } from './guest.ts';
import { bootEnvironment, fitsBooted, type GuestPlace, lambdaEnvironment } from './lambda/environment.ts';
import type { GuestCredentials, GuestDeskOptions, GuestDoor } from './lambda/guest-desk.ts';
import { loopbackDoor } from './lambda/guest-listener.ts';
import { HttpGuest } from './lambda/http-guest.ts';
import { NodeGuest } from './lambda/node-guest.ts';

export {
  type Answer,
  type CompileCache,
  type CompiledFile,
  type FunctionError,
  type Guest,
  GuestGone,
  NotBegun,
  type Prepared,
  type Runtimes,
  type Setup,
  type Work,
} from './guest.ts';
export type { GuestCredentials, GuestDoor } from './lambda/guest-desk.ts';
export { openGuestDoor } from './lambda/guest-door.ts';

export interface RuntimesOptions {
  /** The Node.js that runs functions, as sandboxed code finds it. */
  readonly nodePath: string;
  /** A Python 3.11 (the interpreter itself, no shim), or null when the machine has none. */
  readonly pythonPath: string | null;
  /** The folder `guest/` of this installation, as sandboxed code finds it. */
  readonly guestDir: string;
  /** How instances reach this node; by default each at a loopback port of its own. */
  readonly door?: GuestDoor;
  /** Fresh credentials of the role of the function that an instance was given. */
  credentials(setup: Setup): Promise<GuestCredentials> | GuestCredentials;
}

const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/opt/bin';

/** @returns the runtimes; nothing is started until one is prepared */
export function createRuntimes(options: RuntimesOptions): Runtimes {
  return {
    canBeBlank: (runtime, environment = {}) => runtime !== 'provided.al2023' && fitsBooted(environment),
    prepare(runtime, memoryMb, setup) {
      return runtime === 'nodejs24.x'
        ? prepareNode(options, memoryMb, setup)
        : prepareHttp(options, runtime, setup);
    },
  };
}

/** The listener of one instance; its credentials are those of the function that it is given. */
async function openPlace(options: RuntimesOptions, runtimeDir: string, path: string) {
  let current = null as Setup | null;
  let handle: GuestDeskOptions['handle'] = () => false;
  const listener = await (options.door ?? loopbackDoor()).open({
    credentials: () => (current === null ? null : options.credentials(current)),
    handle: (...request) => handle(...request),
  });
  const place: GuestPlace = { runtimeDir, path, listener: listener.address, token: listener.token };
  return {
    place,
    onAddress: (address: string | null) => listener.onAddress(address),
    close: () => listener.close(),
    serve(guest: HttpGuest) {
      handle = (...request) => guest.handle(...request);
    },
    environmentOf(setup: Setup) {
      current = setup;
      return lambdaEnvironment(setup, place);
    },
  };
}

async function prepareNode(
  options: RuntimesOptions,
  memoryMb: number,
  setup: Setup | null,
): Promise<Prepared> {
  const runtimeDir = join(options.guestDir, 'node');
  const { place, onAddress, environmentOf, close } = await openPlace(
    options,
    runtimeDir,
    pathOf(options.nodePath),
  );
  return {
    argv: [options.nodePath, ...heapFlags(memoryMb), join(runtimeDir, 'bootstrap.cjs')],
    environment: setup === null ? bootEnvironment('nodejs24.x', place) : environmentOf(setup),
    channel: true,
    tagsLogs: true,
    connect(channel) {
      assert(channel !== null, 'the Node.js runtime needs its channel');
      return new NodeGuest({ channel, setup, environmentOf, onClose: close });
    },
    onAddress,
    abandon: close,
  };
}

async function prepareHttp(
  options: RuntimesOptions,
  runtime: 'python3.11' | 'provided.al2023',
  setup: Setup | null,
): Promise<Prepared> {
  const isPython = runtime === 'python3.11';
  const { argv, path, runtimeDir } = isPython ? pythonOf(options) : bootstrapOf(setup);
  const { place, onAddress, serve, environmentOf, close } = await openPlace(options, runtimeDir, path);
  const guest = new HttpGuest({ setup, asksForSetup: isPython, environmentOf, onClose: close });
  serve(guest);
  return {
    argv,
    environment: setup === null ? bootEnvironment(runtime, place) : environmentOf(setup),
    channel: false,
    tagsLogs: isPython,
    connect: () => guest,
    onAddress,
    abandon: () => guest.close(),
  };
}

function pythonOf(options: RuntimesOptions) {
  const { pythonPath } = options;
  if (pythonPath === null) {
    const message = 'python3.11 was not found on this machine; install Python 3.11 and restart the node';
    throw new Fault('runtime-unavailable', message, { facts: { runtime: 'python3.11' } });
  }
  const runtimeDir = join(options.guestDir, 'python');
  return { argv: [pythonPath, join(runtimeDir, 'bootstrap.py')], path: pathOf(pythonPath), runtimeDir };
}

function bootstrapOf(setup: Setup | null) {
  assert(setup !== null, 'a bootstrap cannot be started without its code');
  return { argv: [join(setup.taskRoot, 'bootstrap')], path: SYSTEM_PATH, runtimeDir: '/var/runtime' };
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
