/**
 * From whatever Node.js (≥ 20) a system has to the one that Skein needs (≥ 24).
 *
 * Owns   what is installed in node_modules, and that it matches package-lock.json.
 * Never  downloads a Node.js where the system's is new enough, nor anything at all once installed.
 *
 * On a Node.js ≥ 24 the program runs in this very process. On an older one it runs in a child that
 * shares the terminal, and this process only passes signals and the exit code on.
 */
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const nodeModule = require('node:module');
const path = require('node:path');

const ROOT = path.dirname(__dirname);
const OLDEST_MAJOR = 20;
const NEEDED_MAJOR = 24;

/**
 * Runs a TypeScript file of this project, installing first what is missing.
 *
 * @param {string} file relative to the project's folder
 * @param {string[]} args what the program finds in `process.argv.slice(2)`
 */
async function launch(file, args) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < OLDEST_MAJOR) {
    refuse(`Skein needs Node.js ${OLDEST_MAJOR} or newer to start; this is ${process.version}.`);
  }
  const { installed, install } = require('./install.js');
  if (!installed(ROOT)) await install(ROOT, major >= NEEDED_MAJOR).catch((error) => refuse(error.message));

  const program = path.join(ROOT, file);
  keepCompiled();
  if (major >= NEEDED_MAJOR) {
    process.argv = [process.execPath, program, ...args];
    await import(require('node:url').pathToFileURL(program).href);
  } else {
    runChild(path.join(ROOT, 'node_modules/.bin/node'), [program, ...args]);
  }
}

/**
 * What Node.js makes of our TypeScript is kept beside what npm installed, and goes when that does. Taking the types
 * out anew at each start took two thirds of the time until a node is ready. Where it cannot be written, nothing is kept.
 */
function keepCompiled() {
  process.env.NODE_COMPILE_CACHE ??= path.join(ROOT, 'node_modules/.cache/compiled');
  nodeModule.enableCompileCache?.(process.env.NODE_COMPILE_CACHE); // the variable alone is for children
}

function runChild(node, argv) {
  const child = spawn(node, argv, { stdio: 'inherit' });
  const pass = (signal) => {
    // A terminal sends Ctrl-C to us and to the child; passing it on would press it twice.
    if (signal === 'SIGINT' && inForeground()) return;
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
  for (const signal of signals) process.on(signal, pass);
  child.on('error', (error) =>
    refuse(`Cannot run ${node}: ${error.message}. Remove node_modules and try again.`),
  );
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of signals) process.removeListener(name, pass);
    process.kill(process.pid, signal);
  });
}

/** Whether a terminal's signals reach our process group, and so the child as well. */
function inForeground() {
  try {
    const fields = fs.readFileSync('/proc/self/stat', 'utf8').split(') ').pop().split(' ');
    const [, , processGroup, , , foregroundGroup] = fields;
    return processGroup === foregroundGroup;
  } catch {
    return process.stdin.isTTY === true; // no /proc: macOS, BSD
  }
}

function refuse(message) {
  console.error(`skein: ${message}`);
  process.exit(1);
}

module.exports = { launch };
