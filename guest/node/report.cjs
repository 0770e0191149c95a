'use strict';
/** Puts results and errors on the channel, within the size that a caller may be sent. */
const { describe } = require('./errors.cjs');
const { TO_HOST } = require('./protocol.cjs');

/** AWS: 6 MB and 100 bytes. */
const MAX_ANSWER_BYTES = 6 * 1024 * 1024 + 100;

const tooLarge = {
  errorType: 'Function.ResponseSizeTooLarge',
  errorMessage: `Response payload size exceeded maximum allowed payload size (${MAX_ANSWER_BYTES} bytes).`,
};

function reporter(channel) {
  /** @param {string} json */
  function sendResult(json) {
    if (exceeds(json)) sendDescribed(TO_HOST.ERROR, tooLarge);
    else channel.sendText(TO_HOST.RESULT, json);
  }

  /**
   * @param {number} kind INIT_ERROR, ERROR, LAST_ERROR or STREAM_DONE
   * @param {unknown} error
   */
  function sendError(kind, error) {
    sendDescribed(kind, describe(error));
  }

  function sendDescribed(kind, described) {
    let json = JSON.stringify(described);
    let type = described.errorType;
    if (exceeds(json)) {
      json = JSON.stringify(tooLarge);
      type = tooLarge.errorType;
    }
    const typeBytes = Buffer.from(type.slice(0, 200));
    const head = Buffer.allocUnsafe(2 + typeBytes.length);
    head.writeUInt16BE(typeBytes.length, 0);
    head.set(typeBytes, 2);
    channel.sendBytes(kind, head, Buffer.from(json));
  }

  return { sendError, sendResult };
}

function exceeds(json) {
  return json.length * 3 > MAX_ANSWER_BYTES && Buffer.byteLength(json) > MAX_ANSWER_BYTES;
}

module.exports = { reporter };
