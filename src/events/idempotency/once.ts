/**
 * Invocations that are run once for each key: what was answered before is answered again, and what is running
 * is not run beside itself.
 *
 * An answer is kept before it is given. Kept is what the function returned; an exception, a timeout, a crash, and an
 * HTTP answer of 500 or more free the key, so that the next one with it runs.
 */
import { Readable } from 'node:stream';
import { Fault } from '../../base/index.ts';
import type { Invocation, InvokeResult, Report } from '../../invoke/index.ts';
import { LIMITS } from '../../model/index.ts';
import type { RecordedAnswer } from '../../store/index.ts';
import { type Directory, eventTarget } from '../target.ts';
import { keyOfEvent } from './key.ts';
import type { Begun, Keys } from './keys.ts';

export type Invoke = (invocation: Invocation, signal: AbortSignal | null) => Promise<InvokeResult>;

/**
 * The one door, with idempotency before it where a function asks for that.
 *
 * @returns an `invoke` that also throws the Faults `idempotency-running`, `idempotency-answer-lost` and
 *   `database-unavailable`
 */
export function invokeOnce(parts: {
  keys: Pick<Keys, 'begin'>;
  directory: Directory;
  invoke: Invoke;
}): Invoke {
  const { keys, directory, invoke } = parts;
  return async (invocation, signal) => {
    const { functionName, qualifier, event } = invocation;
    const rule = eventTarget(directory, functionName, qualifier).version.config.idempotency;
    const key = rule === null ? null : keyOfEvent(rule, event);
    if (rule === null || key === null) return await invoke(invocation, signal);
    const begun = await keys.begin({ functionName, key, windowMs: rule.windowMs });
    if (begun.kind === 'running') throw running(key);
    if (begun.kind === 'done') return replayed(begun.answer, key);
    return await run(begun, () => invoke(invocation, signal));
  };
}

async function run(
  { end }: Begun & { kind: 'mine' },
  invoke: () => Promise<InvokeResult>,
): Promise<InvokeResult> {
  try {
    const result = await invoke();
    if (result.kind === 'stream') return await kept(result, end);
    await end(result.kind === 'result' ? answerOf(result) : null);
    return result;
  } catch (error) {
    await end(null);
    throw error;
  }
}

function answerOf({ executedVersion, payload }: InvokeResult & { kind: 'result' }): RecordedAnswer | null {
  if (isServerError(payload)) return null;
  const body = payload.length > LIMITS.idempotencyAnswerBytes ? null : payload;
  return { kind: 'result', executedVersion, contentType: null, body };
}

/** Whether it says, as an answer over HTTP, that it did not work out. */
function isServerError(payload: Buffer): boolean {
  if (!payload.subarray(0, MAX_HEAD_BYTES).includes('"statusCode"')) return false;
  try {
    const { statusCode } = JSON.parse(payload.toString('utf8')) as { statusCode?: unknown };
    return typeof statusCode === 'number' && statusCode >= 500;
  } catch {
    return false;
  }
}

/** Where an answer's status is looked for: not behind a large body. */
const MAX_HEAD_BYTES = 64 * 1024;

/** A stream is given when its end is known and kept; one that is too long goes on as it comes. */
async function kept(
  result: InvokeResult & { kind: 'stream' },
  end: (answer: RecordedAnswer | null) => Promise<void>,
): Promise<InvokeResult> {
  const { executedVersion, contentType, report } = result;
  const start = await startOf(result.body);
  if (start.failure !== null) {
    await end(null);
    return { ...result, body: Readable.from(broken(start)) };
  }
  const answer = { kind: 'stream', executedVersion, contentType } as const;
  const body = start.rest === null ? Buffer.concat(start.chunks) : null;
  const told = report.then(
    ({ outcome }) => end(outcome === 'ok' ? { ...answer, body } : null),
    () => end(null),
  );
  if (start.rest === null) await told;
  return { ...result, body: Readable.from(continued(start)) };
}

interface Start {
  readonly chunks: readonly Buffer[];
  /** null: there is no more. */
  readonly rest: AsyncIterator<Buffer> | null;
  readonly failure: { readonly error: unknown } | null;
}

/** As much of a stream as may be kept. */
async function startOf(body: Readable): Promise<Start> {
  const source = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    while (bytes <= LIMITS.idempotencyAnswerBytes) {
      const next = await source.next();
      if (next.done === true) return { chunks, rest: null, failure: null };
      chunks.push(next.value);
      bytes += next.value.length;
    }
    return { chunks, rest: source, failure: null };
  } catch (error) {
    return { chunks, rest: null, failure: { error } };
  }
}

async function* broken({ chunks, failure }: Start): AsyncGenerator<Buffer> {
  yield* chunks;
  throw failure?.error;
}

async function* continued({ chunks, rest }: Start): AsyncGenerator<Buffer> {
  yield* chunks;
  if (rest !== null) yield* { [Symbol.asyncIterator]: () => rest };
}

function replayed({ kind, executedVersion, contentType, body }: RecordedAnswer, key: string): InvokeResult {
  if (body === null) throw lost(key);
  const payload = Buffer.from(body);
  if (kind === 'result') return { kind, executedVersion, payload, report: NOT_RUN };
  return {
    ...{ kind, executedVersion, contentType: contentType ?? 'application/octet-stream' },
    ...{ body: Readable.from([payload]), report: Promise.resolve(NOT_RUN) },
  };
}

/** Nothing ran, so nothing is to be paid. */
const NOT_RUN: Report = {
  ...{ outcome: 'ok', instanceId: '', durationMs: 0, billedMs: 0, initMs: null, memoryMb: 0 },
  ...{ maxMemoryMb: 0, queuedMs: 0, phases: null },
};

function running(key: string): Fault {
  const message = `A request with the idempotency key ${JSON.stringify(key)} is running at this moment. Try again when it is over: the answer is the same.`;
  return new Fault('idempotency-running', message, { facts: { key } });
}

function lost(key: string): Fault {
  const message = `A request with the idempotency key ${JSON.stringify(key)} has been run already, and is not run again. Its answer was larger than ${LIMITS.idempotencyAnswerBytes} bytes and was not kept.`;
  return new Fault('idempotency-answer-lost', message, {
    facts: { key, maxBytes: LIMITS.idempotencyAnswerBytes },
  });
}
