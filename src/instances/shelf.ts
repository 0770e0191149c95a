/**
 * The shelf: a pool's unused instances, in the order in which they came back.
 *
 * The provisioned ones serve first, so that what was started for a crowd grows old and is stopped. Of
 * each kind the one that was used last serves next.
 */
import type { Life } from './life.ts';

export type MemberKind = 'on-demand' | 'provisioned';

export interface Shelved {
  readonly kind: MemberKind;
  readonly life: Life;
}

export class Shelf<M extends Shelved> {
  /** Oldest first; the frozen ones are its beginning. */
  readonly #onDemand: M[] = [];
  readonly #provisioned: M[] = [];

  get size(): number {
    return this.#onDemand.length + this.#provisioned.length;
  }

  put(member: M): void {
    this.#of(member).push(member);
  }

  /** The one that is to serve next. */
  newest(): M | undefined {
    return this.#provisioned.at(-1) ?? this.#onDemand.at(-1);
  }

  /** The newest of those that nobody reserved. */
  newestOnDemand(): M | undefined {
    return this.#onDemand.at(-1);
  }

  /** The one that has been unused for longest, of those that nobody reserved: what can be spared first. */
  oldestToSpare(): M | undefined {
    return this.#onDemand[0];
  }

  /** @returns whether it was there */
  remove(member: M): boolean {
    const list = this.#of(member);
    const at = list.lastIndexOf(member);
    if (at !== -1) list.splice(at, 1);
    return at !== -1;
  }

  all(): M[] {
    return [...this.#onDemand, ...this.#provisioned];
  }

  #of(member: M): M[] {
    return member.kind === 'provisioned' ? this.#provisioned : this.#onDemand;
  }
}
