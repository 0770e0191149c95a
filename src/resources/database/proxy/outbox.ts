/** Bytes on their way to a socket: what is put in within one turn leaves in one write. */
import type { Socket } from 'node:net';

export class Outbox {
  readonly #socket: Socket;
  #parts: Buffer[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  put(bytes: Buffer): void {
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
    this.#parts = [];
    if (parts.length === 1) return this.#socket.write(parts[0]!);
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
    return !this.#socket.writableNeedDrain;
  }
}
