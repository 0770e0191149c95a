/**
 * The first bytes of a connection, when it may be TLS: which server does the client name? (RFC 8446
 * 4.1.2, RFC 6066 3.) No I/O. It only reads; who is not answered with certainty is not let through.
 */

/** A ClientHello with post-quantum keys and a ticket has 2 to 4 KB. */
export const MAX_HELLO_BYTES = 16 * 1024;

/** One is enough, and clients that cut it to pass middleboxes make a few. */
const MAX_RECORDS = 16;

const HANDSHAKE = 0x16;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;

export type Opening =
  /** Not yet to be said. */
  | { readonly kind: 'more' }
  | { readonly kind: 'plain' }
  | { readonly kind: 'tls'; readonly serverName: string | null }
  | { readonly kind: 'broken' };

/** A TLS record: the server knows no such name, and closes. */
export const UNRECOGNIZED_NAME = Buffer.from([0x15, 3, 3, 0, 2, 2, 112]);

/** @param bytes everything that has come so far */
export function readOpening(bytes: Buffer): Opening {
  if (bytes.length === 0) return { kind: 'more' };
  if (bytes[0] !== HANDSHAKE) return { kind: 'plain' };
  try {
    const hello = clientHello(bytes);
    if (hello !== null) return { kind: 'tls', serverName: serverNameOf(new Reader(hello)) };
    return bytes.length < MAX_HELLO_BYTES ? { kind: 'more' } : { kind: 'broken' };
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'broken' };
    throw error;
  }
}

/** @returns the body of the first message, put together from its records; null: not all is there */
function clientHello(bytes: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  let at = 0;
  let missing = MESSAGE_HEADER;
  while (missing > 0 && at + RECORD_HEADER <= bytes.length) {
    const length = bytes.readUInt16BE(at + 3);
    const isHandshake = bytes[at] === HANDSHAKE && bytes[at + 1] === 3 && length > 0;
    if (!isHandshake || parts.length === MAX_RECORDS) throw new RangeError('no handshake, or in crumbs');
    parts.push(bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length));
    at += RECORD_HEADER + length;
    missing = missingOf(parts);
  }
  if (missing > 0) return null;
  const all = Buffer.concat(parts);
  return all.subarray(MESSAGE_HEADER, MESSAGE_HEADER + all.readUIntBE(1, 3));
}

/** @returns how many bytes the message still lacks, as far as can be said */
function missingOf(parts: readonly Buffer[]): number {
  const have = parts.reduce((sum, part) => sum + part.length, 0);
  if (have < MESSAGE_HEADER) return MESSAGE_HEADER - have;
  const [type, ...size] = Buffer.concat(parts, MESSAGE_HEADER);
  const bytes = size.reduce((sum, byte) => sum * 256 + byte, 0);
  if (type !== CLIENT_HELLO || bytes > MAX_HELLO_BYTES) throw new RangeError('no ClientHello');
  return Math.max(0, MESSAGE_HEADER + bytes - have);
}

/** @returns null when it names none */
function serverNameOf(hello: Reader): string | null {
  hello.skip(2 + 32); // version, random
  hello.skip(hello.number(1)); // session
  hello.skip(hello.number(2)); // cipher suites
  hello.skip(hello.number(1)); // compression
  if (hello.atEnd) return null;
  const extensions = hello.part(hello.number(2));
  let found: string | null = null;
  while (!extensions.atEnd) {
    const type = extensions.number(2);
    const body = extensions.part(extensions.number(2));
    if (type !== SERVER_NAME) continue;
    if (found !== null) throw new RangeError('two lists of names');
    found = onlyName(body.part(body.number(2)));
  }
  return found;
}

/** Servers differ in which of two they take, so there must not be two. */
function onlyName(list: Reader): string {
  if (list.number(1) !== HOST_NAME) throw new RangeError('not a host name');
  const name = list.text(list.number(2));
  if (!list.atEnd) throw new RangeError('two names');
  return name;
}

/** Reads forward. @throws {RangeError} beyond the end */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  number(size: number): number {
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }

  skip(size: number): void {
    this.#take(size);
  }

  part(size: number): Reader {
    return new Reader(this.#take(size));
  }

  text(size: number): string {
    return this.#take(size).toString('latin1');
  }

  #take(size: number): Buffer {
    const from = this.#at;
    if (from + size > this.#bytes.length) throw new RangeError('beyond the end');
    this.#at = from + size;
    return this.#bytes.subarray(from, this.#at);
  }
}
