/**
 * The file systems that sandboxes have at /tmp: on disk, each with a size that is enforced.
 *
 * Owns   who has which, how much of it may be written, and that all of them together do not fill the
 *        disk that PostgreSQL lives on: when it runs short they are full before it is.
 * Never  gives one sandbox what another could write to: a used image is removed, not cleaned.
 *
 * Making one costs some ms of processor time and more of waiting for the kernel, so a few are ready
 * (supply.ts). A mount is to be seen on the machine only until its sandbox has it (`detach`): each one
 * there costs every later start 14 µs, which is 14 ms at a thousand. What keeps the file system then is
 * the sandbox itself, and the kernel frees it and its loop device when the sandbox's last process has
 * ended, whoever ended it.
 */
import { chmodSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, Fault } from '../../../base/index.ts';
import { LIMITS } from '../../../model/index.ts';
import { watchDisk } from './disk.ts';
import { type ScratchOrder, type ScratchSlot, Slot } from './slot.ts';
import { clean, Supply } from './supply.ts';
import { makeTemplate } from './template.ts';

export interface ScratchOptions {
  /** Of this node alone; made where it is missing. On a file system that holds sparse files. */
  readonly folder: string;
  readonly clock: Clock;
  readonly onProblem: (problem: unknown) => void;
}

export interface Scratch {
  /** @throws {Fault} `no-capacity` when the disk is short or too many wait; `sandbox-failed` when none can be made */
  take(order: ScratchOrder): Promise<ScratchSlot>;
  /** Removes what earlier nodes left in the folder, in use or not. @returns how many file systems */
  sweep(): Promise<number>;
  /** Removes everything. Idempotent. */
  close(): Promise<void>;
}

/** @throws {Fault} `sandbox-failed` when this machine gives no loop devices, or cannot make file systems */
export async function openScratch(options: ScratchOptions): Promise<Scratch> {
  const { clock, onProblem } = options;
  const folder = makeFolders(options.folder);
  const folders = { images: join(folder, 'images'), mounts: join(folder, 'mounts') };
  const epoch = `${Math.floor(clock.wallMs()).toString(36)}-`;
  const template = await makeTemplate(join(folder, 'template')).catch(refuse);
  const supply = new Supply({ folders, epoch, template, clock, onProblem });
  const live = new Set<Slot>();
  const disk = watchDisk({ folder, clock, onProblem }, (hasChanged) => {
    if (hasChanged) for (const slot of live) slot.apply();
    supply.adjust();
  });
  const scratch: Scratch = {
    async take(order) {
      if (disk.isShort()) {
        const message = `The disk of ${folder} is nearly full, and a sandbox needs room for its /tmp.`;
        throw new Fault('no-capacity', message);
      }
      const slot = new Slot(await supply.take(), { supply, template, disk, live, onProblem });
      await slot.prepare(order);
      return slot;
    },
    sweep: () => clean(folders, (name) => !name.startsWith(epoch)),
    async close() {
      disk.close();
      await supply.close();
      await Promise.all([...live].map((slot) => slot.release()));
    },
  };
  await prove(scratch);
  return scratch;
}

function makeFolders(wanted: string): string {
  mkdirSync(join(wanted, 'images'), { recursive: true, mode: 0o700 });
  mkdirSync(join(wanted, 'mounts'), { recursive: true, mode: 0o711 });
  chmodSync(wanted, 0o711);
  return realpathSync(wanted); // as the kernel names it
}

/** For a node without this driver: removes what an earlier one with it left. @returns how many file systems */
export async function sweepScratch(folder: string): Promise<number> {
  const real = makeFolders(folder);
  return await clean({ images: join(real, 'images'), mounts: join(real, 'mounts') }, () => true);
}

/** Once through all of it, so that what this machine lacks is said before the first function needs it. */
async function prove(scratch: Scratch): Promise<void> {
  try {
    const slot = await scratch.take({ sizeMb: LIMITS.ephemeralMb.max, uid: 0, gid: 0 });
    await slot.release();
  } catch (error) {
    await scratch.close();
    refuse(error);
  }
}

function refuse(cause: unknown): never {
  const what = cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause);
  const needs = 'It takes loop devices, ext4 and a writable /sys, which a container rarely has';
  throw new Fault('sandbox-failed', `File systems for /tmp cannot be had here: ${what}. ${needs}.`, {
    cause,
  });
}
