'use strict';
/**
 * Compiled code of a version: sent to the host by the first instance after its init, read by all later ones
 * during theirs.
 *
 * Owns   a folder in TMPDIR from before the init until just after it: Node.js keeps its compile cache by
 *        name of version, engine and user, so what is shared is linked in there under that name.
 * Never  fails: without it an init takes longer, and that is all.
 *
 * Only init is recorded. Its code has seen no event, so what it compiled is as trusted as the code itself.
 */
const fs = require('node:fs');
const nodeModule = require('node:module');
const path = require('node:path');
const { TO_HOST } = require('./protocol.cjs');

/** A file must fit into one frame. */
const MAX_FILE_BYTES = 6 * 1024 * 1024;
/** The names that Node.js gives. */
const NAME = /^[0-9a-f]{8}$/;
/** What loads faster than this, in ms, is not worth the writing. */
const MIN_LOAD_MS = 4;

/**
 * @typedef {{
 *   send(channel: InstanceType<typeof import('./channel.cjs')['Channel']>, loadMs: number): void,
 *   clear(): void,
 * }} Kept `send` once the handler has been loaded, before anything else may happen; `clear` when there is time
 */

/** @type {Kept} */
const NOTHING = { send() {}, clear() {} };

/**
 * @param {{use: string} | {record: true} | null | undefined} order `use`: the folder of what was recorded
 * @returns {Kept}
 */
function open(order) {
  if (order === null || order === undefined) return NOTHING;
  let outer;
  try {
    outer = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp', '.compiled-'));
    nodeModule.enableCompileCache(outer);
    const inner = nodeModule.getCompileCacheDir();
    if (inner === undefined) return { send() {}, clear: () => clear(outer) };
    if ('record' in order)
      return { send: (...facts) => send(inner, ...facts), clear: () => clear(inner, outer) };
    fs.rmdirSync(inner);
    fs.symlinkSync(order.use, inner);
    return { send() {}, clear: () => clear(inner, outer) };
  } catch {
    return NOTHING;
  }
}

function send(inner, channel, loadMs) {
  if (loadMs < MIN_LOAD_MS) return;
  try {
    nodeModule.flushCompileCache();
    for (const name of fs.readdirSync(inner)) {
      const file = path.join(inner, name);
      if (!NAME.test(name) || fs.statSync(file).size > MAX_FILE_BYTES) continue;
      channel.sendBytes(TO_HOST.COMPILED, Buffer.from(name), fs.readFileSync(file));
    }
  } catch {
    // What was sent so far is whole.
  }
}

/** Removes links and folders; what stays is the instance's own, and goes with it. */
function clear(...paths) {
  for (const one of paths) {
    try {
      if (fs.lstatSync(one).isSymbolicLink()) fs.unlinkSync(one);
      else fs.rmSync(one, { recursive: true });
    } catch {
      // The code has seen to it, or does not let us.
    }
  }
}

module.exports = { open };
