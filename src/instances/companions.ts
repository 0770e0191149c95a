/**
 * An instance and its extensions: how they start together, and how they end, one after the other.
 *
 *   init      every program of /opt/extensions starts and registers; then the runtime starts; then all of
 *             them ask for what is next. Together they have what a function's init has.
 *   shutdown  the runtime is asked to end, and ended; then the extensions are told why, and have the rest of
 *             two seconds to end by themselves. Without a program of their own they have 500 ms.
 *
 * An instance without extensions knows nothing of all this, and ends at once.
 */
import type { Clock } from '../base/index.ts';
import type { InstanceLog } from '../logs/index.ts';
import type {
  ExtensionFailure,
  Extensions,
  FunctionError,
  Prepared,
  ShutdownReason,
} from '../runtimes/index.ts';
import type { CompanionControl, Companions, Exit, Sandbox } from '../sandbox/index.ts';

/** AWS: a function with extensions of its own program, and with internal ones only; ms. */
const SHUTDOWN_MS = { external: 2_000, internal: 500 } as const;
/** What of that the runtime has; ms. */
const RUNTIME_MS = { external: 300, internal: 500 } as const;

/** The extensions of one instance, and the programs that they are. */
export interface Companionship {
  readonly extensions: Extensions;
  /** Null: none of them is a program. */
  readonly programs: {
    readonly control: CompanionControl;
    readonly log: InstanceLog;
    /** Whether the runtime has been started. */
    begun: boolean;
    /** Resolves when these have ended. */
    ended(indices: readonly number[]): Promise<void>;
  } | null;
  /** Closes what the extensions call; last of all. */
  close(): Promise<void>;
}

/** An extension kept an instance from starting, or ended it. */
export class ExtensionFailed extends Error {
  override readonly name = 'ExtensionFailed';
  readonly failure: ExtensionFailure;

  constructor(failure: ExtensionFailure) {
    super(`${failure.errorType}: ${failure.name}: ${failure.reason}`);
    this.failure = failure;
  }
}

export interface OpenedCompanions extends Companions {
  readonly log: InstanceLog;
}

/** A log of their own for the extensions, where they are programs. */
export async function openCompanions(
  { openLog }: { openLog: (instanceId: string) => Promise<InstanceLog> },
  instanceId: string,
  { companions }: Prepared,
): Promise<OpenedCompanions | null> {
  if (companions === null) return null;
  const log = await openLog(`${instanceId}${EXTENSIONS_LOG}`);
  return { ...companions, log, output: log.output };
}

/** What the log of an instance's extensions is called, after the instance. */
const EXTENSIONS_LOG = '+extensions';

export function keepCompany(
  { extensions, abandon }: Prepared,
  { companions }: Sandbox,
  opened: OpenedCompanions | null,
): Companionship {
  const close = abandon;
  if (companions === null || opened === null) return { extensions, programs: null, close };
  const gone = new Map<number, PromiseWithResolvers<void>>();
  const endOf = (index: number) => {
    const known = gone.get(index) ?? Promise.withResolvers<void>();
    gone.set(index, known);
    return known;
  };
  companions.onGone(({ index, status }) => {
    extensions.ended(index, status);
    endOf(index).resolve();
  });
  const ended = async (indices: readonly number[]) =>
    void (await Promise.all(indices.map((index) => endOf(index).promise)));
  return { extensions, programs: { control: companions, log: opened.log, begun: false, ended }, close };
}

/**
 * @param init of the runtime alone; called when it may start
 * @returns the runtime's own error, or null when all are ready
 * @throws {ExtensionFailed}
 */
export async function initialiseAll(
  { extensions, programs }: Companionship,
  init: () => Promise<FunctionError | null>,
): Promise<FunctionError | null> {
  const whole = async () => {
    await extensions.registered;
    if (programs !== null) {
      programs.begun = true;
      programs.control.begin();
    }
    const error = await init();
    if (error === null) await extensions.ready();
    return error;
  };
  const failed = extensions.failed.then((failure) => {
    throw new ExtensionFailed(failure);
  });
  const done = whole();
  done.catch(() => {}); // an extension's failure may have been first
  failed.catch(() => {});
  return await Promise.race([done, failed]);
}

/** Ends the main program of a sandbox that hung up. @returns how it ended */
export async function endMain(sandbox: Sandbox, graceMs: number, clock: Clock): Promise<Exit> {
  const { companions } = sandbox;
  if (companions === null) return await sandbox.stop(graceMs);
  companions.signal('SIGTERM');
  const timer = clock.after(graceMs, () => companions.signal('SIGKILL'));
  const exit = await sandbox.exited;
  timer.cancel();
  return exit;
}

export interface ShutdownOrder {
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  readonly reason: ShutdownReason;
  /** Brings out what was told and is on its way to them; bounded in time by whoever does. */
  flush?(): Promise<unknown>;
}

/** The last phase of an instance's life, before its sandbox is stopped. */
export async function shutDown({ extensions, programs }: Companionship, order: ShutdownOrder): Promise<void> {
  if (!extensions.any) return;
  const { sandbox, clock, reason } = order;
  const untilMs = clock.nowMs() + SHUTDOWN_MS[programs === null ? 'internal' : 'external'];
  extensions.beginEnding();
  sandbox.thaw();
  if (programs === null) return void (await sandbox.stop(SHUTDOWN_MS.internal));
  const hasInternal = [...extensions.all()].some(({ isExternal }) => !isExternal);
  programs.control.signal('SIGTERM');
  const runtimeEnded = programs.begun ? sandbox.exited : null;
  const runtimeMs = RUNTIME_MS[hasInternal ? 'internal' : 'external'];
  await atMost(clock, runtimeMs, Promise.all([runtimeEnded, order.flush?.()]));
  programs.control.signal('SIGKILL');
  const leftMs = () => Math.max(0, untilMs - clock.nowMs());
  const told = extensions.shutDown(reason, clock.wallMs() + leftMs());
  await atMost(clock, leftMs(), programs.ended(told));
}

async function atMost(clock: Clock, limitMs: number, promise: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = clock.after(limitMs, late.resolve);
  await Promise.race([promise, late.promise]);
  timer.cancel();
}
