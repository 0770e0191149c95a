'use strict';
/**
 * The guest's end of the frames: on descriptor 3, or over a call to its node where the sandbox has no such
 * descriptor. The protocol is docs/guest-protocol.md.
 *
 * Owns   the socket, the cutting of bytes into frames, and whether waiting for the host keeps the
 *        process alive: it does while there is nothing to do (`idle`), and does not while user code
 *        runs (`busy`), so that `beforeExit` means "the function has nothing left to do".
 * Never  knows what a frame means.
 *
 * Control frames are written synchronously: one system call for a small answer, and nothing is lost
 * when user code exits right after. Only a stream's data goes through the socket's own queue, since
 * there the host's pace must reach the code as backpressure.
 */
const net = require('node:net');
const { writeFully } = require('./sync-write.cjs');

const INHERITED_FD = 3;
const HEADER_BYTES = 5;
const SCRATCH_BYTES = 64 * 1024;
const READ_BYTES = 64 * 1024;
/** No frame of the host is longer: an event of 6 MB and its header, with room to spare. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;

const NOTHING = Buffer.alloc(0);
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

class Channel {
  #socket;
  #onFrame;
  /** Of a call it is known once that is connected; until then everything is queued. */
  #fd = INHERITED_FD;
  /** @type {Buffer | null} a frame's bytes so far, header included, when it did not come in one piece */
  #partial = null;
  #partialLength = 0;

  /**
   * @param {(kind: number, payload: Buffer) => void} onFrame the payload is valid only during the call
   * @param {string | undefined} where to call; undefined: it was inherited
   */
  constructor(onFrame, where) {
    this.#onFrame = onFrame;
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    this.#socket = where === undefined ? this.#inherited(buffer) : this.#calling(where, buffer);
    // Without a host there is nobody to work for, nor anybody to tell.
    for (const event of ['error', 'end', 'close']) this.#socket.on(event, () => process.exit(0));
  }

  #inherited(buffer) {
    const callback = (length) => {
      this.#take(buffer.subarray(0, length));
      return true;
    };
    return new net.Socket({
      fd: INHERITED_FD,
      readable: true,
      writable: true,
      onread: { buffer, callback },
    });
  }

  #calling(where, buffer) {
    const { callNode } = require('./call.cjs');
    const socket = callNode(where, buffer, (bytes) => this.#take(bytes));
    return socket.once('connect', () => {
      // Node.js has no other name for it, and nothing else can be written to at once.
      this.#fd = /** @type {{ _handle: { fd: number } }} */ (/** @type {unknown} */ (socket))._handle.fd;
    });
  }

  /** There is nothing to do: wait for the host. */
  idle() {
    this.#socket.ref();
  }

  /** User code runs: when it has nothing left to do, the event loop is empty. */
  busy() {
    this.#socket.unref();
  }

  /** Sends one frame of text. */
  sendText(kind, text) {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    if (text.length * 3 + HEADER_BYTES > SCRATCH_BYTES || this.#socket.writableLength > 0) {
      this.sendBytes(kind, NOTHING, Buffer.from(text));
      return;
    }
    const length = text.length === 0 ? 0 : scratch.write(text, HEADER_BYTES, 'utf8');
    putHeader(scratch, kind, length);
    writeFully(this.#fd, scratch, 0, HEADER_BYTES + length);
  }

  /** Sends one frame whose payload is `head` (short) and then `bytes`. */
  sendBytes(kind, head, bytes) {
    if (this.#socket.writableLength > 0) {
      this.#queue(kind, head, bytes);
      return;
    }
    const fixed = HEADER_BYTES + head.length;
    putHeader(scratch, kind, head.length + bytes.length);
    scratch.set(head, HEADER_BYTES);
    if (fixed + bytes.length <= SCRATCH_BYTES) {
      scratch.set(bytes, fixed);
      writeFully(this.#fd, scratch, 0, fixed + bytes.length);
    } else if (writeFully(this.#fd, scratch, 0, fixed)) {
      writeFully(this.#fd, bytes, 0, bytes.length);
    }
  }

  /** Queues a piece of a stream; `done` is called when the host has room for more. */
  queueData(kind, bytes, done) {
    this.#queue(kind, NOTHING, bytes, done);
  }

  #queue(kind, head, bytes, done) {
    const header = Buffer.allocUnsafe(HEADER_BYTES + head.length);
    putHeader(header, kind, head.length + bytes.length);
    header.set(head, HEADER_BYTES);
    this.#socket.cork();
    this.#socket.write(header, bytes.length === 0 ? done : undefined);
    if (bytes.length > 0) this.#socket.write(bytes, done);
    this.#socket.uncork();
  }

  #take(chunk) {
    let at = 0;
    while (at < chunk.length) {
      if (this.#partial !== null) {
        at = this.#fill(chunk, at);
        continue;
      }
      const left = chunk.length - at;
      const frameBytes = left < HEADER_BYTES ? HEADER_BYTES : sizeOf(chunk, at);
      if (left < frameBytes) {
        this.#partial = Buffer.allocUnsafeSlow(frameBytes);
        this.#partialLength = 0;
        continue;
      }
      this.#onFrame(chunk[at + 4], chunk.subarray(at + HEADER_BYTES, at + frameBytes));
      at += frameBytes;
    }
  }

  /** Adds to the frame in progress. @returns how far the chunk is used up */
  #fill(chunk, from) {
    const partial = this.#partial;
    const wanted = Math.min(partial.length - this.#partialLength, chunk.length - from);
    this.#partialLength += chunk.copy(partial, this.#partialLength, from, from + wanted);
    if (this.#partialLength < partial.length) return from + wanted;
    const frameBytes = sizeOf(partial, 0);
    if (partial.length < frameBytes) {
      this.#partial = Buffer.allocUnsafeSlow(frameBytes);
      partial.copy(this.#partial);
    } else {
      this.#partial = null;
      this.#onFrame(partial[4], partial.subarray(HEADER_BYTES));
    }
    return from + wanted;
  }
}

function sizeOf(bytes, at) {
  const length = bytes.readUInt32BE(at);
  if (length > MAX_FRAME_BYTES) throw new RangeError(`a frame of ${length} bytes is not in the protocol`);
  return HEADER_BYTES + length;
}

function putHeader(bytes, kind, length) {
  bytes[0] = length >>> 24;
  bytes[1] = length >>> 16;
  bytes[2] = length >>> 8;
  bytes[3] = length;
  bytes[4] = kind;
}

module.exports = { Channel };
