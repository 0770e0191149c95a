/**
 * The control groups of this node's sandboxes: `skein-<id>/<sandbox>` in every hierarchy, under one
 * parent that bounds all of them together.
 *
 * Owns   those folders: what is set in them, read from them, and that they go.
 * Never  makes a sandbox's own: the runtime does, when it starts one.
 *
 * Version 1, version 2 and the mix of both ("hybrid": controllers of version 1, an empty tree of
 * version 2) differ in the names of files and little else: that little is a `Dialect`. Everything is
 * a plain read or write of a small file: 0.4 ms for a freeze, where a call of the runtime costs 20.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, keepAlive, sleep } from '../../../base/index.ts';
import { killQuietly } from '../../process/run-files.ts';
import { dialectOf, type Hierarchies } from './dialect.ts';

/** One sandbox's. Every call is safe on a group that is gone: it does nothing, or says nothing. */
export interface Cgroup {
  /** @returns false when the kernel refuses, because more than that is in use and cannot be given back */
  setMemoryMb(memoryMb: number): boolean;
  /** @param processors how many processors' time it may use, a fraction included */
  setProcessors(processors: number): void;
  freeze(): void;
  thaw(): void;
  /**
   * Takes away whatever would hold up its processes, which have been killed: frost, and their share of the
   * processors. Dying takes time too: a fork bomb with a fourteenth of a processor was still at it after 280 s.
   */
  letDie(): void;
  /** The most memory it ever had, without pages of files that the kernel can drop; MB. */
  peakMb(): number;
  /** Processes of it that the kernel killed for want of memory. */
  memoryKills(): number;
  /** Processes of it, as the host numbers them. */
  pids(): number[];
  /** Kills what is in it, and removes it. @returns how many processes were killed */
  remove(): Promise<number>;
}

export interface Cgroups {
  /** As a runtime is told where to put a sandbox. */
  pathOf(sandboxId: string): string;
  /** Makes the parent of all, with its bounds. Must be called before a sandbox is started. */
  prepare(bounds: { readonly memoryMb: number; readonly pids: number }): void;
  of(sandboxId: string): Cgroup;
  /** Kills and removes every sandbox's that there is, and the parent. @returns how many processes were killed */
  removeAll(): Promise<number>;
}

/** The kernel takes a moment to notice that the last process is gone: looked at this often, in ms. */
const LOOK_MS = 2;
/** A process that does not die within this long is stuck in the kernel; its group is left for the next sweep. */
const PATIENCE_MS = 5_000;

export interface CgroupsOptions {
  /** Six hex digits, the node's home. */
  readonly id: string;
  readonly hierarchies: Hierarchies;
  readonly clock: Clock;
}

export function openCgroups({ id, hierarchies, clock }: CgroupsOptions): Cgroups {
  const parent = `skein-${id}`;
  const dialect = dialectOf(hierarchies);
  const groupAt = (path: string) => ({ path, dialect, hierarchies, clock });
  return {
    pathOf: (sandboxId) => `/${parent}/${sandboxId}`,
    prepare({ memoryMb, pids }) {
      for (const folder of dialect.controllers) mkdirSync(join(folder, parent), { recursive: true });
      dialect.delegate(parent);
      dialect.setMemoryMb(parent, memoryMb);
      dialect.setPids(parent, pids);
    },
    of: (sandboxId) => cgroupOf(groupAt(`${parent}/${sandboxId}`)),
    async removeAll() {
      const names = new Set(hierarchies.all.flatMap((folder) => foldersIn(join(folder, parent))));
      const groups = [...names].map((name) => groupAt(`${parent}/${name}`));
      const killed = await Promise.all(groups.map(removeGroup)); // each kills at once, then waits
      for (const folder of hierarchies.all) removeQuietly(join(folder, parent));
      return killed.reduce((sum, count) => sum + count, 0);
    },
  };
}

interface Group {
  readonly path: string;
  readonly dialect: ReturnType<typeof dialectOf>;
  readonly hierarchies: Hierarchies;
  readonly clock: Clock;
}

function cgroupOf(group: Group): Cgroup {
  const { path, dialect } = group;
  return {
    setMemoryMb: (memoryMb) => dialect.setMemoryMb(path, memoryMb),
    setProcessors: (processors) => dialect.setProcessors(path, processors),
    freeze: () => dialect.setFrozen(path, true),
    thaw: () => dialect.setFrozen(path, false),
    letDie: () => letDie(group),
    peakMb: () => dialect.peakMb(path),
    memoryKills: () => dialect.memoryKills(path),
    pids: () => pidsIn(group),
    remove: () => removeGroup(group),
  };
}

function pidsIn({ path, dialect }: Group): number[] {
  try {
    const text = readFileSync(join(dialect.processes, path, 'cgroup.procs'), 'latin1');
    return text.split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** More than a machine has: as good as no bound. */
const ALL_PROCESSORS = 1_024;

function letDie({ dialect, path }: Group): void {
  dialect.setProcessors(path, ALL_PROCESSORS);
  dialect.setFrozen(path, false); // of version 1, what is frozen does not die
}

/** @returns those that were sent the signal */
function killIn(group: Group): number[] {
  const pids = pidsIn(group).filter((pid) => pid > 1 && killQuietly(pid, 'SIGKILL'));
  if (pids.length > 0) letDie(group);
  return pids;
}

/** Also what a fork bomb starts meanwhile: looks until nothing is left. */
async function removeGroup(group: Group): Promise<number> {
  using _ = keepAlive(); // a node that ends waits for the last of them
  const killed = new Set<number>();
  const until = group.clock.nowMs() + PATIENCE_MS;
  for (;;) {
    for (const pid of killIn(group)) killed.add(pid);
    const left = group.hierarchies.all.filter((folder) => !removeQuietly(join(folder, group.path)));
    if (left.length === 0 || group.clock.nowMs() > until) return killed.size;
    await sleep(group.clock, LOOK_MS);
  }
}

/** @returns whether it is gone */
function removeQuietly(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}
