/**
 * Bodies whose proof comes with them: chunks that are each signed over the one before, and bodies whose
 * hash was signed ahead. Both are streams: what goes wrong destroys the stream with a Fault, and whoever
 * reads must keep nothing of a body that did not end well.
 *
 * A chunk leaves as it comes and is checked at its end, so that memory is bounded whatever its size.
 */
import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { Fault } from '../../base/index.ts';
import { hashBytes } from './canonical.ts';
import { sameSignature, sign } from './signature.ts';

const CHUNKED = [
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
];
/** A chunk's header line, and all trailers together, in bytes. */
const MAX_LINE_BYTES = 4_096;
const MAX_TRAILER_BYTES = 16_384;
const EMPTY_SHA256 = hashBytes('');

export function isChunked(payload: string): boolean {
  return CHUNKED.includes(payload);
}

/** Passes a body on and fails at its end when its hash is another. */
export function wholeBodyReader(sha256: string): Transform {
  const hash = createHash('sha256');
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      done(sameSignature(hash.digest('hex'), sha256) ? null : bodyDiffers());
    },
  });
}

export interface ChunkOptions {
  /** The value of `x-amz-content-sha256`. */
  readonly kind: string;
  readonly key: Buffer;
  readonly timestamp: string;
  readonly scope: string;
  /** The signature of the request, which the first chunk's is made over. */
  readonly seed: string;
  /** `x-amz-decoded-content-length`; null: not said. */
  readonly decodedBytes: number | null;
}

/**
 * Takes the framing off `aws-chunked` bodies and verifies each chunk.
 *
 * Emits `trailers`, once, with the trailing headers by lower-case name, before it ends.
 */
export function chunkReader(options: ChunkOptions): Transform {
  const frames = new Frames(options);
  const reader: Transform = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      try {
        frames.take(chunk, (data) => reader.push(data));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done: TransformCallback) {
      try {
        reader.emit('trailers', frames.finish());
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  return reader;
}

type Expecting = 'header' | 'data' | 'data-end' | 'trailer' | 'nothing';

/** The grammar: `size[;chunk-signature=…] CRLF data CRLF`, a last chunk of size 0, trailers, an empty line. */
class Frames {
  readonly #options: ChunkOptions;
  readonly #signed: boolean;
  readonly #trailing: boolean;
  #at: Expecting = 'header';
  #line = '';
  #left = 0;
  #isLast = false;
  #hash: Hash = createHash('sha256');
  #claimed = '';
  #previous: string;
  #decoded = 0;
  #trailerBytes = 0;
  readonly #trailers = new Map<string, string>();

  constructor(options: ChunkOptions) {
    this.#options = options;
    this.#signed = !options.kind.startsWith('STREAMING-UNSIGNED');
    this.#trailing = options.kind.endsWith('-TRAILER');
    this.#previous = options.seed;
  }

  take(bytes: Buffer, pass: (data: Buffer) => void): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#at === 'nothing') throw malformed('bytes follow the last chunk');
      if (this.#at === 'data') {
        const part = bytes.subarray(at, at + this.#left);
        at += part.length;
        this.#takeData(part);
        pass(part);
        continue;
      }
      const end = bytes.indexOf(10, at);
      this.#line += bytes.toString('latin1', at, end === -1 ? bytes.length : end);
      if (this.#line.length > MAX_LINE_BYTES) throw malformed('a line of the framing is too long');
      if (end === -1) return;
      at = end + 1;
      const line = this.#line.replace(/\r$/, '');
      this.#line = '';
      this.#takeLine(line);
    }
  }

  /** @returns the trailers. @throws {Fault} when the body ended early */
  finish(): Record<string, string> {
    if (this.#at === 'trailer' && this.#line === '' && this.#isLast) this.#end(); // an empty line at the end may lack
    if (this.#at !== 'nothing') throw malformed('the body ends before its last chunk');
    const { decodedBytes } = this.#options;
    if (decodedBytes !== null && decodedBytes !== this.#decoded) {
      throw malformed(
        `it has ${this.#decoded} bytes where x-amz-decoded-content-length says ${decodedBytes}`,
      );
    }
    return Object.fromEntries(this.#trailers);
  }

  #takeData(part: Buffer): void {
    if (this.#signed) this.#hash.update(part);
    this.#decoded += part.length;
    this.#left -= part.length;
    if (this.#left > 0) return;
    this.#checkChunk();
    this.#at = 'data-end';
  }

  #takeLine(line: string): void {
    if (this.#at === 'header') this.#takeHeader(line);
    else if (this.#at === 'data-end') {
      if (line !== '') throw malformed('a chunk is longer than its size');
      this.#at = 'header';
    } else if (line === '') this.#end();
    else this.#takeTrailer(line);
  }

  #takeHeader(line: string): void {
    const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
    if (match === null || (this.#signed && match[2] === undefined))
      throw malformed('a chunk has no valid header');
    this.#left = Number.parseInt(match[1] as string, 16);
    this.#claimed = match[2] ?? '';
    this.#hash = createHash('sha256');
    this.#isLast = this.#left === 0;
    this.#at = this.#isLast ? 'trailer' : 'data';
    if (this.#isLast) this.#checkChunk();
  }

  #takeTrailer(line: string): void {
    const colon = line.indexOf(':');
    this.#trailerBytes += line.length;
    if (!this.#trailing || colon < 1 || this.#trailerBytes > MAX_TRAILER_BYTES)
      throw malformed('a trailer is not valid');
    this.#trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }

  #checkChunk(): void {
    if (!this.#signed) return;
    const { timestamp, scope, key } = this.#options;
    const parts = [timestamp, scope, this.#previous, EMPTY_SHA256, this.#hash.digest('hex')];
    this.#check(this.#claimed, sign(key, ['AWS4-HMAC-SHA256-PAYLOAD', ...parts].join('\n')));
  }

  #end(): void {
    const claimed = this.#trailers.get('x-amz-trailer-signature');
    this.#trailers.delete('x-amz-trailer-signature');
    if (this.#signed && this.#trailing) {
      const text = [...this.#trailers].map(([name, value]) => `${name}:${value}\n`).join('');
      const { timestamp, scope, key } = this.#options;
      const parts = [timestamp, scope, this.#previous, hashBytes(text)];
      this.#check(claimed ?? '', sign(key, ['AWS4-HMAC-SHA256-TRAILER', ...parts].join('\n')));
    }
    this.#at = 'nothing';
  }

  #check(claimed: string, expected: string): void {
    if (!sameSignature(claimed, expected)) {
      throw new Fault(
        'signature-invalid',
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
        { facts: { reason: 'mismatch' } },
      );
    }
    this.#previous = expected;
  }
}

function bodyDiffers(): Fault {
  return new Fault(
    'signature-invalid',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    { facts: { reason: 'body' } },
  );
}

function malformed(what: string): Fault {
  return new Fault(
    'signature-incomplete',
    `The body is not in the form that x-amz-content-sha256 says: ${what}.`,
    {
      facts: { reason: 'body' },
    },
  );
}
