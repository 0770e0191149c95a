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

/**
 * @param {{use: string} | {record: true} | null | undefined} order `use`: the folder of what was recorded
 * @returns {(channel: InstanceType<typeof import('./channel.cjs')['Channel']>) => void} to be called once
 *   the handler has been loaded
 */
function open(order) {
  if (order === null || order === undefined) return () => {};
  try {
    const outer = fs.mkdtempSync(path.join(process.env.TMPDIR ?? '/tmp', '.compiled-'));
    nodeModule.enableCompileCache(outer);
    const inner = nodeModule.getCompileCacheDir();
    if (inner === undefined) return () => quietly(() => fs.rmdirSync(outer));
    if ('use' in order) {
      fs.rmdirSync(inner);
      fs.symlinkSync(order.use, inner);
      return () => quietly(() => forget(outer, inner));
    }
    return (channel) => quietly(() => send(channel, outer, inner));
  } catch {
    return () => {};
  }
}

function forget(outer, inner) {
  fs.unlinkSync(inner);
  fs.rmdirSync(outer);
}

function send(channel, outer, inner) {
  nodeModule.flushCompileCache();
  for (const name of fs.readdirSync(inner)) {
    const file = path.join(inner, name);
    if (NAME.test(name) && fs.statSync(file).size <= MAX_FILE_BYTES)
      channel.sendBytes(TO_HOST.COMPILED, Buffer.from(name), fs.readFileSync(file));
    fs.unlinkSync(file);
  }
  fs.rmdirSync(inner);
  fs.rmdirSync(outer);
}

function quietly(action) {
  try {
    action();
  } catch {
    // What stays of it is the instance's own, and goes with it.
  }
}

module.exports = { open };
