/** What runs on this machine, as /proc tells it (Linux). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** With the pid it names one process for good: a pid alone is given again. */
  readonly startTicks: number;
  readonly command: string;
}

/** Every process below this one, except those that have ended and wait for their parent. */
export function processesBelow(pid: number): Process[] {
  const all = readdirSync('/proc')
    .map(Number)
    .filter(Number.isInteger)
    .map(processOf)
    .filter((found) => found !== null);
  const below = (parent: number): Process[] =>
    all.filter((found) => found.parent === parent).flatMap((child) => [child, ...below(child.pid)]);
  return below(pid);
}

export function isAlive(wanted: Process): boolean {
  return processOf(wanted.pid)?.startTicks === wanted.startTicks;
}

/** What the open descriptors of a process are, in the words of /proc: `socket:[1]`, `/tmp/file`. */
export function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(`${folder}/${fd}`)];
    } catch {
      return []; // closed while we looked
    }
  });
}

/** Resident memory of a process, MB. */
export function residentMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kb) / 1024;
}

/** @returns whether there was such a process */
export function killQuietly(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return pid > 1 && process.kill(pid, signal);
  } catch {
    return false;
  }
}

function processOf(pid: number): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return null;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(fields[1]), startTicks: Number(fields[19]), command };
  } catch {
    return null;
  }
}
