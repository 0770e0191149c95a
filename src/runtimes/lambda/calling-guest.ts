/**
 * The conversation with our Node.js runtime in a sandbox that could not be given a channel: it begins when
 * the guest calls for one, and is the same from then on.
 *
 * Owns   the wait for the call. Only the first is taken.
 * Never  looks at a frame: that is the guest behind it.
 */
import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import {
  type Answer,
  type FunctionError,
  type Guest,
  GuestGone,
  type InitNotes,
  NO_NOTES,
  type Setup,
  type Work,
} from '../guest.ts';

export interface CallingGuestOptions {
  /** The conversation over this channel. */
  converse(channel: Duplex): Guest;
  /** Called once, when it is over before it began. */
  onClose(): Promise<void>;
}

export class CallingGuest implements Guest {
  readonly #options: CallingGuestOptions;
  readonly #called = Promise.withResolvers<Guest>();
  #guest: Guest | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: CallingGuestOptions) {
    this.#options = options;
    this.#called.promise.catch(() => {}); // whoever waits is told; nobody else needs to be
  }

  /** @returns takes the guest's connection; null: it has one, or none is wanted any more */
  claim(): ((channel: Duplex) => void) | null {
    if (this.#guest !== null || this.#closing !== null) return null;
    return (channel) => {
      this.#guest = this.#options.converse(channel);
      this.#called.resolve(this.#guest);
    };
  }

  get open(): boolean {
    return this.#guest?.open ?? this.#closing === null;
  }

  get notes(): InitNotes {
    return this.#guest?.notes ?? NO_NOTES;
  }

  async booted(): Promise<void> {
    await (await this.#called.promise).booted();
  }

  async init(setup: Setup): Promise<FunctionError | null> {
    return await (await this.#called.promise).init(setup);
  }

  invoke(work: Work): Promise<Answer> {
    assert(this.#guest !== null, 'invoke of a guest that has not called');
    return this.#guest.invoke(work);
  }

  ready(): Promise<void> | null {
    return this.#guest?.ready() ?? null;
  }

  close(): Promise<void> {
    if (this.#guest !== null) return this.#guest.close();
    this.#called.reject(new GuestGone('the guest ended before it called'));
    this.#closing ??= this.#options.onClose();
    return this.#closing;
  }
}
