/** Answers that are still to come, in the order in which they will: what each is for, and who it is for. */
import type { Statement } from './statements.ts';

export interface Expected {
  readonly kind: 'parse' | 'bind' | 'describe' | 'close' | 'execute' | 'sync' | 'query' | 'said';
  /** The proxy has asked this for itself: the client does not see the answer. */
  readonly ours?: boolean;
  /** Of `said`: the proxy's own answer, due when all before it have come. */
  readonly answer?: Buffer;
  readonly statement?: Statement;
  /** Takes back what was noted in advance, when an error before it makes the server skip it. */
  readonly undo?: () => void;
}

export class ExpectedAnswers {
  #items: Expected[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  get head(): Expected | undefined {
    return this.#items[this.#first];
  }

  push(item: Expected): void {
    this.#items.push(item);
  }

  shift(): void {
    this.#first++;
    if (this.length > 0) return;
    this.#items = [];
    this.#first = 0;
  }

  /** The server skips everything up to a Sync. @returns whether one has been sent */
  skipToSync(): boolean {
    while (this.head !== undefined && this.head.kind !== 'sync') {
      this.head.undo?.();
      this.shift();
    }
    return this.length > 0;
  }

  /** While it is being sent data to copy the server takes no notice of a Sync. */
  dropSyncs(): void {
    this.#items = this.#items.slice(this.#first).filter(({ kind }) => kind !== 'sync');
    this.#first = 0;
  }
}
