/**
 * One instance: a sandbox with a function's code in it, and the guest that speaks for that code.
 *
 * Owns   the pairing of the two: what an answer, an exit or a silence means.
 * Never  knows who leases it or how long it may live: that is the pool's.
 */
import type { Clock } from '../base/index.ts';
import type { InstanceLog } from '../logs/index.ts';
import type { Version } from '../model/index.ts';
import {
  type Answer,
  type FunctionError,
  type Guest,
  GuestGone,
  NotBegun,
  type Work,
} from '../runtimes/index.ts';
import type { Exit, Sandbox } from '../sandbox/index.ts';

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

export type RunResult =
  | Answer
  | { readonly kind: 'exit'; readonly exit: Exit }
  | { readonly kind: 'timeout' }
  /** The process was ending already when the work came: no code of the function has seen it. */
  | { readonly kind: 'not-begun' };

/** The start of an instance came to nothing because of the function's own code. */
export class InitFailure extends Error {
  override readonly name = 'InitFailure';
  readonly why:
    | { readonly kind: 'error'; readonly error: FunctionError }
    | { readonly kind: 'exit'; readonly exit: Exit }
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
  readonly clock: Clock;
}

export function createInstance({
  version,
  phases,
  sandbox,
  guest,
  log,
  tagsLogs,
  clock,
}: InstanceParts): Instance {
  const exitOf = () => exitAfterSilence(sandbox);
  return {
    id: sandbox.id,
    version,
    phases,
    get open() {
      return guest.open;
    },
    exited: sandbox.exited,
    run(work, timeoutMs) {
      if (!tagsLogs) log.begin(work.requestId);
      return new Promise((resolve, reject) => {
        const timer = clock.after(timeoutMs, () => resolve({ kind: 'timeout' }));
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
    exitOf,
    settle: (requestId) => (tagsLogs ? null : log.settle(requestId)),
    peakMemoryMb: () => sandbox.peakMemoryMb(),
    freeze: () => sandbox.freeze(),
    thaw: () => sandbox.thaw(),
    async stop() {
      await sandbox.stop(0);
      await guest.close();
    },
  };
}

/** A guest that hung up usually ends by itself, and then its own exit is the news; if not, it is ended. */
async function exitAfterSilence(sandbox: Sandbox): Promise<Exit> {
  const patience = new Promise<null>((resolve) => setImmediate(() => setImmediate(() => resolve(null))));
  return (await Promise.race([sandbox.exited, patience])) ?? (await sandbox.stop(HANGUP_GRACE_MS));
}

/** How long a process may take to end after it hung up, before it is killed, in ms. */
const HANGUP_GRACE_MS = 200;
