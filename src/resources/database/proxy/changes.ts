/**
 * What one conversation changes about its sessions: settings that are followed, and whatever pins.
 *
 * A setting counts when the transaction that makes it has succeeded. That a setting has changed
 * without its text showing it (a function can SET) is seen by what the server says of its
 * parameters: then everything is discarded before another client gets the connection.
 */
import type { Effect, SessionEffect } from './effects.ts';
import type { Parties } from './sessions.ts';
import { ownSettings, withSetting } from './settings.ts';

export class Changes {
  readonly #parties: Parties;
  /** Of the current transaction, if nothing of it fails. */
  #change: readonly SessionEffect[] | null = null;
  #executed = false;
  /** Parameters that the server has said to have changed, with what they were. */
  readonly #moved = new Map<string, string | undefined>();

  constructor(parties: Parties) {
    this.#parties = parties;
  }

  pin(why: string): void {
    this.#parties.client.pinned ??= why;
  }

  /** @param alone it is a transaction of its own */
  note(effect: Effect, alone: boolean): void {
    if (effect.kind === 'none') return;
    if (effect.kind === 'pin') this.pin(effect.why);
    else if (effect.kind === 'deallocate') return;
    else if (alone) this.#change = effect.kind === 'several' ? effect.effects : [effect];
    else this.pin('SET within a transaction');
  }

  executed(): void {
    this.#executed = true;
  }

  failed(): void {
    this.#change = null;
  }

  parameter(name: string, value: string): void {
    const { parameters } = this.#parties.server;
    if (!this.#moved.has(name)) this.#moved.set(name, parameters.get(name));
    parameters.set(name, value);
  }

  /** The server has made the client's settings, as the proxy has asked. */
  switched(): void {
    this.#moved.clear();
  }

  /** The transaction is over, or waits for the client. @returns whether prepared statements are gone */
  settle(): boolean {
    const { client, server } = this.#parties;
    const [change, executed] = [this.#change, this.#executed];
    this.#change = null;
    this.#executed = false;
    if (change !== null) {
      if (!executed) this.pin('SET that was prepared');
      else for (const effect of change) this.#apply(effect);
      this.#moved.clear();
    }
    if (server.status === 'I') {
      const hasMoved = [...this.#moved].some(([name, before]) => server.parameters.get(name) !== before);
      if (hasMoved || client.pinned !== null) server.unsure = true;
      this.#moved.clear();
    }
    return executed && change?.some((effect) => effect.kind === 'reset' && effect.statements) === true;
  }

  #apply(effect: SessionEffect): void {
    if (effect.kind === 'reset') this.#reset();
    else this.#set(effect.name, effect.statement);
  }

  #reset(): void {
    const { client, server } = this.#parties;
    client.settings = ownSettings(client.applicationName);
    server.settings = ownSettings(server.applicationName);
  }

  #set(name: string, statement: string): void {
    const { client, server } = this.#parties;
    const settings = withSetting(client.settings, name, statement);
    if (settings === null) this.pin('more settings than are followed');
    else {
      client.settings = settings;
      server.settings = settings;
    }
  }
}
