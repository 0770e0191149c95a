/**
 * Bodies of AWS requests, within bounds: each has its operation's, and all that are held at once have the
 * endpoint's. Hashed as they come, so that no long hash stands on the main loop.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { AwsError } from './protocol/index.ts';

export interface Room {
  /** @returns whether there was so much room left, and it is taken */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export const BOUNDLESS: Room = { take: () => true, give: () => {} };

/** Room for bodies, given back when their requests end. */
export class BodyRoom implements Room {
  readonly #maxBytes: number;
  #held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#held;
  }

  take(bytes: number): boolean {
    if (this.#held + bytes > this.#maxBytes) return false;
    this.#held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}

export interface Body {
  readonly bytes: Buffer;
  readonly sha256: string;
}

export interface BodyBounds {
  readonly maxBytes: number;
  /** As the refusal names it: `CreateFunction`. */
  readonly operation: string;
  /** What the stream will give at most; null: not known. */
  readonly declaredBytes: number | null;
  readonly take: (bytes: number) => boolean;
}

/** @returns null where a request does not say how long its body is */
export function declaredBytes({ headers }: IncomingMessage): number | null {
  const said = headers['content-length'];
  return said === undefined ? null : Number(said);
}

/** The caller went away before its last byte: nobody is there to be answered. */
export class CallerGone extends Error {
  override readonly name = 'CallerGone';
}

/**
 * @param stream the request, or what took the framing off it
 * @throws {AwsError} `RequestEntityTooLargeException`, `ServiceUnavailableException`
 * @throws {CallerGone}
 */
export async function readWhole(stream: Readable, bounds: BodyBounds): Promise<Body> {
  const hash = createHash('sha256');
  // Where the length is known each chunk goes to its place at once: to join 70 MB at the end stops the loop for 50 ms.
  const whole = bounds.declaredBytes === null ? null : Buffer.allocUnsafeSlow(bounds.declaredBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunksOf(stream)) {
    size += chunk.length;
    if (size > bounds.maxBytes) throw tooLarge(bounds);
    if (!bounds.take(chunk.length)) throw noRoom();
    hash.update(chunk);
    if (whole === null) chunks.push(chunk);
    else chunk.copy(whole, size - chunk.length);
  }
  const bytes = whole === null ? Buffer.concat(chunks, size) : whole.subarray(0, size);
  return { bytes, sha256: hash.digest('hex') };
}

async function* chunksOf(stream: Readable): AsyncGenerator<Buffer> {
  try {
    // the stream is left open on a refusal: the answer still has to go out on its connection
    yield* stream.iterator({ destroyOnReturn: false });
  } catch (error) {
    if (isGone(error)) throw new CallerGone('the caller went away', { cause: error });
    throw error;
  }
}

function isGone(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ABORT_ERR';
}

/** @throws {AwsError} at once, when the length that a request declares is too large */
export function checkDeclared(bounds: BodyBounds): void {
  if ((bounds.declaredBytes ?? 0) > bounds.maxBytes) throw tooLarge(bounds);
}

function tooLarge({ maxBytes, operation }: BodyBounds): AwsError {
  const words = `Request must be smaller than ${maxBytes} bytes for the ${operation} operation`;
  return new AwsError('RequestEntityTooLargeException', words, { status: 413, members: { Type: 'User' } });
}

function noRoom(): AwsError {
  return new AwsError('ServiceUnavailableException', 'Too many large requests at once. Try again.', {
    status: 503,
    retryAfterSeconds: 1,
  });
}

/** What a caller still sends after its refusal is read and dropped up to here, in bytes, so that it sees the answer. */
const MAX_DROPPED_BYTES = 96 * 1024 * 1024;

/** Reads on without keeping anything; a caller that does not end is cut off. */
export function dropRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let dropped = 0;
  request.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > MAX_DROPPED_BYTES) request.destroy();
  });
  request.on('error', () => undefined);
  request.resume();
}
