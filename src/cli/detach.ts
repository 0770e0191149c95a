/** Starting a node in a process and session of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, makeFolder } from '../base/index.ts';
import { note } from './output.ts';
import type { Ready, StartMessage } from './starter.ts';

/** The node's own output; the file before this size is kept as node.log.1, anything older goes. */
const MAX_LOG_BYTES = 5 * 1024 * 1024;

/**
 * Starts `skein up` in the background and waits until it is ready.
 *
 * @param argv what was typed after `up`, `--detach` among it
 * @throws {Fault} what kept the node from starting
 */
export async function startDetached(home: string, argv: readonly string[]): Promise<Ready> {
  const log = openLog(home);
  const main = join(import.meta.dirname, 'main.ts');
  const rest = argv.filter((word) => word !== '--detach' && word !== '-d');
  const child = spawn(process.execPath, [...process.execArgv, main, 'up', ...rest], {
    detached: true, // a session of its own: the terminal's Ctrl-C and its end do not reach it
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
  });
  closeSync(log.fd);
  try {
    return await firstNews(child, log.path);
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function openLog(home: string): { fd: number; path: string } {
  const path = join(home, 'node.log');
  makeFolder(home, { mode: 0o711, what: 'The home', wayOut: 'Choose another with --home.' });
  try {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) renameSync(path, `${path}.1`);
    return { fd: openSync(path, 'a', 0o600), path };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Fault(
      'option-invalid',
      `The home ${home} cannot be written (${code}). Choose a folder of yours with --home.`,
      { facts: { home }, cause: error },
    );
  }
}

function firstNews(child: ChildProcess, logPath: string): Promise<Ready> {
  const { promise, resolve, reject } = Promise.withResolvers<Ready>();
  child.on('message', (message: StartMessage) => {
    if (message.kind === 'progress') note(message.line);
    else if (message.kind === 'ready') resolve(message.ready);
    else if (message.code !== null)
      reject(new Fault(message.code, message.message, { facts: message.facts }));
    else reject(new Error(`${message.message}\nThe node's log is ${logPath}.`));
  });
  child.on('error', reject);
  child.on('exit', (code, signal) => reject(ended(signal ?? `exit code ${code}`, logPath)));
  return promise;
}

function ended(how: string, logPath: string): Fault {
  const tail = readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
  return new Fault(
    'node-not-running',
    `The node ended while it started (${how}). Its log ${logPath} ends with:\n${tail}`,
  );
}
