/**
 * The opening of a streamed answer: its status and headers, which a function may send ahead of the body as a
 * prelude (JSON, then eight NUL bytes; the form of `awslambda.HttpResponseStream`).
 */
import type { Readable } from 'node:stream';
import { type AnswerHead, headOf, MalformedResult } from './answer.ts';

const WITH_PRELUDE = 'application/vnd.awslambda.http-integration-response';
const SEPARATOR = Buffer.alloc(8);

/** Most bytes of a prelude. */
export const MAX_PRELUDE_BYTES = 64 * 1024;

/**
 * Waits for the opening of a stream and leaves `body` paused at the first byte that is for the client.
 * A stream without a prelude opens with its first byte, so that an early failure can still be a clean 502.
 *
 * @throws {MalformedResult} when the prelude is not one, is too long, or the stream ends within it
 * @throws the stream's own error
 */
export async function openStream(body: Readable, contentType: string): Promise<AnswerHead> {
  if (contentType !== WITH_PRELUDE) {
    await takeUntil(body, () => 0);
    return { status: 200, headers: ['content-type', contentType] };
  }
  const prelude = await takeUntil(body, separatorFinder());
  if (prelude === null) throw new MalformedResult('the stream ended within its prelude');
  return headOf(parsePrelude(prelude), 'application/octet-stream');
}

function parsePrelude(prelude: Buffer): Record<string, unknown> {
  let head: unknown;
  try {
    head = JSON.parse(prelude.toString());
  } catch {
    throw new MalformedResult("the stream's prelude is not JSON");
  }
  if (typeof head !== 'object' || head === null)
    throw new MalformedResult("the stream's prelude is no object");
  return { statusCode: 200, ...head };
}

/** Says where the prelude ends, once the chunk that ends it is given. Looks at every byte once. */
function separatorFinder(): (chunk: Buffer) => number | null {
  let tail: Buffer = Buffer.alloc(0);
  let before = 0;
  return (chunk) => {
    const window = Buffer.concat([tail, chunk]);
    const at = window.indexOf(SEPARATOR);
    const end = before - tail.length + at;
    before += chunk.length;
    if ((at < 0 ? before : end) > MAX_PRELUDE_BYTES) {
      throw new MalformedResult(`the stream's prelude is longer than ${MAX_PRELUDE_BYTES} bytes`);
    }
    tail = window.subarray(Math.max(0, window.length - SEPARATOR.length + 1));
    return at < 0 ? null : end;
  };
}

/**
 * Reads until `endOf` gives a position; what follows the position (and a separator, if there is one) goes back.
 *
 * @returns the bytes before the position, or null when the stream ended first
 */
function takeUntil(body: Readable, endOf: (chunk: Buffer) => number | null): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    if (body.destroyed) return reject(body.errored ?? new Error('the stream was closed before it was read'));
    const chunks: Buffer[] = [];
    const done = (settle: () => void) => {
      body.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      settle();
    };
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      try {
        const end = endOf(chunk);
        if (end === null) return;
        body.pause();
        const all = Buffer.concat(chunks);
        const rest = all.subarray(end === 0 ? 0 : end + SEPARATOR.length);
        done(() => resolve(all.subarray(0, end)));
        if (rest.length > 0) body.unshift(rest);
      } catch (error) {
        done(() => reject(error));
      }
    };
    const onEnd = () => done(() => resolve(null));
    const onError = (error: Error) => done(() => reject(error));
    const onClose = () => done(() => reject(new Error('the stream was closed before its first byte')));
    body.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}

/**
 * All that is left of a stream.
 *
 * @throws {MalformedResult} when that is more than `maxBytes`; the stream's own error
 */
export async function collect(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new MalformedResult(`it is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
