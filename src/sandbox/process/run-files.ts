/**
 * What a killed node leaves behind, and how the next one finds it.
 *
 * Every sandbox has a file `<pid>-<start time>-<uid>-<boot>` in a folder only the node can write; it
 * holds the path of the sandbox's TMPDIR. The start time (from /proc, in clock ticks since boot) tells
 * a process from a later one that was given the same number, the boot from one after a reboot.
 *
 * Killing goes by session and by user. Any process can leave its session (`setsid`), but not its user.
 * Where a sandbox has no user of its own (the node is not root), those that left are known by the
 * TMPDIR they were started with; one that changed that too is out of sight.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface RunFile {
  readonly pid: number;
  readonly startTicks: number;
  /** The user of this sandbox alone; null: it shares the node's. */
  readonly uid: number | null;
  readonly boot: string;
}

/** What one sandbox's processes are known by. */
export interface Owner {
  readonly session: number;
  /** The user of this sandbox alone; null: it shares the node's. */
  readonly uid: number | null;
  /** Its TMPDIR, which no other sandbox has. */
  readonly tmp: string;
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
export function writeRunFile(folder: string, { session, uid, tmp }: Owner): string {
  const startTicks = readStat(session)?.startTicks ?? 0;
  const path = join(folder, `${session}-${startTicks}-${uid ?? 'self'}-${bootId()}`);
  writeFileSync(path, tmp, { mode: 0o600 });
  return path;
}

function parseRunFile(name: string): RunFile | null {
  const match = /^(\d+)-(\d+)-(\d+|self)-([0-9a-f-]+|none)$/.exec(name);
  if (match === null) return null;
  return {
    pid: Number(match[1]),
    startTicks: Number(match[2]),
    uid: match[3] === 'self' ? null : Number(match[3]),
    boot: match[4] as string,
  };
}

/** Process numbers and start times begin anew with every boot of the kernel. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return 'none'; // no /proc: nothing is found or killed by these files either
  }
}

/** Every process that belongs to one of these owners. Linux; elsewhere none. */
function processesOf(owners: readonly Owner[]): number[] {
  const sessions = new Set(owners.map((owner) => owner.session));
  const uids = new Set(owners.map((owner) => owner.uid).filter((uid) => uid !== null));
  const tmps = new Set(owners.filter((owner) => owner.uid === null).map((owner) => owner.tmp));
  return pids().filter((pid) => {
    const stat = readStat(pid);
    if (stat === null || stat.zombie) return false;
    if (sessions.has(stat.session)) return true;
    const user = ownerOf(pid);
    return uids.has(user) || (tmps.size > 0 && user === process.getuid?.() && startedWith(pid, tmps));
  });
}

function pids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Whether a process was started with one of these as its TMPDIR. */
function startedWith(pid: number, tmps: ReadonlySet<string>): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return environment.some(
      (entry) => entry.startsWith('TMPDIR=') && tmps.has(entry.slice('TMPDIR='.length)),
    );
  } catch {
    return false;
  }
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
 * Kills every process of these owners, and what those start meanwhile: looks until nothing new turns up.
 *
 * @returns how many were killed
 */
export function killAll(owners: readonly Owner[]): number {
  const killed = new Set<number>();
  for (let round = 0; round < 10; round++) {
    const left = processesOf(owners).filter((pid) => killQuietly(pid, 'SIGKILL'));
    if (left.length === 0) break;
    for (const pid of left) killed.add(pid);
  }
  return killed.size;
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
  const names = readdirSync(folder);
  const boot = bootId();
  const owners = names.flatMap((name): Owner[] => {
    const file = parseRunFile(name);
    if (file === null || file.boot !== boot) return [];
    const now = readStat(file.pid);
    if (now !== null && now.startTicks !== file.startTicks) return [];
    return [{ session: file.pid, uid: file.uid, tmp: readFileSync(join(folder, name), 'utf8') }];
  });
  const killed = killAll(owners);
  for (const name of names) forgetRunFile(join(folder, name));
  return killed;
}

/** Never fails: a file that stays names what is no more, and the next sweep finds nothing by it. */
export function forgetRunFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A sandbox must be able to end on a disk that is broken.
  }
}

/** @returns the most memory that a process ever had, MB; 0 when it has ended (or there is no /proc) */
export function peakMbOf(pid: number): number {
  try {
    const kb = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return Math.ceil(Number(kb ?? 0) / 1024);
  } catch {
    return 0;
  }
}
