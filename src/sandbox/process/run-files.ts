/**
 * What a killed node leaves behind, and how the next one finds it.
 *
 * Every sandbox has an empty file `<pid>-<start time>-<uid>` in a folder only the node can write;
 * the start time (from /proc, in clock ticks since boot) tells a process from a later one that was
 * given the same number. Killing goes by session and by user id, because a process can leave its
 * group but neither of these without rights it does not have.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RunFile {
  readonly pid: number;
  readonly startTicks: number;
  /** The user of this sandbox alone; null: it shares the node's. */
  readonly uid: number | null;
}

interface ProcStat {
  /** Ended, and waiting for its parent to notice: nothing left to kill. */
  readonly zombie: boolean;
  readonly session: number;
  readonly startTicks: number;
}

/** @returns null when there is no such process (or no /proc) */
export function readStat(pid: number): ProcStat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { zombie: fields[0] === 'Z', session: Number(fields[3]), startTicks: Number(fields[19]) };
  } catch {
    return null;
  }
}

/** Remembers a sandbox. @returns the file's path, to be removed when the sandbox is gone */
export function writeRunFile(folder: string, pid: number, uid: number | null): string {
  const path = join(folder, `${pid}-${readStat(pid)?.startTicks ?? 0}-${uid ?? 'self'}`);
  writeFileSync(path, '', { mode: 0o600 });
  return path;
}

function parseRunFile(name: string): RunFile | null {
  const match = /^(\d+)-(\d+)-(\d+|self)$/.exec(name);
  if (match === null) return null;
  return {
    pid: Number(match[1]),
    startTicks: Number(match[2]),
    uid: match[3] === 'self' ? null : Number(match[3]),
  };
}

/** Every process that is in one of these sessions or belongs to one of these users. Linux; elsewhere none. */
export function processesOf(sessions: ReadonlySet<number>, uids: ReadonlySet<number>): number[] {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = readStat(pid);
      if (stat === null || stat.zombie) return false;
      return sessions.has(stat.session) || (uids.size > 0 && uids.has(ownerOf(pid)));
    });
}

function ownerOf(pid: number): number {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch {
    return -1;
  }
}

/** Ends a process if it is still there. @returns whether it was */
export function killQuietly(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // it ended by itself
  }
}

/**
 * Kills what the files in `folder` remember and is still running, then forgets it.
 *
 * A session number is not given to a new process while any member of the session lives, so members
 * of a remembered session are ours unless its leader is a different process by now.
 *
 * @returns how many processes were killed
 */
export function sweepRunFiles(folder: string): number {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = readdirSync(folder)
    .map(parseRunFile)
    .filter((file) => file !== null);
  const ours = files.filter((file) => {
    const now = readStat(file.pid);
    return now === null || now.startTicks === file.startTicks;
  });
  const sessions = new Set(ours.map((file) => file.pid));
  const uids = new Set(ours.map((file) => file.uid).filter((uid) => uid !== null));
  let killed = 0;
  for (const pid of processesOf(sessions, uids)) if (killQuietly(pid, 'SIGKILL')) killed += 1;
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { force: true });
  return killed;
}
