'use strict';
/**
 * What a function prints, marked with the request it belongs to.
 *
 * Each message of `console` is one record on descriptor 1, and so is each line of a plain print. All writes are synchronous: what was printed is out before
 * the next statement runs, whatever that does.
 */
const util = require('node:util');
const { writeFully } = require('./sync-write.cjs');

const FD = 1;
/** Room for a record's head before its text. */
const HEAD_BYTES = 256;
const SCRATCH_BYTES = 64 * 1024;
/** An unfinished line is kept back up to this length. */
const MAX_PARTIAL_LENGTH = 64 * 1024;
const NEWLINE = 10;

const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
let requestId = '-';

function head(level, length) {
  return `\x1e${requestId}\t${level}\t${Date.now()}\t${length}\n`;
}

/** @param {string} level @param {string} text */
function writeText(level, text) {
  if (text.length * 3 + HEAD_BYTES + 1 > SCRATCH_BYTES) return writeLongText(level, text);
  const length = scratch.write(text, HEAD_BYTES, 'utf8');
  const top = head(level, length);
  const start = HEAD_BYTES - top.length;
  scratch.write(top, start, 'latin1');
  scratch[HEAD_BYTES + length] = NEWLINE;
  writeFully(FD, scratch, start, top.length + length + 1);
}

/** In pieces, so that a text as large as the function's memory can be printed. */
function writeLongText(level, text) {
  const encoder = new TextEncoder();
  const top = head(level, Buffer.byteLength(text));
  writeFully(FD, scratch, 0, scratch.write(top, 'latin1'));
  for (let at = 0; at < text.length; ) {
    const piece = encoder.encodeInto(text.slice(at, at + SCRATCH_BYTES), scratch);
    if (!writeFully(FD, scratch, 0, piece.written)) return;
    at += piece.read;
  }
  scratch[0] = NEWLINE;
  writeFully(FD, scratch, 0, 1);
}

/** @param {Uint8Array} bytes */
function writeBytes(level, bytes) {
  writeFully(FD, scratch, 0, scratch.write(head(level, bytes.length), 'latin1'));
  writeFully(FD, bytes, 0, bytes.length);
  scratch[0] = NEWLINE;
  writeFully(FD, scratch, 0, 1);
}

/** One record a line, and one system call for as many as there is room for. @param {string | Buffer} all */
function writeLines(all) {
  let used = 0;
  for (let at = 0; at <= all.length; ) {
    const newline = all.indexOf('\n', at);
    const end = newline < 0 ? all.length : newline;
    const line = all.slice(at, end);
    at = end + 1;
    const most = (typeof line === 'string' ? line.length * 3 : line.length) + HEAD_BYTES;
    if (used + most > SCRATCH_BYTES) {
      writeFully(FD, scratch, 0, used);
      used = 0;
    }
    if (most <= SCRATCH_BYTES) used += putLine(line, used);
    else if (typeof line === 'string') writeLongText('-', line);
    else writeBytes('-', line);
  }
  writeFully(FD, scratch, 0, used);
}

function putLine(line, at) {
  const isText = typeof line === 'string';
  const start = at + scratch.write(head('-', isText ? Buffer.byteLength(line) : line.length), at, 'latin1');
  const end = start + (isText ? scratch.write(line, start, 'utf8') : line.copy(scratch, start));
  scratch[end] = NEWLINE;
  return end + 1 - at;
}

/** Cuts plain prints into lines. */
function lineWriter() {
  /** @type {string | Buffer} */
  let partial = '';

  function write(chunk) {
    let all = chunk;
    if (partial.length > 0) {
      const texts = typeof partial === 'string' && typeof chunk === 'string';
      all = texts ? partial + chunk : Buffer.concat([Buffer.from(partial), Buffer.from(chunk)]);
    }
    const end = all.lastIndexOf('\n');
    if (end >= 0) writeLines(all.slice(0, end));
    partial = end < 0 ? all : all.slice(end + 1);
    if (partial.length > MAX_PARTIAL_LENGTH) flush();
    // A slice would keep the whole chunk alive.
    else if (typeof partial !== 'string') partial = Buffer.from(partial);
  }

  function flush() {
    if (partial.length > 0) writeLines(partial);
    partial = '';
  }

  return { write, flush };
}

const lines = { 1: lineWriter(), 2: lineWriter() };

/** process.stdout and process.stderr, made when first used: most functions only use `console`. */
function plainStream(fd) {
  const { Writable } = require('node:stream');
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, encoding, done) {
      const text = typeof chunk === 'string' && encoding !== 'utf8' && encoding !== 'utf-8';
      lines[fd].write(text ? Buffer.from(chunk, encoding) : chunk);
      done();
    },
    // Like the real ones, they outlive `end()` and `destroy()`.
    destroy(error, done) {
      done(error);
    },
  });
  return Object.assign(stream, { fd, _type: 'pipe' });
}

function replaceStream(name, fd) {
  let stream;
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get() {
      stream ??= plainStream(fd);
      return stream;
    },
  });
}

/** Replaces `console`, `process.stdout` and `process.stderr`. */
function install() {
  const levels = {
    trace: 'TRACE',
    debug: 'DEBUG',
    info: 'INFO',
    warn: 'WARN',
    error: 'ERROR',
    fatal: 'FATAL',
  };
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...parts) => {
      writeText(level, parts.length === 1 && typeof parts[0] === 'string' ? parts[0] : util.format(...parts));
    };
  }
  console.log = console.info;
  replaceStream('stdout', 1);
  replaceStream('stderr', 2);
  process.on('exit', flush);
}

/** Lets go of unfinished lines; called when their request ends. */
function flush() {
  lines[1].flush();
  lines[2].flush();
}

/** @param {string} id the request that prints belong to from now on */
function setRequest(id) {
  requestId = id;
}

module.exports = { flush, install, setRequest };
