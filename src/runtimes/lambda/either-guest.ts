/**
 * The conversation with a process that was started as our Node.js runtime and may turn out to be another
 * program: a wrapper script can start something else in its place, and an extension can ask for work in
 * its name, as AWS's web adapter does.
 *
 * Owns   nothing but the choice: whoever initialises first, by frames or by the Runtime API, is the one that
 *        is asked from then on.
 */
import type { Answer, FunctionError, Guest, InitNotes, Setup, Work } from '../guest.ts';
import type { HttpGuest } from './http-guest.ts';

export class EitherGuest implements Guest {
  readonly #frames: Guest;
  readonly #http: HttpGuest;
  #chosen: Guest | null = null;

  constructor(frames: Guest, http: HttpGuest) {
    this.#frames = frames;
    this.#http = http;
  }

  get open(): boolean {
    return (this.#chosen ?? this.#http).open;
  }

  get notes(): InitNotes {
    return (this.#chosen ?? this.#frames).notes;
  }

  /** Whatever it is, it is being started with its code. */
  async booted(): Promise<void> {}

  async init(setup: Setup): Promise<FunctionError | null> {
    const choose = (guest: Guest) => async (error: FunctionError | null) => {
      this.#chosen ??= guest;
      return error;
    };
    const byHttp = this.#http.init(setup).then(choose(this.#http));
    // A program that is not ours closes the channel, or never says a word there.
    const byFrames = this.#frames.init(setup).then(choose(this.#frames), () => byHttp);
    return await Promise.race([byFrames, byHttp]);
  }

  invoke(work: Work): Promise<Answer> {
    return (this.#chosen ?? this.#http).invoke(work);
  }

  ready(): Promise<void> | null {
    return (this.#chosen ?? this.#http).ready();
  }

  async close(): Promise<void> {
    await Promise.all([this.#frames.close(), this.#http.close()]);
  }
}
