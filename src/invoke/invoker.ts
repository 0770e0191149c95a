/**
 * The one door. Every way of running code is `Invoker.invoke`.
 *
 *   1. resolve   name and qualifier → a version, in the registry's snapshot; of an alias with two, by weight
 *   2. admit     concurrency limits; above them the caller is refused at once
 *   3. lease     an instance from the fleet, waiting if it must (and its turn, see turns.ts)
 *   4. run       deliver the event, keep the deadline, tell what came of it
 *
 * and then release and record. Nothing on this path touches the database or the disk. What a
 * function does wrong is a result; what the platform refuses is a thrown fault. Every attempt,
 * refused ones included, leaves one usage record.
 */
import { type Clock, Fault, type Random } from '../base/index.ts';
import { type Fleet, InitFailure, type Lease, type RunResult, type TailEnd } from '../instances/index.ts';
import { functionArn, type UsageRecord, type Version } from '../model/index.ts';
import type { Snapshot } from '../registry/index.ts';
import { type Answer, StreamBroken } from '../runtimes/index.ts';
import { Admission } from './admission.ts';
import { createChoice } from './choice.ts';
import { cuttable } from './cut.ts';
import { exited, extensionFailed, type Failure, initFailed, timedOut } from './failures.ts';
import type { Invocation, InvokeResult, Report } from './invocation.ts';
import { type Resolved, resolve } from './resolve.ts';
import { Turns } from './turns.ts';

export interface InvokerParts {
  readonly registry: { current(): Snapshot };
  readonly fleet: Pick<Fleet, 'lease'>;
  readonly record: (record: UsageRecord) => void;
  readonly clock: Clock;
  readonly random: Random;
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
interface Attempt extends Resolved {
  readonly arrivedMs: number;
}

/** Characters of an errorType in a record: it is the function's own word, and could be any length. */
const MAX_ERROR_TYPE = 256;
/** Instances that may turn out to be ending, one after the other, before an invocation fails for it. */
const MAX_OTHERS = 3;

export function createInvoker(parts: InvokerParts): Invoker {
  const admission = new Admission(parts.accountConcurrency);
  const turns = turnsByVersion(parts);
  const choice = createChoice(parts.random);
  return {
    setReserved: (total) => admission.setReserved(total),
    async invoke(invocation, signal) {
      const attempt = {
        ...resolve(parts.registry.current(), choice, invocation),
        arrivedMs: parts.clock.nowMs(),
      };
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
  const { cut } = attempt.invocation;
  for (let others = MAX_OTHERS; ; others--) {
    const taken = turns(attempt.version).take();
    const turn = taken instanceof Promise ? await taken : taken;
    let lease: Lease | null = null;
    try {
      lease = cuttable(await parts.fleet.lease(attempt.version, signal), cut);
      const run = new Run(parts, attempt, { lease, leave });
      const result = await lease.instance.run(run.work(), attempt.version.config.timeoutMs);
      if (result.kind !== 'not-begun' || others === 0 || cut?.aborted) return run.conclude(result);
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
    instanceId: error.instanceId,
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
    const { requestId, event, traceId, clientContext, functionName, qualifier, unqualified } = invocation;
    return {
      requestId,
      event,
      deadlineMs: Math.floor(this.#startedAtMs + version.config.timeoutMs),
      functionArn: functionArn(functionName, unqualified === true ? undefined : (qualifier ?? undefined)),
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
    if (result.kind === 'extension') return extensionFailed(requestId, result.failure);
    if (result.kind === 'not-begun')
      return exited(requestId, { code: null, signal: null, outOfMemory: false });
    return { outcome: 'error', errorType: result.error.errorType, payload: result.error.payload };
  }

  /** The caller reads while the function still writes; the instance is free when the function is done. */
  #stream(answer: Extract<Answer, { kind: 'stream' }>): InvokeResult {
    const { body } = answer;
    body.on('error', () => {}); // told to whoever reads; without a reader it must not end the node
    const report = this.#endOf(answer).then((failure) => {
      // The function's own error is the end of its body already, behind all that it wrote before.
      if (failure !== null && failure.outcome !== 'error') body.destroy(new StreamBroken(failure));
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

  /** Tells what came of it so far; when nothing of it goes on, frees the instance and records what it did. */
  #finish(failure: Failure | null): Report {
    const report = this.#report(failure);
    const usable = failure === null || failure.outcome === 'error';
    const tail = usable ? this.#lease.instance.tail(this.#leftMs()) : null;
    if (tail === null) this.#close(failure, report);
    else void tail.then((end) => this.#closeLate(failure, end));
    return report;
  }

  #leftMs(): number {
    return Math.max(0, this.#startedMs + this.#attempt.version.config.timeoutMs - this.#parts.clock.nowMs());
  }

  /** The caller has its answer; what extensions did after it counts as well, as on AWS. */
  #closeLate(failure: Failure | null, end: TailEnd): void {
    const late = end.kind === 'done' ? failure : this.#failureOf(end);
    this.#close(late, this.#report(late));
  }

  #close(failure: Failure | null, report: Report): void {
    const { instance } = this.#lease;
    const { outcome } = report;
    const errorType = failure?.errorType ?? null;
    const ranOn = { instanceId: instance.id, errorType, startedAtMs: this.#startedAtMs };
    const record = usage(this.#attempt, report, ranOn);
    this.#parts.record(record);
    instance.recorded(record);
    const fate = outcome === 'ok' || outcome === 'error' ? 'reuse' : 'discard';
    this.#release(this.#attempt.invocation.requestId, fate);
  }

  #report(failure: Failure | null): Report {
    const { version, arrivedMs } = this.#attempt;
    const { instance, coldStart } = this.#lease;
    const outcome = failure?.outcome ?? 'ok';
    const tookMs = this.#parts.clock.nowMs() - this.#startedMs;
    // A timer fires late, above all on a busy machine: that is not the function's to pay.
    const durationMs = hundredths(
      outcome === 'timeout' ? Math.min(tookMs, version.config.timeoutMs) : tookMs,
    );
    const initMs = coldStart === null ? null : hundredths(coldStart.runtimeMs + coldStart.initMs);
    return {
      outcome,
      instanceId: instance.id,
      durationMs,
      billedMs: Math.ceil(durationMs + (initMs ?? 0)),
      initMs,
      memoryMb: version.config.memoryMb,
      maxMemoryMb: instance.peakMemoryMb(),
      queuedMs: hundredths(Math.max(0, this.#startedMs - arrivedMs - (initMs ?? 0))),
      phases: coldStart,
    };
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
  report: Omit<Report, 'phases' | 'instanceId'>,
  { instanceId, errorType, startedAtMs }: RanOn,
): UsageRecord {
  const { requestId, attemptId = requestId } = attempt.invocation;
  return {
    attemptId,
    ...(attemptId !== requestId && { requestId }),
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
