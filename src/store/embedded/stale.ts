/**
 * What an earlier node that was killed has left: a server that still runs, or only its pid file.
 *
 * A process belongs to this data folder if it is a postgres and the folder is its working directory:
 * that is true of the postmaster and all its children. A pid alone says nothing, since pids come
 * round again.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { type Clock, Fault, sleep } from '../../base/index.ts';
import type { Place } from './place.ts';

/** Asked kindly, then told, then made to; ms for each. */
const STOP_STEPS = [
  ['SIGINT', 5_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 2_000],
] as const;

const POLL_MS = 10;

/**
 * Ends every process of the data folder, and takes away a pid file that now names a stranger.
 *
 * A pid file whose process is dead is left in place: PostgreSQL reads in it whether shared memory
 * is still in use, and replaces it.
 *
 * @throws {Fault} `database-unavailable` when a process of this folder cannot be ended
 */
export async function clearStale(place: Place, clock: Clock): Promise<void> {
  const pidFile = join(place.data, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number((await readFile(pidFile, 'utf8')).split('\n')[0]);
  await endAll(place, pid, clock);
  // Power cuts leave empty files; PostgreSQL would refuse to start beside one.
  if (!(pid > 0) || isAlive(pid)) await rm(pidFile, { force: true });
}

async function endAll(place: Place, postmaster: number, clock: Clock): Promise<void> {
  for (const [signal, waitMs] of STOP_STEPS) {
    const pids = await processesIn(place.data, postmaster);
    if (pids.length === 0) return;
    // The postmaster ends its children itself, and in order. Without one, all are told.
    for (const pid of pids.includes(postmaster) ? [postmaster] : pids) kill(pid, signal);
    const endMs = clock.nowMs() + waitMs;
    while (clock.nowMs() < endMs && (await processesIn(place.data, postmaster)).length > 0) {
      await sleep(clock, POLL_MS);
    }
  }
  const left = await processesIn(place.data, postmaster);
  if (left.length === 0) return;
  throw new Fault(
    'database-unavailable',
    `An earlier PostgreSQL (process ${left.join(', ')}) still uses ${place.data} and does not end. End it, then start again.`,
    { facts: { pid: left[0]! } },
  );
}

/** @returns pids of the servers that work in `folder` */
async function processesIn(folder: string, postmaster: number): Promise<number[]> {
  if (!existsSync('/proc/self/cwd')) return (await isServerByPs(folder, postmaster)) ? [postmaster] : [];
  const real = await realpath(folder);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const inside = await Promise.all(pids.map((pid) => isServerIn(real, pid)));
  return pids.filter((_, index) => inside[index]).map(Number);
}

async function isServerIn(folder: string, pid: string): Promise<boolean> {
  try {
    if ((await readlink(`/proc/${pid}/cwd`)) !== folder) return false;
    // Somebody's shell may be in the folder too. A replaced program reads "… (deleted)".
    return basename(await readlink(`/proc/${pid}/exe`)).startsWith('postgres');
  } catch {
    return false; // ended, or another user's and so not ours
  }
}

/** Where there is no /proc, the command line must do: the server was started with `-D <folder>`. */
async function isServerByPs(folder: string, pid: number): Promise<boolean> {
  if (!(pid > 0)) return false;
  const listed = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => null);
  return listed?.stdout.includes(`postgres -D ${folder} `) ?? false;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
