/** Bytes on their way to a socket: what is put in within one turn leaves in one write. */
import type { Socket } from 'node:net';

/** Up to here copying parts together costs less than a list of them. */
const JOIN_BYTES = 16 * 1024;

export class Outbox {
  readonly #socket: Socket;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  put(bytes: Buffer): void {
    this.#bytes += bytes.length;
    const last = this.#parts.at(-1);
    // Messages that pass unchanged lie one behind the other in what was read: they stay one part.
    if (
      last !== undefined &&
      last.buffer === bytes.buffer &&
      last.byteOffset + last.length === bytes.byteOffset
    ) {
      this.#parts[this.#parts.length - 1] = Buffer.from(
        last.buffer,
        last.byteOffset,
        last.length + bytes.length,
      );
    } else this.#parts.push(bytes);
  }

  /** @returns false when the socket has enough: wait for its `drain` */
  flush(): boolean {
    const parts = this.#parts;
    if (parts.length === 0) return !this.#socket.writableNeedDrain;
    const bytes = this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    if (parts.length === 1) return this.#socket.write(parts[0]!);
    if (bytes <= JOIN_BYTES) return this.#socket.write(Buffer.concat(parts, bytes));
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
    return !this.#socket.writableNeedDrain;
  }
}
