'use strict';
/**
 * A streamed answer: `awslambda.streamifyResponse` and what its handlers write to.
 *
 * Nothing reaches the caller before the first write, so an error until then is an ordinary error.
 * `write` is answered when the host has taken the bytes: its pace is the handler's backpressure.
 */
const { Writable } = require('node:stream');
const { TO_HOST } = require('./protocol.cjs');
const { RuntimeError } = require('./errors.cjs');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');
const INTEGRATION_TYPE = 'application/vnd.awslambda.http-integration-response';
const MAX_PIECE_BYTES = 64 * 1024;

/** Makes the global `awslambda` of Lambda's runtime. */
function install() {
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[STREAMING] = 'response';
      if (typeof options?.highWaterMark === 'number')
        handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
      return handler;
    },
    HttpResponseStream: {
      from(stream, metadata) {
        stream.setContentType(INTEGRATION_TYPE);
        const prelude = JSON.stringify(metadata);
        stream._onBeforeFirstWrite = (write) => {
          write(prelude);
          write(new Uint8Array(8));
        };
        return stream;
      },
    },
  };
}

/** @param {Function} handler */
function isStreaming(handler) {
  return handler[STREAMING] === 'response';
}

/** @param {Function} handler */
function responseStream(channel, handler) {
  let contentType = 'application/octet-stream';
  let started = false;

  function start() {
    started = true;
    channel.sendText(TO_HOST.STREAM_START, contentType);
    /** @type {any} */ (stream)._onBeforeFirstWrite?.((piece) =>
      channel.queueData(TO_HOST.STREAM_DATA, Buffer.from(piece)),
    );
  }

  /** In pieces, so that no frame is longer than the host cares to hold. */
  function sendPieces(bytes, done) {
    const piece = bytes.subarray(0, MAX_PIECE_BYTES);
    const rest = bytes.subarray(MAX_PIECE_BYTES);
    channel.queueData(TO_HOST.STREAM_DATA, piece, (error) => {
      if (error || rest.length === 0) done(error);
      else sendPieces(rest, done);
    });
  }

  /** @type {any} */
  const stream = new Writable({
    ...(handler[HIGH_WATER_MARK] > 0 ? { highWaterMark: handler[HIGH_WATER_MARK] } : {}),
    write(chunk, _encoding, done) {
      if (!started) start();
      if (chunk.length === 0) done();
      else sendPieces(chunk, done);
    },
    final(done) {
      if (!started) start();
      channel.sendText(TO_HOST.STREAM_END, '');
      done();
    },
  });
  const writeBytes = stream.write;
  /** @type {any} */ (stream).write = (chunk, encoding, done) => {
    const plain = typeof chunk === 'string' || chunk instanceof Uint8Array;
    // Lambda's stream takes any value and sends its JSON.
    return writeBytes.call(stream, plain ? chunk : JSON.stringify(chunk), encoding, done);
  };
  /** @type {any} */ (stream).setContentType = (type) => {
    if (started) throw new RuntimeError('InvalidStreamingOperation', 'Cannot set content-type, too late.');
    contentType = type;
  };
  // A failed stream ends its invocation with an error; it is never an uncaught exception.
  stream.on('error', () => {});

  return { stream, hasStarted: () => started };
}

module.exports = { install, isStreaming, responseStream };
