/**
 * Room: whether the node has a place for one more instance, and making one.
 *
 * Two bounds: the number of instances, which the operator sets, and the memory of the machine. At
 * either of them the instance that has been unused for longest is ended, of whatever function, but
 * none that is provisioned. Where none is left to end, what happens differs: a full node lets
 * requests wait for one that becomes free; a machine short of memory refuses at once (`no-capacity`),
 * because what is running may yet grow.
 *
 * Owns   the two counts, and who waits for room.
 * Never  starts anything.
 */
import type { Version } from '../model/index.ts';
import { type Evictable, oldestIdle } from './evict.ts';
import { evictionsFor, type Memory } from './memory.ts';
import type { StartRuling } from './pool.ts';
import { tooLittleMemory } from './refusals.ts';

/** What room needs of a pool. */
export interface RoomPool extends Evictable {
  readonly size: number;
  readonly leaving: number;
  evictOldest(): void;
}

export interface RoomParts {
  readonly pools: () => Iterable<RoomPool>;
  readonly blanks: { readonly ready: number; giveUp(): boolean };
  readonly memory: Memory;
  readonly maxInstances: number;
}

export class Room {
  readonly #parts: RoomParts;
  /** A start was put off for want of room since the last time there was some. */
  #starved = false;

  constructor(parts: RoomParts) {
    this.#parts = parts;
  }

  get starved(): boolean {
    return this.#starved;
  }

  /** There may be room again: whoever waited is about to ask anew. */
  reset(): void {
    this.#starved = false;
  }

  /** Whether one more fits as things are, nothing being ended for it. */
  has(needMb: number): boolean {
    return this.#count() < this.#parts.maxInstances && this.#parts.memory.freeMb >= needMb;
  }

  /** Makes room for one more instance, if it can. @param forPool spared: it asks because it has none unused */
  admit(version: Version, needMb: number, forPool: RoomPool): StartRuling {
    const ruling = this.#admitByMemory(version, needMb) ?? this.#admitByCount(forPool);
    this.#starved ||= ruling !== 'start';
    return ruling;
  }

  /** Ends what is unused while the machine is short of memory, whoever asks. */
  relieve(): void {
    const missingMb = -this.#parts.memory.freeMb;
    if (missingMb > 0 && !this.#anyLeaving()) this.#evict(missingMb);
  }

  #admitByCount(forPool: RoomPool): StartRuling {
    if (this.#count() < this.#parts.maxInstances) return 'start';
    const victim = oldestIdle([...this.#parts.pools()].filter((pool) => pool !== forPool));
    victim?.evictOldest();
    return victim === null ? 'wait' : 'start';
  }

  /** @returns null when there is enough */
  #admitByMemory(version: Version, needMb: number): StartRuling | null {
    const { memory } = this.#parts;
    const missingMb = needMb - memory.freeMb;
    if (missingMb <= 0) return null;
    if (this.#anyLeaving() || this.#evict(missingMb)) return 'wait';
    return tooLittleMemory(version.functionName, memory);
  }

  /** Unused instances first, the oldest first; then blanks, which are nobody's. @returns whether any went */
  #evict(missingMb: number): boolean {
    const pools = [...this.#parts.pools()];
    let ended = 0;
    for (; ended < evictionsFor(missingMb); ended++) {
      const victim = oldestIdle(pools);
      if (victim === null) break;
      victim.evictOldest();
    }
    return ended > 0 || this.#parts.blanks.giveUp();
  }

  /** Their memory is about to be free. */
  #anyLeaving(): boolean {
    for (const pool of this.#parts.pools()) if (pool.leaving > 0) return true;
    return false;
  }

  /** Blank ones are processes, too. */
  #count(): number {
    let total = this.#parts.blanks.ready;
    for (const pool of this.#parts.pools()) total += pool.size;
    return total;
  }
}
