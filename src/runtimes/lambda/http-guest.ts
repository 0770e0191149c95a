/**
 * The conversation with a runtime that asks for its work over HTTP: Python, and any `bootstrap`.
 *
 * A blank one first asks for its code at a path of its own; everything after is the Runtime API.
 * The end of the process cannot be seen from here: its owner calls `close`.
 */

import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Guest, GuestGone, type Setup } from '../guest.ts';
import { runtimeApi } from './runtime-api.ts';

/** Where a runtime of ours asks for its code. Not part of the Runtime API. */
export const SETUP_PATH = '/guest/setup';

export interface HttpGuestOptions {
  /** The code of a guest that is launched for one function; null: it is blank. */
  readonly setup: Setup | null;
  /** Whether the runtime is one of ours and asks for its code; any other is up as soon as it is started. */
  readonly asksForSetup: boolean;
  environmentOf(setup: Setup): Readonly<Record<string, string>>;
  onClose(): Promise<void>;
}

export interface HttpGuest {
  readonly guest: Guest;
  handle(request: IncomingMessage, response: ServerResponse): boolean;
}

export function httpGuest(options: HttpGuestOptions): HttpGuest {
  const api = runtimeApi();
  const boot = Promise.withResolvers<void>();
  boot.promise.catch(() => {});
  let asking: ServerResponse | null = null;
  let code = options.setup;
  let closed: Promise<void> | null = null;
  if (!options.asksForSetup) boot.resolve();

  function giveCode(): void {
    if (asking === null || code === null) return;
    const { handler, taskRoot } = code;
    const body = JSON.stringify({ handler, taskRoot, environment: options.environmentOf(code) });
    asking.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    asking.end(body);
    asking = null;
  }

  function handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (api.handle(request, response)) return true;
    const asks = options.asksForSetup && request.method === 'GET' && request.url === SETUP_PATH;
    if (!asks || asking !== null) return false;
    request.resume();
    asking = response;
    boot.resolve();
    giveCode();
    return true;
  }

  const guest: Guest = {
    get open() {
      return closed === null;
    },
    booted: () => boot.promise,
    async init(setup) {
      assert(
        options.setup === null || options.setup.functionName === setup.functionName,
        'another function’s code',
      );
      await boot.promise;
      code = setup;
      giveCode();
      return await api.initialised;
    },
    invoke: (work) => api.invoke(work),
    close() {
      if (closed !== null) return closed;
      const why = new GuestGone('the guest was closed');
      boot.reject(why);
      api.close(why);
      asking?.destroy();
      closed = options.onClose();
      return closed;
    },
  };
  return { guest, handle };
}
