/**
 * What is left of the disk that every /tmp lies on.
 *
 * Images are sparse: together they may promise more than there is. So it is looked at once a second, and
 * when it runs short nothing more may be written to any /tmp, before the node and PostgreSQL notice.
 */
import { statfs } from 'node:fs/promises';
import { type Clock, periodically } from '../../../base/index.ts';

const MB = 1024 ** 2;
const LOOK_MS = 1_000;
/** What is kept: 2 GB, which is more than code writes between two looks, or a twentieth of a small disk. */
const KEPT = { mb: 2_048, share: 0.05 };
/** Enough again: so much more than what is kept. */
const ENOUGH = 1.5;

export interface Disk {
  isShort(): boolean;
  close(): void;
}

export interface DiskOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly onProblem: (problem: unknown) => void;
}

/** @param onLook called after each look, with whether `isShort` says another thing than before */
export function watchDisk(
  { folder, clock, onProblem }: DiskOptions,
  onLook: (hasChanged: boolean) => void,
): Disk {
  let short = false;
  const stop = periodically(clock, {
    everyMs: LOOK_MS,
    onProblem,
    async task() {
      const { bavail, blocks, bsize } = await statfs(folder);
      const before = short;
      short = isDiskShort(before, { freeMb: (bavail * bsize) / MB, totalMb: (blocks * bsize) / MB });
      if (short && !before)
        onProblem(new Error(`the disk of ${folder} is nearly full: every /tmp counts as full`));
      onLook(short !== before);
    },
  });
  return { isShort: () => short, close: stop };
}

/** @param wasShort it takes more to be enough again than it took to be short */
export function isDiskShort(
  wasShort: boolean,
  { freeMb, totalMb }: { freeMb: number; totalMb: number },
): boolean {
  const keptMb = Math.min(KEPT.mb, totalMb * KEPT.share);
  return freeMb < (wasShort ? keptMb * ENOUGH : keptMb);
}
