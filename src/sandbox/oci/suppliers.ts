/**
 * Where the `oci` driver gets its scratch folders from.
 *
 * For the time being plain ones: folders without an enforced size. `WHOLE` says whether what is
 * promised of isolation holds.
 */
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/index.ts';
import { removeFolder } from '../process/scratch.ts';
import type { ScratchSlot } from './ground.ts';

export const WHOLE = false;

interface Supply {
  sweep(): Promise<number>;
  close(): Promise<void>;
}

export interface Scratch extends Supply {
  take(order: { sizeMb: number; uid: number; gid: number }): Promise<ScratchSlot>;
}

interface Parts {
  readonly clock: Clock;
  readonly onProblem: (problem: unknown) => void;
}

export async function openScratch({ folder }: Parts & { folder: string }): Promise<Scratch> {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o711);
  let last = 0;
  return {
    async take({ uid, gid }) {
      const path = join(folder, `${process.pid}-${++last}`);
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, uid, gid);
      return { path, resize: async () => {}, release: () => removeFolder(path) };
    },
    sweep: async () => 0,
    close: async () => {},
  };
}
