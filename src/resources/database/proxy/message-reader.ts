/**
 * Cuts a stream of bytes into messages, without ever holding a long one.
 *
 * A message is given when its head is here: all of it, or its first bytes up to what the type's head
 * may be. What is longer follows in pieces, as it arrives. So memory is bounded by the heads, also
 * while gigabytes pass.
 *
 * The current message is in the fields until `next` is called again: one object for all messages,
 * since a result has millions of them.
 */
import { HEADER_BYTES, ProtocolError } from './wire.ts';

/** PostgreSQL's own bound of a message. */
const MAX_MESSAGE_BYTES = 0x3fffffff;
/** Instead of a type: more of the message before. */
export const PIECE = 0;

const NOTHING = Buffer.alloc(0);

export class MessageReader {
  /** Of the current message, or PIECE. */
  type = PIECE;
  /** With its header, as far as it is not in pieces; of a piece, the bytes themselves. Good until the next `push`. */
  bytes: Buffer = NOTHING;
  /** How many bytes follow in pieces. */
  rest = 0;

  readonly #headBytes: (type: number) => number;
  #held: Buffer = NOTHING;
  #at = 0;

  /** @param headBytes how much of a body is wanted at once, by type */
  constructor(headBytes: (type: number) => number) {
    this.#headBytes = headBytes;
  }

  push(chunk: Buffer): void {
    const left = this.#held.length - this.#at;
    this.#held = left === 0 ? chunk : Buffer.concat([this.#held.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /**
   * @returns whether there is a message, or a piece, in the fields; false: it takes more bytes
   * @throws {ProtocolError} when these bytes are no messages
   */
  next(): boolean {
    const held = this.#held.length - this.#at;
    if (this.rest > 0) return this.#piece(held);
    if (held < HEADER_BYTES) return false;
    const length = this.#held.readInt32BE(this.#at + 1) + 1;
    if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES) {
      throw new ProtocolError(`a message cannot be ${length} bytes long`);
    }
    const type = this.#held[this.#at]!;
    const head = Math.min(length, HEADER_BYTES + this.#headBytes(type));
    if (held < head) return false;
    const taken = Math.min(length, held);
    this.type = type;
    this.bytes = this.#take(taken);
    this.rest = length - taken;
    return true;
  }

  #piece(held: number): boolean {
    if (held === 0) return false;
    this.type = PIECE;
    this.bytes = this.#take(Math.min(this.rest, held));
    this.rest -= this.bytes.length;
    return true;
  }

  #take(count: number): Buffer {
    const taken = this.#held.subarray(this.#at, this.#at + count);
    this.#at += count;
    if (this.#at === this.#held.length) {
      this.#held = NOTHING; // nothing of a long chunk is kept for the sake of its end
      this.#at = 0;
    }
    return taken;
  }
}
