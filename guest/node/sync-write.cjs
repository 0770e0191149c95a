'use strict';
/**
 * Writing to a descriptor until every byte is gone, without the event loop.
 *
 * Log lines and answers must survive a `process.exit()` on the next line of user code, so they are
 * written synchronously. The descriptors are sockets that somebody else may have made non-blocking.
 */
const { writeSync } = require('node:fs');

const LONGEST_PAUSE_MS = 5;
const pauseCell = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes `length` bytes of `bytes` from `offset`. A full socket is waited for; a closed one is not.
 *
 * @param {number} fd
 * @param {Uint8Array} bytes
 * @param {number} offset
 * @param {number} length
 * @returns {boolean} false when the other end is gone
 */
function writeFully(fd, bytes, offset, length) {
  let at = offset;
  const end = offset + length;
  let pauseMs = 0.05;
  while (at < end) {
    try {
      at += writeSync(fd, bytes, at, end - at);
      pauseMs = 0.05;
    } catch (error) {
      if (error.code === 'EAGAIN') {
        Atomics.wait(pauseCell, 0, 0, pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      } else if (error.code !== 'EINTR') {
        return false;
      }
    }
  }
  return true;
}

module.exports = { writeFully };
