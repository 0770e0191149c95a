/**
 * The runtimes of this node: how the process of a function is started, and how to talk to it.
 */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RuntimeFamily, type RuntimeName, runtimeParts } from '../model/index.ts';
import type { Prepared, Runtimes, Setup, TelemetryDesk } from './guest.ts';
import { CallingGuest } from './lambda/calling-guest.ts';
import { EitherGuest } from './lambda/either-guest.ts';
import {
  bootEnvironment,
  CHANNEL_VARIABLE,
  fitsBooted,
  type GuestPlace,
  lambdaEnvironment,
  OPT_ROOT,
  RUNTIME_ONLY,
} from './lambda/environment.ts';
import { Extensions } from './lambda/extensions/extensions.ts';
import { extensionsApi } from './lambda/extensions/extensions-api.ts';
import type { GuestCredentials, GuestDeskOptions, GuestDoor } from './lambda/guest-desk.ts';
import { loopbackDoor } from './lambda/guest-listener.ts';
import { HttpGuest } from './lambda/http-guest.ts';
import { NodeGuest } from './lambda/node-guest.ts';
import { type Launch, type LaunchOptions, launchOf } from './launch.ts';

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
  type TelemetryDesk,
  type Work,
} from './guest.ts';
export { StreamBroken } from './lambda/answer-stream.ts';
export type { ExtensionFailure, Extensions, ShutdownReason } from './lambda/extensions/extensions.ts';
export type { GuestCredentials, GuestDoor } from './lambda/guest-desk.ts';
export { openGuestDoor } from './lambda/guest-door.ts';
export type { GuestProgram } from './launch.ts';

export interface RuntimesOptions extends LaunchOptions {
  /** How instances reach this node; by default each at a loopback port of its own. */
  readonly door?: GuestDoor;
  /** Whether a process can be given its channel; else its guest calls for it. Default: it can. */
  readonly hasChannels?: boolean;
  /** Fresh credentials of the role of the function that an instance was given. */
  credentials(setup: Setup): Promise<GuestCredentials> | GuestCredentials;
  /** Takes what a function's code asks its node (AWS's APIs, other functions); false: neither. Default: neither. */
  call?(setup: Setup, request: IncomingMessage, response: ServerResponse): boolean;
}

/** The runtimes whose process is ours, and can wait for its code. */
const OURS: ReadonlySet<RuntimeFamily> = new Set(['nodejs', 'python']);

/** @returns the runtimes; nothing is started until one is prepared */
export function createRuntimes(options: RuntimesOptions): Runtimes {
  return {
    canBeBlank: (runtime, environment = {}) =>
      OURS.has(runtimeParts(runtime).family) && fitsBooted(environment),
    async prepare(runtime, memoryMb, setup) {
      const launch = launchOf(options, { runtime, memoryMb, setup });
      const order = { runtime, setup, launch, family: runtimeParts(runtime).family };
      return order.family === 'nodejs'
        ? await prepareNode(options, order)
        : await prepareHttp(options, order);
    },
  };
}

interface Order {
  readonly runtime: RuntimeName;
  readonly family: RuntimeFamily;
  readonly launch: Launch;
  readonly setup: Setup | null;
}

/** The listener of one instance; its credentials are those of the function that it is given. */
async function openPlace(options: RuntimesOptions, { launch, setup: given }: Order) {
  let current = null as Setup | null;
  let handle: GuestDeskOptions['handle'] = () => false;
  let claimChannel: GuestDeskOptions['claimChannel'] = () => null;
  let telemetry: TelemetryDesk | null = null;
  let from: string | null = null;
  const extensions = new Extensions(given?.opt?.extensions ?? []);
  const api = extensionsApi({
    extensions,
    facts: () => current,
    subscribe: (request) =>
      telemetry?.subscribe({ ...request, address: from }) ?? { status: 202, body: NO_TELEMETRY[request.api] },
  });
  const listener = await (options.door ?? loopbackDoor()).open({
    credentials: () => (current === null ? null : options.credentials(current)),
    handle: (request, response, hasToken) => api(request, response) || handle(request, response, hasToken),
    claimChannel: () => claimChannel?.() ?? null,
    call: (...asked) => current !== null && (options.call?.(current, ...asked) ?? false),
  });
  const { runtimeDir, path, libraries = null } = launch;
  const place: GuestPlace = {
    runtimeDir,
    path,
    libraries,
    listener: listener.address,
    token: listener.token,
  };
  return {
    place,
    extensions,
    onAddress(address: string | null) {
      from = address;
      listener.onAddress(address);
    },
    attach(desk: TelemetryDesk) {
      telemetry = desk;
    },
    close: () => listener.close(),
    serve(guest: HttpGuest) {
      handle = (...request) => guest.handle(...request);
    },
    /** The guest will call for its channel. @returns what tells it where */
    awaitCall(guest: CallingGuest) {
      claimChannel = () => guest.claim();
      return { [CHANNEL_VARIABLE]: `${listener.token}@${listener.address}` };
    },
    environmentOf(setup: Setup) {
      current = setup;
      return lambdaEnvironment(setup, place);
    },
  };
}

/** What AWS answers where there is no such thing, as on a developer's machine. */
const NO_TELEMETRY = {
  logs: { errorType: 'Logs.NotSupported', errorMessage: 'Logs API is not supported' },
  telemetry: { errorType: 'Telemetry.NotSupported', errorMessage: 'Telemetry API is not supported' },
} as const;

async function prepareNode(options: RuntimesOptions, order: Order): Promise<Prepared> {
  const { runtime, setup } = order;
  const opened = await openPlace(options, order);
  const { environmentOf } = opened;
  const close = closing(order, opened);
  const converse = (channel: Duplex) => new NodeGuest({ channel, setup, environmentOf, onClose: close });
  const calling = options.hasChannels === false ? new CallingGuest({ converse, onClose: close }) : null;
  return {
    ...commonOf(order, opened),
    environment: {
      ...(setup === null ? bootEnvironment(runtime, opened.place) : environmentOf(setup)),
      ...(calling && opened.awaitCall(calling)),
    },
    channel: calling === null,
    hearsEnd: true,
    tagsLogs: true,
    connect(channel) {
      assert(calling !== null || channel !== null, 'the Node.js runtime needs its channel');
      const frames = calling ?? converse(channel as Duplex);
      if (!couldBeAnother(setup)) return frames;
      const http = new HttpGuest({ setup, asksForSetup: false, environmentOf, onClose: close });
      opened.serve(http);
      return new EitherGuest(frames, http);
    },
    async abandon() {
      await calling?.close();
      await opened.close();
    },
  };
}

async function prepareHttp(options: RuntimesOptions, order: Order): Promise<Prepared> {
  const { runtime, setup } = order;
  const isOurs = OURS.has(order.family) && !setup?.image;
  const opened = await openPlace(options, order);
  const { environmentOf } = opened;
  const asksForSetup = isOurs && couldBeAnother(setup) ? 'maybe' : isOurs;
  const guest = new HttpGuest({ setup, asksForSetup, environmentOf, onClose: closing(order, opened) });
  opened.serve(guest);
  return {
    ...commonOf(order, opened),
    environment: setup === null ? bootEnvironment(runtime, opened.place) : environmentOf(setup),
    channel: false,
    hearsEnd: false,
    tagsLogs: isOurs,
    connect: () => guest,
    async abandon() {
      await guest.close();
      await opened.close();
    },
  };
}

/** What the end of a runtime closes: extensions that outlive it still call their node. */
function closing({ setup }: Order, opened: Awaited<ReturnType<typeof openPlace>>): () => Promise<void> {
  return (setup?.opt?.extensions.length ?? 0) > 0 ? async () => {} : () => opened.close();
}

/** Whether what was started as a runtime of ours may be another program when it asks for work. */
function couldBeAnother(setup: Setup | null): boolean {
  return setup !== null && (wrapperOf(setup) !== null || (setup.opt?.extensions.length ?? 0) > 0);
}

function commonOf({ launch, family, setup }: Order, opened: Awaited<ReturnType<typeof openPlace>>) {
  const { extensions, onAddress, attach } = opened;
  const root = setup?.opt?.root ?? OPT_ROOT;
  const programs = setup?.opt?.extensions.map(({ name }) => `${root}/extensions/${name}`) ?? [];
  return {
    argv: family === 'provided' ? launch.argv : wrapped(launch.argv, setup),
    companions: programs.length === 0 ? null : { programs, hidden: RUNTIME_ONLY },
    ...{ extensions, onAddress, attach },
  };
}

/** The function's own script that starts the runtime, as the code sees it; null: none. */
function wrapperOf({ environment, opt = null }: Setup): string | null {
  const path = environment.AWS_LAMBDA_EXEC_WRAPPER;
  if (path === undefined || path === '') return null;
  const root = opt?.root ?? OPT_ROOT;
  return path.startsWith(`${OPT_ROOT}/`) ? root + path.slice(OPT_ROOT.length) : path;
}

/** In the folder of the code. A script that is not there is the function's mistake: the shell says so, and ends with 127. */
function wrapped(argv: readonly string[], setup: Setup | null): readonly string[] {
  const wrapper = setup === null || setup.image ? null : wrapperOf(setup);
  return wrapper === null
    ? argv
    : ['/bin/sh', '-c', 'cd "$LAMBDA_TASK_ROOT"; exec "$@"', 'sh', wrapper, ...argv];
}
