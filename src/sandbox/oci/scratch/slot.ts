/**
 * One sandbox's /tmp.
 *
 *   mounted   to be seen on the machine, for its sandbox to take it over
 *   detached  kept by the sandbox alone
 *   released  removed, or about to be
 */
import { chown } from 'node:fs/promises';
import type { Disk } from './disk.ts';
import { withhold } from './mounts.ts';
import type { FileSystem, Supply } from './supply.ts';
import { type Template, withheldBlocks } from './template.ts';

export interface ScratchSlot {
  /** Folder of the host to mount at /tmp: the root of an empty file system, its user's alone. */
  readonly path: string;
  /** The sandbox has it mounted, so it need not be on the machine any longer. */
  detach(): void;
  /** From now on so much may be written, be it more or less than before. What has been written stays. */
  resize(sizeMb: number): Promise<void>;
  /** Once no process of its sandbox lives. Removes it with all that was written. Idempotent. */
  release(): Promise<void>;
}

export interface ScratchOrder {
  readonly sizeMb: number;
  readonly uid: number;
  readonly gid: number;
}

export interface SlotParts {
  readonly supply: Supply;
  readonly template: Template;
  readonly disk: Pick<Disk, 'isShort'>;
  /** Where it is found while it lives. */
  readonly live: Set<Slot>;
  readonly onProblem: (problem: unknown) => void;
}

export class Slot implements ScratchSlot {
  readonly path: string;
  readonly #one: FileSystem;
  readonly #parts: SlotParts;
  #at: 'mounted' | 'detached' | 'released' = 'mounted';
  #sizeMb = 0;
  #released: Promise<void> | null = null;

  constructor(one: FileSystem, parts: SlotParts) {
    this.path = one.path;
    this.#one = one;
    this.#parts = parts;
    parts.live.add(this);
  }

  /** Makes it its user's, and as large as ordered. @throws {Error} after which it is released */
  async prepare({ sizeMb, uid, gid }: ScratchOrder): Promise<void> {
    try {
      await chown(this.path, uid, gid);
      await this.resize(sizeMb);
    } catch (error) {
      await this.release();
      throw error;
    }
  }

  async resize(sizeMb: number): Promise<void> {
    this.#sizeMb = sizeMb;
    if (this.#at !== 'released') this.#withhold();
  }

  /** Fits what may be written to what is left of the disk. Never fails. */
  apply(): void {
    try {
      if (this.#at !== 'released') this.#withhold();
    } catch {
      // its sandbox has ended, and the file system with it
    }
  }

  detach(): void {
    if (this.#at !== 'mounted') return;
    this.#at = 'detached';
    this.#parts.supply.unmount(this.#one).catch(this.#parts.onProblem);
  }

  release(): Promise<void> {
    this.#released ??= this.#remove();
    return this.#released;
  }

  async #remove(): Promise<void> {
    const mounted = this.#at === 'mounted';
    this.#at = 'released';
    this.#parts.live.delete(this);
    await this.#parts.supply.remove(this.#one, { mounted });
  }

  #withhold(): void {
    const { template, disk } = this.#parts;
    withhold(this.#one.device, withheldBlocks(template, disk.isShort() ? null : this.#sizeMb));
  }
}
