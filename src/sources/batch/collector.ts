/**
 * Gathers items into batches: a batch is ready when it is full, by number or by size, or when its oldest item has
 * waited for the whole window. Pure: who owns it says what time it is.
 *
 * Never reorders, and never holds back an item that is larger than a batch may be: it goes alone.
 */
export interface BatchBounds {
  readonly maxItems: number;
  /** Of the items together. */
  readonly maxBytes: number;
  /** 0: what is there is ready. */
  readonly windowMs: number;
}

export interface Gathered {
  readonly bytes: number;
}

export class Collector<Item extends Gathered> {
  #items: { readonly item: Item; readonly atMs: number }[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(items: readonly Item[], nowMs: number): void {
    for (const item of items) this.#items.push({ item, atMs: nowMs });
  }

  /** When a batch is ready whatever else comes, monotonic ms; infinite: nothing waits. */
  dueAtMs({ windowMs }: BatchBounds): number {
    return (this.#items[0]?.atMs ?? Number.POSITIVE_INFINITY) + windowMs;
  }

  /** The next batch, if one is ready. */
  take(bounds: BatchBounds, nowMs: number): Item[] | null {
    const count = this.#fitting(bounds);
    const full = count === bounds.maxItems || count < this.#items.length;
    if (count === 0 || (!full && this.dueAtMs(bounds) > nowMs)) return null;
    return this.#items.splice(0, count).map(({ item }) => item);
  }

  /** Everything, ready or not. */
  takeAll(): Item[] {
    return this.#items.splice(0).map(({ item }) => item);
  }

  /** How many of the first make up one batch. */
  #fitting({ maxItems, maxBytes }: BatchBounds): number {
    let bytes = 0;
    let count = 0;
    for (const { item } of this.#items) {
      bytes += item.bytes;
      if (count === maxItems || (count > 0 && bytes > maxBytes)) break;
      count += 1;
    }
    return count;
  }
}
