/**
 * The one door. Every way of running code is `Invoker.invoke`.
 *
 *   1. resolve   name and qualifier → a version, in the registry's snapshot
 *   2. admit     concurrency limits; above them the caller is refused at once
 *   3. lease     an instance from the fleet, waiting if it must (and its turn, see turns.ts)
 *   4. run       deliver the event, keep the deadline, tell what came of it
 *
 * and then release and record. Nothing on this path touches the database or the disk. What a
 * function does wrong is a result; what the platform refuses is a thrown fault. Every attempt,
 * refused ones included, leaves one usage record.
 */
import { type Clock, Fault } from '../base/index.ts';
import { type Fleet, InitFailure, type Lease, type RunResult } from '../instances/index.ts';
import {
  type FunctionEntry,
  functionArn,
  LIMITS,
  LIVE,
  type UsageRecord,
  type Version,
} from '../model/index.ts';
import type { Snapshot } from '../registry/index.ts';
import type { Answer } from '../runtimes/index.ts';
import { Admission } from './admission.ts';
import { exited, type Failure, initFailed, timedOut } from './failures.ts';
import type { Invocation, InvokeResult, Report } from './invocation.ts';
import { Turns } from './turns.ts';

export interface InvokerParts {
  readonly registry: { current(): Snapshot };
  readonly fleet: Pick<Fleet, 'lease'>;
  readonly record: (record: UsageRecord) => void;
  readonly clock: Clock;
  readonly accountConcurrency: number;
  /** Processors of this machine: twice as many invocations are handed out in one instant, 4 at least. */
  readonly processors: number;
}

export interface Invoker {
  /**
   * Runs a function once.
   *
   * @param signal gives up waiting for an instance; code that runs is not interrupted, as on AWS
   * @throws {Fault} `function-not-found`, `version-not-found`, `payload-too-large`,
   *   `concurrency-exceeded`, `start-rate-exceeded`, `no-capacity`, `queue-timeout`, `sandbox-failed`, …
   */
  invoke(invocation: Invocation, signal: AbortSignal | null): Promise<InvokeResult>;
  /** To be called when the sum of all reserved concurrency has changed. */
  setReserved(total: number): void;
}

/** One attempt on its way. */
interface Attempt {
  readonly invocation: Invocation;
  readonly entry: FunctionEntry;
  readonly version: Version;
  readonly alias: string | null;
  readonly arrivedMs: number;
}

/** Characters of an errorType in a record: it is the function's own word, and could be any length. */
const MAX_ERROR_TYPE = 256;
/** Instances that may turn out to be ending, one after the other, before an invocation fails for it. */
const MAX_OTHERS = 3;

export function createInvoker(parts: InvokerParts): Invoker {
  const admission = new Admission(parts.accountConcurrency);
  const turns = turnsByVersion(parts);
  return {
    setReserved: (total) => admission.setReserved(total),
    async invoke(invocation, signal) {
      const attempt = resolve(parts, invocation);
      const { name, reserved } = attempt.entry;
      try {
        admission.enter(name, reserved);
      } catch (fault) {
        recordRefusal(parts, attempt, 'throttled');
        throw fault;
      }
      try {
        return await hand(parts, turns, { attempt, signal, leave: () => admission.leave(name, reserved) });
      } catch (error) {
        admission.leave(name, reserved);
        throw error;
      }
    },
  };
}

/** Each version has its own, so that no function waits for another's crowd. */
function turnsByVersion({ clock, processors }: InvokerParts): (version: Version) => Turns {
  const all = new WeakMap<Version, Turns>();
  return (version) => {
    let turns = all.get(version);
    if (turns === undefined) {
      turns = new Turns(clock, Math.max(4, 2 * processors));
      all.set(version, turns);
    }
    return turns;
  };
}

interface Admitted {
  readonly attempt: Attempt;
  readonly signal: AbortSignal | null;
  /** Counts the invocation out again; called once, when its instance is free. */
  readonly leave: () => void;
}

/** Gives an admitted invocation to an instance, and to another if the first turns out to be ending. */
async function hand(
  parts: InvokerParts,
  turns: (version: Version) => Turns,
  { attempt, signal, leave }: Admitted,
): Promise<InvokeResult> {
  for (let others = MAX_OTHERS; ; others--) {
    const taken = turns(attempt.version).take();
    const turn = taken instanceof Promise ? await taken : taken;
    let lease: Lease | null = null;
    try {
      lease = await parts.fleet.lease(attempt.version, signal);
      const run = new Run(parts, attempt, { lease, leave });
      const result = await lease.instance.run(run.work(), attempt.version.config.timeoutMs);
      if (result.kind !== 'not-begun' || others === 0) return run.conclude(result);
      lease.release('discard');
    } catch (error) {
      lease?.release('discard'); // a bug in the guest: the instance cannot be trusted
      const failed = leaseFailed(parts, { ...attempt, cancelled: signal?.aborted === true }, error);
      leave();
      return failed;
    } finally {
      turn.end();
    }
  }
}

/** @throws {Fault} when the snapshot has no such function, alias or version, or the event is too large */
function resolve({ registry, clock }: InvokerParts, invocation: Invocation): Attempt {
  const { functionName, qualifier, event } = invocation;
  const entry = registry.current().functions.get(functionName);
  if (entry === undefined) {
    throw new Fault(
      'function-not-found',
      `There is no function "${functionName}" here. "skein list" shows the functions of this node.`,
      {
        facts: { functionName },
      },
    );
  }
  const wanted = qualifier ?? LIVE;
  const byAlias = entry.aliases.get(wanted);
  const version = entry.versions.get(byAlias ?? (/^[1-9]\d{0,8}$/.test(wanted) ? Number(wanted) : -1));
  if (version === undefined) {
    const message = `Function "${functionName}" has no version or alias "${wanted}". "skein versions ${functionName}" shows what is kept.`;
    throw new Fault('version-not-found', message, { facts: { functionName, qualifier: wanted } });
  }
  const bytes = typeof event === 'string' ? Buffer.byteLength(event) : event.byteLength;
  if (bytes > LIMITS.eventBytes) {
    const message = `The event is ${bytes} bytes; an invocation takes at most ${LIMITS.eventBytes}.`;
    throw new Fault('payload-too-large', message, { facts: { bytes, maxBytes: LIMITS.eventBytes } });
  }
  return {
    invocation,
    entry,
    version,
    alias: byAlias === undefined ? null : wanted,
    arrivedMs: clock.nowMs(),
  };
}

/** Nobody's instance: the function could not initialise, or the platform had no place for it. */
function leaseFailed(
  parts: InvokerParts,
  attempt: Attempt & { readonly cancelled: boolean },
  error: unknown,
): InvokeResult {
  if (!(error instanceof InitFailure)) {
    const refused = error instanceof Fault && error.blame === 'caller';
    recordRefusal(parts, attempt, refused ? 'throttled' : attempt.cancelled ? 'cancelled' : 'unavailable');
    throw error;
  }
  const { version, invocation } = attempt;
  const failure = initFailed(invocation.requestId, error);
  const initMs = hundredths(error.phases.runtimeMs + error.phases.initMs);
  const report: Report = {
    outcome: failure.outcome,
    durationMs: 0,
    billedMs: Math.ceil(initMs),
    initMs,
    memoryMb: version.config.memoryMb,
    maxMemoryMb: error.maxMemoryMb,
    queuedMs: hundredths(Math.max(0, parts.clock.nowMs() - attempt.arrivedMs - initMs)),
    phases: error.phases,
  };
  parts.record(
    usage(attempt, report, {
      instanceId: error.instanceId,
      errorType: failure.errorType,
      startedAtMs: parts.clock.wallMs(),
    }),
  );
  return { kind: 'error', executedVersion: version.version, ...failure, report };
}

/** One invocation on one instance, from its event to its record. */
class Run {
  readonly #parts: InvokerParts;
  readonly #attempt: Attempt;
  readonly #lease: Lease;
  readonly #leave: () => void;
  readonly #startedMs: number;
  readonly #startedAtMs: number;

  constructor(parts: InvokerParts, attempt: Attempt, { lease, leave }: { lease: Lease; leave: () => void }) {
    this.#parts = parts;
    this.#attempt = attempt;
    this.#lease = lease;
    this.#leave = leave;
    this.#startedMs = parts.clock.nowMs();
    this.#startedAtMs = parts.clock.wallMs();
  }

  work(): Parameters<Lease['instance']['run']>[0] {
    const { invocation, version } = this.#attempt;
    const { requestId, event, traceId, clientContext, functionName, qualifier } = invocation;
    return {
      requestId,
      event,
      deadlineMs: Math.floor(this.#startedAtMs + version.config.timeoutMs),
      functionArn: functionArn(functionName, qualifier ?? undefined),
      traceId,
      clientContext,
    };
  }

  conclude(result: RunResult): InvokeResult {
    const executedVersion = this.#attempt.version.version;
    if (result.kind === 'stream') return this.#stream(result);
    if (result.kind === 'result') {
      return { kind: 'result', executedVersion, payload: result.payload, report: this.#finish(null) };
    }
    const failure = this.#failureOf(result);
    return { kind: 'error', executedVersion, ...failure, report: this.#finish(failure) };
  }

  #failureOf(result: Exclude<RunResult, { kind: 'result' | 'stream' }>): Failure {
    const { requestId } = this.#attempt.invocation;
    if (result.kind === 'timeout') return timedOut(requestId, this.#attempt.version.config.timeoutMs);
    if (result.kind === 'exit') return exited(requestId, result.exit);
    if (result.kind === 'not-begun')
      return exited(requestId, { code: null, signal: null, outOfMemory: false });
    return { outcome: 'error', errorType: result.error.errorType, payload: result.error.payload };
  }

  /** The caller reads while the function still writes; the instance is free when the function is done. */
  #stream(answer: Extract<Answer, { kind: 'stream' }>): InvokeResult {
    const { body } = answer;
    const report = this.#endOf(answer).then((failure) => {
      if (failure !== null) body.destroy(new Error(failure.errorType));
      return this.#finish(failure);
    });
    return {
      kind: 'stream',
      executedVersion: this.#attempt.version.version,
      contentType: answer.contentType,
      body,
      report,
    };
  }

  async #endOf(answer: Extract<Answer, { kind: 'stream' }>): Promise<Failure | null> {
    const { clock } = this.#parts;
    const { requestId } = this.#attempt.invocation;
    const { timeoutMs } = this.#attempt.version.config;
    const late = Promise.withResolvers<Failure>();
    const timer = clock.after(this.#startedMs + timeoutMs - clock.nowMs(), () =>
      late.resolve(timedOut(requestId, timeoutMs)),
    );
    try {
      return await Promise.race([this.#ended(answer), late.promise]);
    } finally {
      timer.cancel();
    }
  }

  async #ended(answer: Extract<Answer, { kind: 'stream' }>): Promise<Failure | null> {
    try {
      const error = await answer.ended;
      return error === null ? null : { outcome: 'error', errorType: error.errorType, payload: error.payload };
    } catch {
      return exited(this.#attempt.invocation.requestId, await this.#lease.instance.exitOf());
    }
  }

  /** Frees the instance and records what it did. */
  #finish(failure: Failure | null): Report {
    const { version, arrivedMs, invocation } = this.#attempt;
    const { instance, coldStart } = this.#lease;
    const { outcome, errorType } = failure ?? { outcome: 'ok' as const, errorType: null };
    const tookMs = this.#parts.clock.nowMs() - this.#startedMs;
    // A timer fires late, above all on a busy machine: that is not the function's to pay.
    const durationMs = hundredths(
      outcome === 'timeout' ? Math.min(tookMs, version.config.timeoutMs) : tookMs,
    );
    const initMs = coldStart === null ? null : hundredths(coldStart.runtimeMs + coldStart.initMs);
    const report: Report = {
      outcome,
      durationMs,
      billedMs: Math.ceil(durationMs + (initMs ?? 0)),
      initMs,
      memoryMb: version.config.memoryMb,
      maxMemoryMb: instance.peakMemoryMb(),
      queuedMs: hundredths(Math.max(0, this.#startedMs - arrivedMs - (initMs ?? 0))),
      phases: coldStart,
    };
    this.#parts.record(
      usage(this.#attempt, report, { instanceId: instance.id, errorType, startedAtMs: this.#startedAtMs }),
    );
    this.#release(invocation.requestId, outcome === 'ok' || outcome === 'error' ? 'reuse' : 'discard');
    return report;
  }

  #release(requestId: string, fate: 'reuse' | 'discard'): void {
    const settled = this.#lease.instance.settle(requestId);
    const free = () => {
      this.#lease.release(fate);
      this.#leave();
    };
    if (settled === null) free();
    else void settled.then(free);
  }
}

interface RanOn {
  readonly instanceId: string | null;
  readonly errorType: string | null;
  readonly startedAtMs: number;
}

function usage(
  attempt: Attempt,
  report: Omit<Report, 'phases'>,
  { instanceId, errorType, startedAtMs }: RanOn,
): UsageRecord {
  return {
    attemptId: attempt.invocation.requestId,
    functionName: attempt.entry.name,
    version: attempt.version.version,
    alias: attempt.alias,
    instanceId,
    startedAtMs,
    queuedMs: report.queuedMs,
    initMs: report.initMs,
    durationMs: report.durationMs,
    billedMs: report.billedMs,
    memoryMb: report.memoryMb,
    maxMemoryMb: report.maxMemoryMb,
    outcome: report.outcome,
    errorType: errorType?.slice(0, MAX_ERROR_TYPE) ?? null,
  };
}

/** To the 0.01 ms that a REPORT line shows, so that the sums of what is kept are the sums of what is shown. */
function hundredths(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** An attempt that ran nothing costs nothing, but is counted. */
function recordRefusal(
  { record, clock }: InvokerParts,
  attempt: Attempt,
  outcome: 'throttled' | 'unavailable' | 'cancelled',
): void {
  const report = {
    outcome,
    durationMs: 0,
    billedMs: 0,
    initMs: null,
    memoryMb: attempt.version.config.memoryMb,
    maxMemoryMb: 0,
    queuedMs: hundredths(clock.nowMs() - attempt.arrivedMs),
  };
  record(usage(attempt, report, { instanceId: null, errorType: null, startedAtMs: clock.wallMs() }));
}
