'use strict';
/**
 * The guest's end of the frames on descriptor 3. The protocol is docs/guest-protocol.md.
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

const FD = 3;
const HEADER_BYTES = 5;
const SCRATCH_BYTES = 64 * 1024;
const READ_BYTES = 64 * 1024;
/** No frame of the host is longer: an event of 6 MB and its header, with room to spare. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;

const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/**
 * @param {(kind: number, payload: Buffer) => void} onFrame the payload is valid only during the call
 */
function openChannel(onFrame) {
  /** @type {Buffer | null} a frame's bytes so far, header included, when it did not come in one piece */
  let partial = null;
  let partialLength = 0;

  function take(chunk) {
    let at = 0;
    while (at < chunk.length) {
      if (partial !== null) {
        at = fill(chunk, at);
        continue;
      }
      const left = chunk.length - at;
      const frameBytes = left < HEADER_BYTES ? HEADER_BYTES : sizeOf(chunk, at);
      if (left < frameBytes) {
        partial = Buffer.allocUnsafeSlow(frameBytes);
        partialLength = 0;
        continue;
      }
      onFrame(chunk[at + 4], chunk.subarray(at + HEADER_BYTES, at + frameBytes));
      at += frameBytes;
    }
  }

  function fill(chunk, from) {
    const wanted = Math.min(partial.length - partialLength, chunk.length - from);
    partialLength += chunk.copy(partial, partialLength, from, from + wanted);
    if (partialLength < partial.length) return from + wanted;
    const frameBytes = sizeOf(partial, 0);
    if (partial.length < frameBytes) {
      const whole = Buffer.allocUnsafeSlow(frameBytes);
      partial.copy(whole, 0, 0, partialLength);
      partial = whole;
    } else {
      const frame = partial;
      partial = null;
      onFrame(frame[4], frame.subarray(HEADER_BYTES));
    }
    return from + wanted;
  }

  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const socket = new net.Socket({
    fd: FD,
    readable: true,
    writable: true,
    onread: {
      buffer,
      callback(length) {
        take(buffer.subarray(0, length));
        return true;
      },
    },
  });
  // Without a host there is nobody to work for, nor anybody to tell.
  const leave = () => process.exit(0);
  socket.on('error', leave);
  socket.on('end', leave);
  socket.on('close', leave);

  function sendBytes(kind, head, bytes) {
    if (socket.writableLength > 0) return queue(kind, head, bytes);
    const body = head.length + bytes.length;
    if (HEADER_BYTES + body <= SCRATCH_BYTES) {
      putHeader(scratch, kind, body);
      scratch.set(head, HEADER_BYTES);
      scratch.set(bytes, HEADER_BYTES + head.length);
      writeFully(FD, scratch, 0, HEADER_BYTES + body);
      return;
    }
    putHeader(scratch, kind, body);
    scratch.set(head, HEADER_BYTES);
    if (writeFully(FD, scratch, 0, HEADER_BYTES + head.length)) writeFully(FD, bytes, 0, bytes.length);
  }

  function queue(kind, head, bytes, done) {
    const header = Buffer.allocUnsafe(HEADER_BYTES + head.length);
    putHeader(header, kind, head.length + bytes.length);
    header.set(head, HEADER_BYTES);
    socket.cork();
    if (bytes.length === 0) socket.write(header, done);
    else {
      socket.write(header);
      socket.write(bytes, done);
    }
    socket.uncork();
  }

  const NOTHING = Buffer.alloc(0);

  return {
    /** Sends one frame of text. */
    sendText(kind, text) {
      // A UTF-16 unit takes at most three bytes of UTF-8.
      if (text.length * 3 + HEADER_BYTES <= SCRATCH_BYTES && socket.writableLength === 0) {
        const length = text.length === 0 ? 0 : scratch.write(text, HEADER_BYTES, 'utf8');
        putHeader(scratch, kind, length);
        writeFully(FD, scratch, 0, HEADER_BYTES + length);
      } else {
        sendBytes(kind, NOTHING, Buffer.from(text));
      }
    },
    sendBytes,
    /** Queues a piece of a stream; `done` is called when the host has room for more. */
    queueData(kind, bytes, done) {
      queue(kind, NOTHING, bytes, done);
    },
    idle() {
      socket.ref();
    },
    busy() {
      socket.unref();
    },
  };
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

module.exports = { openChannel };
