/**
 * The body of a streamed answer: what arrives from a guest, at the reader's pace.
 *
 * Holds at most `highWaterBytes` before it asks the source to pause. A reader that goes away does
 * not stop the function: the rest is taken and thrown away, so that its invocation can end. A body
 * that fails gives its reader everything that came before the failure, then the error.
 */
import { Readable } from 'node:stream';
import { LIMITS } from '../../model/index.ts';
import type { FunctionError } from '../guest.ts';

/** The function broke off its own stream; `errorType` is Lambda's. */
export class StreamBroken extends Error {
  override readonly name = 'StreamBroken';
  readonly errorType: string;

  constructor(error: FunctionError) {
    super(`the function ended its stream with ${error.errorType}`);
    this.errorType = error.errorType;
  }
}

/** Where the bytes come from. */
export interface StreamSource {
  pause(): void;
  resume(): void;
}

export interface AnswerStream {
  readonly body: Readable;
  push(piece: Buffer): void;
  /** The bytes are complete, or broken off by `error`. Later calls are ignored. */
  end(error: Error | null): void;
  /** Whether more came than may be sent (LIMITS.streamBytes); the rest was thrown away. */
  overflowed(): boolean;
}

const HIGH_WATER_BYTES = 256 * 1024;

/** The error of a stream that is longer than may be sent. */
export function streamTooLarge(): FunctionError {
  const errorType = 'Function.ResponseSizeTooLarge';
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${LIMITS.streamBytes} bytes).`;
  return { errorType, payload: Buffer.from(JSON.stringify({ errorType, errorMessage })) };
}

/** @param maxBytes of the whole stream; the default is AWS's */
export function answerStream(source: StreamSource, maxBytes: number = LIMITS.streamBytes): AnswerStream {
  const queue: Buffer[] = [];
  let queuedBytes = 0;
  let totalBytes = 0;
  let paused = false;
  let hungry = false;
  let ended: { error: Error | null } | null = null;

  const body = new Readable({
    // The queue above is the buffer; a second one would swallow what precedes an error.
    highWaterMark: 1,
    read() {
      hungry = true;
      feed();
    },
    destroy(error, done) {
      queue.length = 0;
      queuedBytes = 0;
      resume();
      done(error);
    },
  });

  function feed(): void {
    while (hungry && queue.length > 0) {
      const piece = queue.shift() as Buffer;
      queuedBytes -= piece.length;
      hungry = body.push(piece);
    }
    if (queuedBytes < HIGH_WATER_BYTES) resume();
    if (hungry && queue.length === 0 && ended !== null) {
      if (ended.error === null) body.push(null);
      else body.destroy(ended.error);
    }
  }

  function resume(): void {
    if (!paused) return;
    paused = false;
    source.resume();
  }

  return {
    body,
    push(piece) {
      totalBytes += piece.length;
      if (body.destroyed || ended !== null) return;
      if (totalBytes > maxBytes) {
        ended = { error: new StreamBroken(streamTooLarge()) };
        feed();
        return;
      }
      queue.push(piece);
      queuedBytes += piece.length;
      feed();
      if (queuedBytes >= HIGH_WATER_BYTES && !paused) {
        paused = true;
        source.pause();
      }
    },
    end(error) {
      ended ??= { error };
      if (!body.destroyed) feed();
    },
    overflowed: () => totalBytes > maxBytes,
  };
}
