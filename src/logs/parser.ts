/**
 * Bytes of one instance → lines.
 *
 * Two things stand in the same stream. A runtime of ours writes records:
 * `\x1e <request id or -> \t <level or -> \t <wall ms> \t <byte length> \n <bytes> \n`, so that a
 * message keeps its newlines and is known to belong to its request. Everything else is plain text,
 * a line each. A broken record header is plain text too: code may print what it likes.
 *
 * Holds at most one line of `maxLineBytes`; what is longer is cut and counted. No I/O, no clock.
 */
import type { ParsedLine } from './line.ts';

const RECORD = 0x1e;
const NEWLINE = 0x0a;
const MAX_HEADER_BYTES = 128;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the record separator is what marks a record
const HEADER = /^\x1e([0-9a-f-]{1,36})\t([A-Z]+|-)\t(\d{1,15})\t(\d{1,12})$/;

interface Record {
  readonly requestId: string | null;
  readonly level: string | null;
  readonly atMs: number;
  /** Bytes of the message still to come. */
  left: number;
}

export class LineParser {
  readonly #maxLineBytes: number;
  readonly #emit: (line: ParsedLine) => void;
  #parts: Buffer[] = [];
  #kept = 0;
  #cut = 0;
  #record: Record | null = null;
  /** The newline that ends a record's message is still to come. */
  #swallow = false;

  constructor(maxLineBytes: number, emit: (line: ParsedLine) => void) {
    this.#maxLineBytes = maxLineBytes;
    this.#emit = emit;
  }

  /** @param wallMs when the bytes were read: the time of plain lines */
  push(chunk: Buffer, wallMs: number): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#swallow) {
        this.#swallow = false;
        if (chunk[at] === NEWLINE) at += 1;
      } else if (this.#record !== null) {
        at = this.#pushMessage(this.#record, chunk, at);
      } else {
        at = this.#pushText(chunk, at, wallMs);
      }
    }
  }

  /** The stream has ended: what is left is a line. */
  end(wallMs: number): void {
    if (this.#record !== null) this.#finish(this.#record.requestId, this.#record.level, this.#record.atMs);
    else if (this.#kept > 0) this.#finish(null, null, wallMs);
    this.#record = null;
  }

  #pushMessage(record: Record, chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + record.left);
    this.#keep(chunk.subarray(at, end));
    record.left -= end - at;
    if (record.left === 0) {
      this.#finish(record.requestId, record.level, record.atMs);
      this.#record = null;
      this.#swallow = true;
    }
    return end;
  }

  #pushText(chunk: Buffer, at: number, wallMs: number): number {
    const newline = chunk.indexOf(NEWLINE, at);
    const end = newline === -1 ? chunk.length : newline;
    this.#keep(chunk.subarray(at, end));
    if (newline === -1) return end;
    const header = this.#takeHeader();
    if (header === null) this.#finish(null, null, wallMs);
    else if (header.left === 0) {
      this.#finish(header.requestId, header.level, header.atMs);
      this.#swallow = true;
    } else this.#record = header;
    return newline + 1;
  }

  #takeHeader(): Record | null {
    if (this.#parts[0]?.[0] !== RECORD || this.#kept > MAX_HEADER_BYTES) return null;
    const match = HEADER.exec(Buffer.concat(this.#parts).toString('latin1'));
    if (match === null) return null;
    this.#parts = [];
    this.#kept = 0;
    const [, requestId, level, atMs, bytes] = match as unknown as [string, string, string, string, string];
    return {
      requestId: requestId === '-' ? null : requestId,
      level: level === '-' ? null : level,
      atMs: Number(atMs),
      left: Number(bytes),
    };
  }

  #keep(piece: Buffer): void {
    const room = Math.max(0, this.#maxLineBytes - this.#kept);
    const kept = piece.length <= room ? piece : piece.subarray(0, room);
    this.#cut += piece.length - kept.length;
    if (kept.length === 0) return;
    this.#parts.push(kept);
    this.#kept += kept.length;
  }

  #finish(requestId: string | null, level: string | null, atMs: number): void {
    const bytes = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    const cutBytes = this.#cut;
    this.#parts = [];
    this.#kept = 0;
    this.#cut = 0;
    this.#emit({ requestId, level, atMs, text: bytes.toString('utf8'), cutBytes });
  }
}
