/**
 * The main loop's share of the processors.
 *
 * Linux shares processors among groups first, and nice counts only within one. The threads of a node that
 * write logs and unpack packages are in the main loop's group: what they used was the loop's loss, and
 * beside a flood of log lines it waited up to 100 ms for a processor, needing a fifth of one itself. In a
 * group of its own it waits for nobody's sake.
 *
 * Control groups of version 1 only: they take single threads. Those of version 2 take a thread only from
 * within a threaded tree, which a service does not own.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const PREFIX = 'skein-loop-';
/** Against 1,024 of any other group. */
const SHARES = 8 * 1024;

/**
 * Gives the main thread of this process a group of its own. Processes that it starts from now on begin in
 * that group, and threads too until they give way (`giveWay`).
 *
 * @returns ends that; null where it cannot be had, and everything works without, only less evenly
 */
export function favourLoop(): (() => void) | null {
  const home = groupOf('self');
  if (home === null || process.getuid?.() !== 0) return null;
  const own = join(home, `${PREFIX}${process.pid}`);
  try {
    removeEmpty(home);
    mkdirSync(own);
    writeFileSync(join(own, 'cpu.shares'), String(SHARES));
    move(process.pid, own);
  } catch {
    return null; // a file system of control groups that is read-only, as in many containers
  }
  return () => {
    try {
      move(process.pid, home);
      rmdirSync(own);
    } catch {
      // Some thread is still in it: the next node removes it.
    }
  };
}

/** @param pid 0: takes the calling thread out of the main loop's group, where it began; else that process */
export function leaveLoopGroup(pid = 0): void {
  const group = groupOf(pid === 0 ? 'thread-self' : String(pid));
  if (group === null || !group.includes(`/${PREFIX}`)) return;
  try {
    move(pid, dirname(group));
  } catch {
    // The main loop has gone back meanwhile, and the group with it.
  }
}

/** @param thread 0: the one that calls */
function move(thread: number, group: string): void {
  writeFileSync(join(group, 'tasks'), String(thread));
}

/** What a node that was killed left. The kernel refuses to remove a group that somebody is in. */
function removeEmpty(home: string): void {
  for (const name of readdirSync(home)) {
    if (!name.startsWith(PREFIX)) continue;
    try {
      rmdirSync(join(home, name));
    } catch {
      // in use
    }
  }
}

/**
 * The folder of a thread's group in the hierarchy of version 1 that shares processors; null: there is none.
 *
 * @param whose as /proc names it
 */
function groupOf(whose: string): string | null {
  try {
    const mount = /^(?:\S+ ){3}(\S+) (\S+) .* - cgroup \S+ (?:\S+,)?cpu(?:,\S+)?$/m.exec(
      readFileSync('/proc/self/mountinfo', 'utf8'),
    );
    const group = /^\d+:(?:[^:]+,)?cpu(?:,[^:]+)?:(.*)$/m.exec(readFileSync(`/proc/${whose}/cgroup`, 'utf8'));
    if (mount === null || group === null) return null;
    const [, root = '/', folder = ''] = mount;
    const path = group[1] ?? '/';
    return join(folder, root === '/' ? path : path.slice(root.length));
  } catch {
    return null; // not Linux
  }
}
