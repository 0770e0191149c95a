/** The scratch folder of a sandbox: made for its user, and removed whatever the code left in it. */
import { execFile } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Removing what resists is given up after this long. */
const STUBBORN_TIMEOUT_MS = 60_000;

/** The folder that TMPDIR names: unique to a sandbox, so it is also what its processes are known by. */
export const tmpOf = (scratch: string): string => join(scratch, 'tmp');

export function makeScratch(scratch: string, uid: number | null): void {
  mkdirSync(scratch, { mode: 0o700 });
  mkdirSync(tmpOf(scratch), { mode: 0o700 });
  if (uid === null) return;
  chownSync(scratch, uid, uid);
  chownSync(tmpOf(scratch), uid, uid);
}

/**
 * Removes a folder and all it holds. Never fails: what cannot be removed stays, for the next sweep.
 *
 * Code can leave what Node's `rm` refuses: paths longer than the kernel takes, or folders without
 * rights. The system's `rm` walks relative to open folders and needs no whole path; and as a process
 * of its own it takes neither the main loop's time nor, on a tree of any depth, the node's stack.
 */
export async function removeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch {
    const options = { timeout: STUBBORN_TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
    if (process.getuid?.() !== 0) await run('chmod', ['-R', 'u+rwx', '--', folder], options).catch(() => {});
    await run('rm', ['-rf', '--', folder], options).catch(() => {});
  }
}
