import { setPriority } from 'node:os';
import { leaveLoopGroup } from './loop-share.ts';

/** Levels of Unix's nice: higher gives way. The front door stays at what the node was started with. */
export const GIVE_WAY = { records: 5, packages: 10 } as const;

/**
 * Lets a process, or this very thread, give way to the node's main loop when processors are scarce.
 *
 * @param pid 0: the thread that calls; on Linux only, elsewhere it would be the whole process
 */
export function giveWay(level: number, pid = 0): void {
  if (pid === 0 && process.platform !== 'linux') return;
  leaveLoopGroup(pid);
  try {
    setPriority(pid, level);
  } catch {
    // It has ended, or is not ours: everything works without, only less evenly.
  }
}
