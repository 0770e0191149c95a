/**
 * The body of a streamed answer: what arrives from a guest, at the reader's pace.
 *
 * Holds at most `HIGH_WATER_BYTES` and one piece before it asks the source to pause. A reader that
 * goes away does not stop the function: the rest is taken and thrown away, so that its invocation
 * can end. A body that fails gives its reader everything that came before the failure, then the error.
 */
import { Readable } from 'node:stream';
import { LIMITS } from '../../model/index.ts';
import type { FunctionError } from '../guest.ts';

/** A stream that ended before its answer was whole; `errorType` and the error object in `payload` are Lambda's. */
export class StreamBroken extends Error {
  override readonly name = 'StreamBroken';
  readonly errorType: string;
  readonly payload: Buffer;

  constructor({ errorType, payload }: FunctionError) {
    super(`the stream of the function ended with ${errorType}`);
    this.errorType = errorType;
    this.payload = payload;
  }
}

/** Where the bytes come from. */
export interface StreamSource {
  pause(): void;
  resume(): void;
}

const HIGH_WATER_BYTES = 256 * 1024;

/** The error of a stream that is longer than may be sent. */
export function streamTooLarge(): FunctionError {
  const errorType = 'Function.ResponseSizeTooLarge';
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${LIMITS.streamBytes} bytes).`;
  return { errorType, payload: Buffer.from(JSON.stringify({ errorType, errorMessage })) };
}

export class AnswerStream {
  readonly body: Readable;
  readonly #source: StreamSource;
  readonly #maxBytes: number;
  readonly #queue: Buffer[] = [];
  #queuedBytes = 0;
  #totalBytes = 0;
  #paused = false;
  #hungry = false;
  #ended: { readonly error: Error | null } | null = null;

  /** @param maxBytes of the whole stream; the default is AWS's */
  constructor(source: StreamSource, maxBytes: number = LIMITS.streamBytes) {
    this.#source = source;
    this.#maxBytes = maxBytes;
    this.body = new Readable({
      // The queue here is the buffer; a second one would swallow what precedes an error.
      highWaterMark: 1,
      read: () => {
        this.#hungry = true;
        this.#feed();
      },
      destroy: (error, done) => {
        this.#queue.length = 0;
        this.#queuedBytes = 0;
        this.#resume();
        done(error);
      },
    });
  }

  /** Whether more came than may be sent; the rest was thrown away. */
  get overflowed(): boolean {
    return this.#totalBytes > this.#maxBytes;
  }

  push(piece: Buffer): void {
    this.#totalBytes += piece.length;
    if (this.body.destroyed || this.#ended !== null) return;
    if (this.overflowed) {
      this.end(new StreamBroken(streamTooLarge()));
      return;
    }
    this.#queue.push(piece);
    this.#queuedBytes += piece.length;
    this.#feed();
    if (this.#queuedBytes >= HIGH_WATER_BYTES && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
  }

  /** The bytes are complete, or broken off by `error`. Later calls are ignored. */
  end(error: Error | null): void {
    this.#ended ??= { error };
    if (!this.body.destroyed) this.#feed();
  }

  #feed(): void {
    while (this.#hungry && this.#queue.length > 0) {
      const piece = this.#queue.shift() as Buffer;
      this.#queuedBytes -= piece.length;
      this.#hungry = this.body.push(piece);
    }
    if (this.#queuedBytes < HIGH_WATER_BYTES) this.#resume();
    if (!this.#hungry || this.#queue.length > 0 || this.#ended === null) return;
    if (this.#ended.error === null) this.body.push(null);
    else this.body.destroy(this.#ended.error);
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#source.resume();
  }
}
