/**
 * One instance: a sandbox with a function's code in it, and the guest that speaks for that code.
 *
 * Owns   the pairing of the two: what an answer, an exit or a silence means.
 * Never  knows who leases it or how long it may live: that is the pool's.
 */
import type { Clock } from '../base/index.ts';
import type { InstanceLog } from '../logs/index.ts';
import type { UsageRecord, Version } from '../model/index.ts';
import {
  type ExtensionFailure,
  type FunctionError,
  type Guest,
  GuestGone,
  NotBegun,
  type ShutdownReason,
  type Work,
} from '../runtimes/index.ts';
import type { Exit, Sandbox } from '../sandbox/index.ts';
import { type Companionship, endMain, shutDown } from './companions.ts';
import type { RunResult, TailEnd } from './run-result.ts';
import { invokeTelling } from './telling.ts';

/** Where the time of a start went, ms. */
export interface StartPhases {
  /** Getting a process: next to nothing when a blank one was ready. */
  readonly sandboxMs: number;
  /** The runtime's own boot: nothing when a blank one was ready. */
  readonly runtimeMs: number;
  /** The user's init, from a process that waits for code to one that waits for an event. */
  readonly initMs: number;
  /** The part of it that brought the code: limits, links; next to nothing where the process was started with it. */
  readonly placeMs: number;
  /** The part of it that loaded the handler's module, compiling and running it; null: the runtime does not tell. */
  readonly loadMs: number | null;
  /** Whether it was loaded from what an earlier instance had compiled. */
  readonly compiled: boolean;
  readonly blank: boolean;
}

/** The start of an instance came to nothing because of the function's own code. */
export class InitFailure extends Error {
  override readonly name = 'InitFailure';
  readonly why:
    | { readonly kind: 'error'; readonly error: FunctionError }
    | { readonly kind: 'exit'; readonly exit: Exit }
    | { readonly kind: 'extension'; readonly failure: ExtensionFailure }
    | { readonly kind: 'timeout'; readonly afterMs: number };
  readonly phases: StartPhases;
  readonly instanceId: string;
  readonly maxMemoryMb: number;

  constructor(
    why: InitFailure['why'],
    facts: { phases: StartPhases; instanceId: string; maxMemoryMb: number },
  ) {
    super(`init failed: ${why.kind}`);
    this.why = why;
    this.phases = facts.phases;
    this.instanceId = facts.instanceId;
    this.maxMemoryMb = facts.maxMemoryMb;
  }
}

export interface Instance {
  readonly id: string;
  readonly version: Version;
  readonly phases: StartPhases;
  /** Whether it can run another invocation. False before its exit is known: its runtime has hung up, or is about to. */
  readonly open: boolean;
  /** Resolves as soon as its process has ended, for whatever reason. */
  readonly exited: Promise<unknown>;
  /** One at a time. Rejects for a bug in the guest only. After `timeout`, `exit` and `not-begun` the instance is of no more use. */
  run(work: Work, timeoutMs: number): Promise<RunResult>;
  /**
   * Null when an invocation is over with its answer; else resolves when the runtime and all extensions have asked
   * what is next. After anything but `done` the instance is of no more use.
   */
  tail(limitMs: number): Promise<TailEnd> | null;
  /** An invocation is over and has been counted. */
  recorded(record: UsageRecord): void;
  /** How the process ended, once a stream broke off; ends the process if it has not. */
  exitOf(): Promise<Exit>;
  /** Null when it can be leased again at once; else resolves when its log has been read to the end. */
  settle(requestId: string): Promise<void> | null;
  peakMemoryMb(): number;
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export interface InstanceParts {
  readonly version: Version;
  readonly phases: StartPhases;
  readonly sandbox: Sandbox;
  readonly guest: Guest;
  readonly log: InstanceLog;
  readonly tagsLogs: boolean;
  readonly company: Companionship;
  readonly clock: Clock;
}

export function createInstance(parts: InstanceParts): Instance {
  const { version, phases, sandbox, guest, log, tagsLogs, company, clock } = parts;
  const { extensions, programs } = company;
  const { telemetry } = log;
  const telling = invokeTelling(telemetry, version, clock);
  let reason: ShutdownReason = 'spindown';
  let stopping: Promise<void> | null = null;
  /** Told when an extension or the runtime ends what is going on. */
  let onEnd: (end: Extract<TailEnd, { kind: 'exit' | 'extension' }>) => void = () => {};

  const exitOf = () => exitAfterSilence(sandbox, clock);
  const stop = () => {
    stopping ??= ending();
    return stopping;
  };
  async function ending(): Promise<void> {
    await shutDown(company, { sandbox, clock, reason, flush: () => telemetry.flush() });
    await sandbox.stop(0);
    await guest.close();
    await company.close();
    telemetry.end();
  }
  void extensions.failed.then((failure) => {
    reason = 'failure';
    onEnd({ kind: 'extension', failure });
    void stop();
  });
  if (programs !== null) {
    void sandbox.exited.then((exit) => {
      if (stopping === null) reason = 'failure';
      onEnd({ kind: 'exit', exit });
      void stop();
    });
  }

  return {
    id: sandbox.id,
    version,
    phases,
    get open() {
      return guest.open && extensions.failure === null && stopping === null;
    },
    exited: programs === null ? sandbox.exited : sandbox.gone,
    run(work, timeoutMs) {
      if (!tagsLogs) log.begin(work.requestId);
      if (extensions.any) {
        telling.start(work);
        extensions.begin(work);
      }
      return new Promise((settle, reject) => {
        const resolve = (result: RunResult) => {
          if (telemetry.active)
            telling.answered(result, result.kind === 'result' ? result.payload.length : 0);
          settle(result);
        };
        const timer = clock.after(timeoutMs, () => resolve({ kind: 'timeout' }));
        onEnd = (end) => {
          if (end.kind === 'exit') return; // the guest says so, after its last words
          timer.cancel();
          resolve(end);
        };
        guest.invoke(work).then(
          (answer) => {
            timer.cancel();
            resolve(answer);
          },
          (error: unknown) => {
            timer.cancel();
            if (error instanceof NotBegun) resolve({ kind: 'not-begun' });
            else if (error instanceof GuestGone) exitOf().then((exit) => resolve({ kind: 'exit', exit }));
            else reject(error); // a bug in the guest: let it be seen
          },
        );
      });
    },
    tail(limitMs) {
      if (!extensions.any) return null;
      const { promise, resolve } = Promise.withResolvers<TailEnd>();
      const timer = clock.after(limitMs, () => resolve({ kind: 'timeout' }));
      onEnd = resolve;
      if (extensions.failure !== null) resolve({ kind: 'extension', failure: extensions.failure });
      const ready = guest.ready();
      if (ready === null) telling.runtimeDone();
      else void ready.then(() => telling.runtimeDone());
      void Promise.all([ready, extensions.settled()]).then(() => resolve({ kind: 'done' }));
      return promise.finally(() => timer.cancel());
    },
    recorded(record) {
      const { outcome } = record;
      if (telemetry.active) {
        telling.runtimeDone(); // which it had not said it was
        telling.report(record);
      }
      if (outcome === 'timeout') reason = 'timeout';
      else if (outcome === 'crash') reason = 'failure';
    },
    exitOf,
    settle: (requestId) => (tagsLogs ? null : log.settle(requestId)),
    peakMemoryMb: () => sandbox.peakMemoryMb(),
    freeze() {
      telemetry.pause(true);
      sandbox.freeze();
    },
    thaw() {
      sandbox.thaw();
      telemetry.pause(false);
    },
    stop,
  };
}

/** A guest that hung up usually ends by itself, and then its own exit is the news; if not, it is ended. */
async function exitAfterSilence(sandbox: Sandbox, clock: Clock): Promise<Exit> {
  const patience = new Promise<null>((resolve) => setImmediate(() => setImmediate(() => resolve(null))));
  return (await Promise.race([sandbox.exited, patience])) ?? (await endMain(sandbox, HANGUP_GRACE_MS, clock));
}

/** How long a process may take to end after it hung up, before it is killed, in ms. */
const HANGUP_GRACE_MS = 200;
