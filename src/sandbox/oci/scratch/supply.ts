/**
 * Mounted empty file systems, ahead of demand.
 *
 * Owns   making them, in batches of which one at a time is under way; how many wait ready; removing them.
 * Never  knows sandboxes: what it gives away it forgets until it is told to remove it.
 *
 * How many wait follows what was taken within the last 10 s. A failed batch fails those who wait, and
 * the next request tries again. Unmounting is done in batches too: one process for all that came while
 * the last was under way.
 */
import { readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Clock, Fault } from '../../../base/index.ts';
import { detachAll, loopsOf, mountAll, mountsBelow, unmountAll } from './mounts.ts';
import { type Template, writeImage } from './template.ts';

/** Images mounted, and mounts removed, by one process. */
const MAX_BATCH = 16;
const MAX_UNMOUNTS = 64;
const MAX_WAITING = 1_000;
const READY = { min: 2, max: 32 };
const LATELY_MS = 10_000;

export interface FileSystem {
  readonly name: string;
  readonly image: string;
  readonly path: string;
  /** Such as `loop7`. */
  readonly device: string;
}

export interface SupplyParts {
  readonly folders: { readonly images: string; readonly mounts: string };
  /** Names begin with it: what others left in the folders is told by that. */
  readonly epoch: string;
  readonly template: Template;
  readonly clock: Clock;
  readonly onProblem: (problem: unknown) => void;
}

interface Waiter {
  resolve(one: FileSystem): void;
  reject(error: unknown): void;
}

export class Supply {
  readonly #parts: SupplyParts;
  readonly #ready: FileSystem[] = [];
  readonly #waiting: Waiter[] = [];
  #unmounting: Promise<void> = Promise.resolve();
  #toUnmount: string[] = [];
  #takenAtMs: number[] = [];
  #making: Promise<void> | null = null;
  #closed = false;
  #last = 0;

  constructor(parts: SupplyParts) {
    this.#parts = parts;
  }

  /** @throws {Fault} `no-capacity` when too many wait, `sandbox-failed` when none can be made */
  async take(): Promise<FileSystem> {
    if (this.#closed) throw new Fault('shutting-down', 'This node is shutting down and starts nothing more.');
    if (this.#waiting.length >= MAX_WAITING) {
      throw new Fault('no-capacity', `${MAX_WAITING} sandboxes wait for their /tmp already.`);
    }
    const nowMs = this.#parts.clock.nowMs();
    this.#takenAtMs = [...this.#takenAtMs.filter((atMs) => nowMs - atMs < LATELY_MS), nowMs].slice(
      -2 * READY.max,
    );
    const one = this.#ready.shift();
    const given =
      one ?? new Promise<FileSystem>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#refill();
    return await given;
  }

  /** Removes what waits beyond what is taken lately; brings up what is missing. */
  adjust(): void {
    const surplus = this.#ready.splice(this.#target());
    for (const one of surplus) this.remove(one).catch(this.#parts.onProblem);
    this.#refill();
  }

  /** Takes it out of the machine's sight; whoever has it mounted keeps it. */
  unmount(one: FileSystem): Promise<void> {
    this.#toUnmount.push(one.path);
    this.#unmounting = this.#unmounting.then(() => this.#unmountNext());
    return this.#unmounting;
  }

  /** @param mounted false: it has been unmounted already */
  async remove(one: FileSystem, { mounted = true } = {}): Promise<void> {
    if (mounted) await this.unmount(one);
    await rm(one.image, { force: true });
  }

  /** Ends making, and removes everything that waits. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#making;
    await Promise.all(this.#ready.splice(0).map((one) => this.remove(one)));
    await this.#unmounting;
  }

  #target(): number {
    const nowMs = this.#parts.clock.nowMs();
    const lately = this.#takenAtMs.filter((atMs) => nowMs - atMs < LATELY_MS).length;
    return Math.min(READY.max, Math.max(READY.min, Math.ceil(lately / 2)));
  }

  #refill(): void {
    this.#making ??= this.#makeAll().finally(() => {
      this.#making = null;
    });
  }

  async #makeAll(): Promise<void> {
    for (;;) {
      const missing = this.#waiting.length + this.#target() - this.#ready.length;
      if (missing <= 0 || this.#closed) break;
      try {
        // Who waits is served as soon as possible: a batch with waiters makes nothing for later.
        const count = Math.min(this.#waiting.length || missing, MAX_BATCH);
        for (const one of await this.#make(count)) this.#give(one);
      } catch (cause) {
        this.#fail(cause);
        return;
      }
    }
    if (this.#closed) this.#fail('the node is shutting down');
  }

  #give(one: FileSystem): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#ready.push(one);
    else waiter.resolve(one);
  }

  #fail(cause: unknown): void {
    const waiting = this.#waiting.splice(0);
    if (waiting.length === 0 && !this.#closed) this.#parts.onProblem(cause);
    const what = cause instanceof Error ? cause.message : String(cause);
    const fault = new Fault('sandbox-failed', `A file system for /tmp could not be made: ${what}.`, {
      cause,
    });
    for (const waiter of waiting) waiter.reject(fault);
  }

  async #make(count: number): Promise<FileSystem[]> {
    const { folders, epoch, template } = this.#parts;
    const drafts = Array.from({ length: count }, () => {
      const name = `${epoch}${++this.#last}`;
      return { name, image: join(folders.images, name), path: join(folders.mounts, name) };
    });
    try {
      for (const { image, path } of drafts) {
        await writeImage(template, image);
        await mkdir(path, { mode: 0o700 });
      }
      const devices = await mountAll(drafts);
      return drafts.map((draft, at) => ({ ...draft, device: devices[at] ?? '' }));
    } catch (error) {
      const names = new Set(drafts.map(({ name }) => name));
      await clean(folders, (name) => names.has(name)).catch(this.#parts.onProblem);
      throw error;
    }
  }

  async #unmountNext(): Promise<void> {
    const paths = this.#toUnmount.splice(0, MAX_UNMOUNTS);
    try {
      await unmountAll(paths).catch((error) => {
        const left = mountsBelow(this.#parts.folders.mounts);
        if (paths.some((path) => left.includes(path))) throw error;
      });
      for (const path of paths) await rm(path, { recursive: true, force: true });
    } catch (error) {
      this.#parts.onProblem(error);
    }
  }
}

/** A program of a node that was killed may go on for a moment, and mount or detach what is being removed. */
const CLEANING_ROUNDS = 5;

/**
 * Removes images with whatever there is of their mounts and devices.
 *
 * @param isChosen says by its name whether one is to go
 * @returns how many there were
 * @throws {Error} when some are left all the same
 */
export async function clean(
  folders: SupplyParts['folders'],
  isChosen: (name: string) => boolean,
): Promise<number> {
  const images = new Set<string>();
  for (let round = 1; ; round++) {
    try {
      for (const name of readdirSync(folders.images).filter(isChosen)) images.add(name);
      await cleanOnce(folders, isChosen);
      return images.size;
    } catch (error) {
      if (round === CLEANING_ROUNDS) throw error;
    }
  }
}

async function cleanOnce(
  folders: SupplyParts['folders'],
  isChosen: (name: string) => boolean,
): Promise<void> {
  const chosen = (paths: readonly string[]) => paths.filter((path) => isChosen(basename(path)));
  await unmountAll(chosen(mountsBelow(folders.mounts)));
  await detachAll(loopsOf(folders.images, isChosen));
  for (const folder of [folders.mounts, folders.images]) {
    for (const name of chosen(readdirSync(folder))) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}
