'use strict';
/**
 * The channel of a guest whose sandbox cannot be given one: the guest calls its node, shows its token, and
 * the connection carries frames from then on. The handshake is in docs/guest-protocol.md.
 */
const net = require('node:net');

/** A node that has not answered by then never will. */
const HANDSHAKE_MS = 10_000;
const MAX_ANSWER_LENGTH = 4_096;
const ACCEPTED = /^HTTP\/1\.1 101 /;

/**
 * What is written to the socket before it is connected, or answered, follows the request.
 *
 * @param {string} where `<token>@<host>:<port>`
 * @param {Buffer} buffer what is read into
 * @param {(bytes: Buffer) => void} onBytes what comes after the handshake; valid only during the call
 * @returns {import('node:net').Socket}
 */
function callNode(where, buffer, onBytes) {
  const [token, host, port] = where.split(/[@:]/);
  const late = setTimeout(() => giveUp('the node did not answer'), HANDSHAKE_MS);
  /** @type {string | null} the answer so far; null: it was a yes */
  let answer = '';

  function hear(bytes) {
    answer += bytes.toString('latin1');
    const end = answer.indexOf('\r\n\r\n');
    if (end < 0 && answer.length <= MAX_ANSWER_LENGTH) return;
    if (end < 0 || !ACCEPTED.test(answer)) giveUp(`the node refused its channel: ${answer.slice(0, 100)}`);
    clearTimeout(late);
    const rest = Buffer.from(answer.slice(end + 4), 'latin1');
    answer = null;
    if (rest.length > 0) onBytes(rest);
  }

  const callback = (length) => {
    const bytes = buffer.subarray(0, length);
    if (answer === null) onBytes(bytes);
    else hear(bytes);
    return true;
  };
  const socket = net.connect({ host, port: Number(port), noDelay: true, onread: { buffer, callback } });
  const head = ['GET /channel HTTP/1.1', `Host: ${host}:${port}`, `Authorization: ${token}`];
  socket.write(`${[...head, 'Connection: Upgrade', 'Upgrade: skein-frames'].join('\r\n')}\r\n\r\n`);
  return socket;
}

function giveUp(why) {
  console.error(why);
  process.exit(1);
}

module.exports = { callNode };
