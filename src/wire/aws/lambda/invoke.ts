/** Invoke and InvokeAsync: one event in, one answer out, or its promise. */
import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { Fault } from '../../../base/index.ts';
import type { InvokeResult } from '../../../invoke/index.ts';
import { type LogTail, requestLog, tailOf } from '../../../logs/index.ts';
import { LATEST, LIMITS, type UsageRecord, versionLabel } from '../../../model/index.ts';
import { StreamBroken } from '../../../runtimes/index.ts';
import type { LambdaOperations } from '../models/lambda.types.ts';
import { AwsError } from '../protocol/index.ts';
import type { AwsCall, Operations } from '../service.ts';
import type { LambdaParts } from './parts.ts';
import { entryOf, invalid, permit, type Target, targetOf } from './target.ts';

type Invoking = 'Invoke' | 'InvokeAsync';

export function invokeOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, Invoking> {
  return {
    async Invoke(input, call) {
      refuseDurable(input);
      const target = targetOf(input);
      await permit(parts, call, { action: 'InvokeFunction', target });
      const { InvocationType: kind = 'RequestResponse' } = input;
      entryOf(parts, target);
      if (kind === 'DryRun') return { StatusCode: 204 };
      const wanted = { target, event: eventOf(input.Payload), clientContext: contextOf(input.ClientContext) };
      if (kind === 'Event') {
        await keepEvent(parts, call, wanted);
        return { StatusCode: 202, Payload: Buffer.alloc(0) };
      }
      return await run(parts, call, { ...wanted, tail: input.LogType === 'Tail' });
    },
    async InvokeAsync(input, call) {
      const target = targetOf(input);
      await permit(parts, call, { action: 'InvokeFunction', target });
      entryOf(parts, target);
      const args = await collect(input.InvokeArgs, LIMITS.asyncEventBytes);
      if (args === null) throw tooLarge(LIMITS.asyncEventBytes, LIMITS.asyncEventBytes + 1);
      const event = eventOf(args);
      await keepEvent(parts, call, { target, event, clientContext: null });
      return { Status: 202 };
    },
  };
}

export interface Wanted {
  readonly target: Target;
  readonly event: Buffer;
  readonly clientContext: string | null;
}

/** Durable functions and tenants cannot be made here, so nobody can mean one. */
export function refuseDurable(input: {
  readonly DurableExecutionName?: string | undefined;
  readonly TenantId?: string | undefined;
}): void {
  if (input.DurableExecutionName !== undefined)
    throw invalid('DurableExecutionName is not supported: the function is not configured as durable.');
  if (input.TenantId !== undefined)
    throw invalid('TenantId is not supported: the function is not configured with tenant isolation.');
}

/** @throws {AwsError} when it is not JSON, as Lambda's front end says it */
export function eventOf(payload: Buffer | undefined): Buffer {
  if (payload === undefined || payload.length === 0) return Buffer.from('{}');
  if (payload.length > LIMITS.eventBytes) throw tooLarge(LIMITS.eventBytes, payload.length);
  if (!isUtf8(payload)) throw notJson('Invalid UTF-8');
  try {
    JSON.parse(payload.toString('utf8'));
    return payload;
  } catch (error) {
    throw notJson((error as Error).message);
  }
}

function notJson(why: string): AwsError {
  const message = `Could not parse request body into json: Could not parse payload into json: ${why}`;
  return new AwsError('InvalidRequestContentException', message, { members: { Type: 'User' } });
}

/** Base64 of a JSON object; the function sees what is in it. */
export function contextOf(encoded: string | undefined): string | null {
  if (encoded === undefined) return null;
  if (encoded.length > MAX_CONTEXT_BYTES)
    throw invalid(`Client context must be no more than ${MAX_CONTEXT_BYTES} bytes when base64-encoded.`);
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  try {
    JSON.parse(text);
    return text;
  } catch {
    throw new AwsError(
      'InvalidRequestContentException',
      'Client context must be a valid Base64-encoded JSON object.',
      { members: { Type: 'User' } },
    );
  }
}

/** Of base64 (AWS: 3,583 bytes). */
const MAX_CONTEXT_BYTES = 3_583;

async function keepEvent(parts: LambdaParts, call: AwsCall, wanted: Wanted): Promise<void> {
  const { event, target, clientContext } = wanted;
  if (event.length > LIMITS.asyncEventBytes) throw tooLarge(LIMITS.asyncEventBytes, event.length);
  await parts.enqueue({
    functionName: target.name,
    qualifier: target.qualifier ?? LATEST,
    event,
    requestId: call.requestId,
    traceId: call.headers['x-amzn-trace-id'] ?? null,
    clientContext,
  });
}

async function run(parts: LambdaParts, call: AwsCall, wanted: Wanted & { readonly tail: boolean }) {
  const tail = wanted.tail ? parts.tail(call.requestId) : null;
  try {
    const result = await parts.invoke(invocationOf(call, wanted), call.signal);
    const { payload, failed } = await wholeOf(result);
    const log = tail === null ? null : await logOf(parts, { call, result, tail });
    return {
      StatusCode: 200,
      Payload: payload,
      ExecutedVersion: versionLabel(result.executedVersion),
      ...(failed && { FunctionError: 'Unhandled' }),
      ...(log !== null && { LogResult: log }),
    };
  } catch (error) {
    void tail?.take(null);
    throw error;
  }
}

/** An answer in one piece, also of a function that streams. */
async function wholeOf(result: InvokeResult): Promise<{ payload: Buffer; failed: boolean }> {
  if (result.kind !== 'stream') return { payload: result.payload, failed: result.kind === 'error' };
  try {
    const payload = await collect(result.body, LIMITS.answerBytes);
    return { payload: payload ?? ANSWER_TOO_LARGE, failed: payload === null };
  } catch (error) {
    if (error instanceof StreamBroken) return { payload: error.payload, failed: true };
    throw error;
  }
}

export function invocationOf(call: AwsCall, { target, event, clientContext }: Wanted) {
  return {
    functionName: target.name,
    qualifier: target.qualifier ?? LATEST,
    unqualified: target.qualifier === null,
    event,
    requestId: call.requestId,
    traceId: call.headers['x-amzn-trace-id'] ?? null,
    clientContext,
  };
}

interface Ended {
  readonly call: AwsCall;
  readonly result: InvokeResult;
  readonly tail: LogTail;
}

/** The last 4 KB of what the request printed, between START and REPORT, in base64. */
export async function logOf({ clock }: LambdaParts, { call, result, tail }: Ended): Promise<string> {
  const report = await result.report;
  const lines = await tail.take(report.instanceId);
  const record: UsageRecord = {
    ...report,
    attemptId: call.requestId,
    functionName: '',
    version: result.executedVersion,
    alias: null,
    startedAtMs: clock.wallMs() - report.durationMs,
    errorType: result.kind === 'error' ? result.errorType : null,
  };
  return tailOf(requestLog(record, lines)).toString('base64');
}

/** What a streamed answer is to a caller who takes it as a whole, when it is more than that can be. */
const ANSWER_TOO_LARGE = Buffer.from(
  JSON.stringify({
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: `Response payload size exceeded maximum allowed payload size (${LIMITS.answerBytes} bytes).`,
  }),
);

/** @returns null above the limit; the rest is not read */
async function collect(body: Readable | AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number, bytes: number): Fault {
  return new Fault('payload-too-large', `${bytes} bytes are more than ${maxBytes}.`, {
    facts: { bytes, maxBytes },
  });
}
