/** What runs on this machine, as /proc tells it (Linux). */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** As it knows itself in its own namespace; its pid, where it has none. */
  readonly ownPid: number;
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

/** Every process of a node: below its own, and in its sandboxes, whose processes are nobody's children. */
export function processesOf(node: { readonly pid: number; readonly home: string }): Process[] {
  return [...processesBelow(node.pid), ...processesInSandboxes(node.home)];
}

function processesInSandboxes(home: string): Process[] {
  const folder = join(home, 'sandboxes');
  if (!existsSync(folder)) return [];
  const id = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 6);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && readQuietly(`/proc/${name}/cgroup`).includes(`:/skein-${id}/`))
    .map((name) => processOf(Number(name)))
    .filter((found) => found !== null);
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // it ended
  }
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
    const status = readQuietly(`/proc/${pid}/status`);
    const ownPid = Number(/^NSpid:.*\t(\d+)$/m.exec(status)?.[1] ?? pid);
    return { pid, parent: Number(fields[1]), ownPid, startTicks: Number(fields[19]), command };
  } catch {
    return null;
  }
}
