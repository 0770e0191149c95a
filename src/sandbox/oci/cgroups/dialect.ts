/**
 * What differs between the two versions of control groups: which files say what.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the kernel shows its control groups. */
export interface Hierarchies {
  /** `1` also for the mix of both, whose controllers are those of version 1. */
  readonly version: 1 | 2;
  /** Version 1: the folder of each controller. Version 2: all of them the one folder. */
  readonly controllers: Readonly<Record<'memory' | 'cpu' | 'pids' | 'freezer', string>>;
  /** Every hierarchy's folder: a runtime makes a sandbox's group in each. */
  readonly all: readonly string[];
}

export interface Dialect {
  /** Folders in which the parent of all is made. */
  readonly controllers: readonly string[];
  /** The hierarchy that says which processes are in a group. */
  readonly processes: string;
  /** Lets the groups below this one be bounded. */
  delegate(path: string): void;
  setMemoryMb(path: string, memoryMb: number): boolean;
  setPids(path: string, pids: number): void;
  setProcessors(path: string, processors: number): void;
  setFrozen(path: string, frozen: boolean): void;
  peakMb(path: string): number;
  memoryKills(path: string): number;
}

/** Time is given out in slices of this long, µs: short enough that a function waits for its next one at most 20 ms. */
const PERIOD_US = 20_000;
/** The kernel takes no smaller slice. */
const LEAST_US = 1_000;
const MB = 1024 * 1024;

export function dialectOf(hierarchies: Hierarchies): Dialect {
  return hierarchies.version === 2 ? second(hierarchies) : first(hierarchies);
}

function first({ controllers }: Hierarchies): Dialect {
  const { memory, cpu, pids, freezer } = controllers;
  return {
    controllers: [...new Set(Object.values(controllers))],
    processes: freezer,
    delegate: () => {},
    setMemoryMb(path, memoryMb) {
      const bytes = memoryMb * MB;
      // Memory and memory with swap: the second may not be below the first, at any moment.
      const both = join(memory, path, 'memory.memsw.limit_in_bytes');
      const alone = join(memory, path, 'memory.limit_in_bytes');
      if (readNumber(both) < bytes) return write(both, bytes, 'absent is fine') && write(alone, bytes);
      return write(alone, bytes) && write(both, bytes, 'absent is fine');
    },
    setPids: (path, most) => void write(join(pids, path, 'pids.max'), most),
    setProcessors(path, processors) {
      write(join(cpu, path, 'cpu.cfs_period_us'), PERIOD_US);
      write(join(cpu, path, 'cpu.cfs_quota_us'), sliceUs(processors));
    },
    setFrozen: (path, frozen) =>
      void write(join(freezer, path, 'freezer.state'), frozen ? 'FROZEN' : 'THAWED'),
    peakMb(path) {
      const stat = readText(join(memory, path, 'memory.stat'));
      const files = field(stat, 'total_cache') - field(stat, 'total_shmem');
      const most = readNumber(join(memory, path, 'memory.max_usage_in_bytes'));
      return megabytes(Math.max(most - files, field(stat, 'total_rss')));
    },
    memoryKills: (path) => field(readText(join(memory, path, 'memory.oom_control')), 'oom_kill'),
  };
}

function second({ controllers: { memory: root } }: Hierarchies): Dialect {
  return {
    controllers: [root],
    processes: root,
    delegate(path) {
      for (const folder of [root, join(root, path)]) {
        write(join(folder, 'cgroup.subtree_control'), '+memory +cpu +pids');
      }
    },
    setMemoryMb(path, memoryMb) {
      write(join(root, path, 'memory.swap.max'), 0, 'absent is fine');
      return write(join(root, path, 'memory.max'), memoryMb * MB);
    },
    setPids: (path, most) => void write(join(root, path, 'pids.max'), most),
    setProcessors: (path, processors) =>
      void write(join(root, path, 'cpu.max'), `${sliceUs(processors)} ${PERIOD_US}`),
    setFrozen: (path, frozen) => void write(join(root, path, 'cgroup.freeze'), frozen ? 1 : 0),
    peakMb(path) {
      const stat = readText(join(root, path, 'memory.stat'));
      const files = field(stat, 'file') - field(stat, 'shmem');
      const current = readNumber(join(root, path, 'memory.current'));
      const most = Math.max(current, readNumber(join(root, path, 'memory.peak'))); // since Linux 5.19
      return megabytes(Math.max(most - files, field(stat, 'anon')));
    },
    memoryKills: (path) => field(readText(join(root, path, 'memory.events')), 'oom_kill'),
  };
}

function sliceUs(processors: number): number {
  return Math.max(LEAST_US, Math.round(processors * PERIOD_US));
}

function megabytes(bytes: number): number {
  return Math.ceil(Math.max(0, bytes) / MB);
}

/** @returns whether the file took it: a group that is gone, or a kernel that refuses, does not */
function write(path: string, value: string | number, absent?: 'absent is fine'): boolean {
  try {
    writeFileSync(path, String(value), { flag: 'r+' }); // never makes a file where there is none
    return true;
  } catch (error) {
    return absent !== undefined && (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** @returns 0 when there is no such file, Infinity for `max` */
function readNumber(path: string): number {
  const text = readText(path).trim();
  return text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
}

/** A value of a file of `name value` lines. */
function field(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}
