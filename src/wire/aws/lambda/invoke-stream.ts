/** InvokeWithResponseStream: the answer as it is written, as an event stream that says how it ended. */
import type { InvokeResult } from '../../../invoke/index.ts';
import type { LogTail } from '../../../logs/index.ts';
import { versionLabel } from '../../../model/index.ts';
import { StreamBroken } from '../../../runtimes/index.ts';
import type {
  InvokeWithResponseStreamResponseEvent as Event,
  LambdaOperations,
} from '../models/lambda.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import { contextOf, eventOf, invocationOf, logOf, refuseDurable } from './invoke.ts';
import type { LambdaParts } from './parts.ts';
import { entryOf, permit, targetOf } from './target.ts';

export function invokeStreamOperations(
  parts: LambdaParts,
): Pick<Operations<LambdaOperations>, 'InvokeWithResponseStream'> {
  return {
    async InvokeWithResponseStream(input, call) {
      refuseDurable(input);
      const target = targetOf(input);
      await permit(parts, call, { action: 'InvokeFunction', target });
      entryOf(parts, target);
      if (input.InvocationType === 'DryRun') return { StatusCode: 204, EventStream: none() };
      const event = eventOf(input.Payload);
      const clientContext = contextOf(input.ClientContext);
      const tail = input.LogType === 'Tail' ? parts.tail(call.requestId) : null;
      const result = await parts.invoke(invocationOf(call, { target, event, clientContext }), call.signal);
      return {
        StatusCode: 200,
        ExecutedVersion: versionLabel(result.executedVersion),
        ResponseStreamContentType: result.kind === 'stream' ? result.contentType : 'application/octet-stream',
        EventStream: events(parts, { call, result, tail }),
      };
    },
  };
}

/** Of one chunk, in bytes; AWS's own are no longer. */
const MAX_CHUNK_BYTES = 64 * 1024;

interface Begun {
  readonly call: AwsCall;
  readonly result: InvokeResult;
  readonly tail: LogTail | null;
}

async function* events(parts: LambdaParts, { call, result, tail }: Begun): AsyncGenerator<Event> {
  let broken: unknown = null;
  if (result.kind === 'result') yield* chunksOf(result.payload);
  if (result.kind === 'stream') {
    try {
      for await (const chunk of result.body as AsyncIterable<Buffer>) yield* chunksOf(chunk);
    } catch (error) {
      broken = error;
    }
  }
  const log = tail === null ? null : await logOf(parts, { call, result, tail });
  yield {
    InvokeComplete: {
      ...errorOf(result, broken),
      ...(log !== null && { LogResult: log }),
    },
  };
}

/** A function's error has its error object as details, before its first byte as behind it. */
function errorOf(result: InvokeResult, broken: unknown) {
  if (result.kind !== 'error' && broken === null) return {};
  if (result.kind === 'error' || broken instanceof StreamBroken) {
    const { payload } = result.kind === 'error' ? result : (broken as StreamBroken);
    return { ErrorCode: 'Unhandled', ErrorDetails: payload.toString('utf8') };
  }
  const errorMessage = (broken as Error).message;
  return {
    ErrorCode: 'Unhandled',
    ErrorDetails: JSON.stringify({ errorType: 'Runtime.ExitError', errorMessage }),
  };
}

function* chunksOf(payload: Buffer): Generator<Event> {
  for (let at = 0; at < payload.length; at += MAX_CHUNK_BYTES)
    yield { PayloadChunk: { Payload: payload.subarray(at, at + MAX_CHUNK_BYTES) } };
}

async function* none(): AsyncGenerator<Event> {}
