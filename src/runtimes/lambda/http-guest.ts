/**
 * The conversation with a runtime that asks for its work over HTTP: Python, and any `bootstrap`.
 *
 * A runtime of ours first asks for its code at a path of its own, with the instance's token; only
 * after that is there a Runtime API for it.
 * The end of the process cannot be seen from here: its owner calls `close`.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { runtimeParts } from '../../model/index.ts';
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
import { MAX_COMPILED_BODY_BYTES, NotesTaker } from './init-notes.ts';
import { RuntimeApi } from './runtime-api.ts';

/** Where a runtime of ours asks for its code. Not part of the Runtime API. */
export const SETUP_PATH = '/guest/setup';
/** Where it hands over what its init compiled, once. */
export const COMPILED_PATH = '/guest/compiled';

export interface HttpGuestOptions {
  /** The code of a guest that is launched for one function; null: it is blank. */
  readonly setup: Setup | null;
  /**
   * Whether the runtime is one of ours and asks for its code; any other is up as soon as it is started.
   * `maybe`: it was started as one of ours, but could be another program by now.
   */
  readonly asksForSetup: boolean | 'maybe';
  environmentOf(setup: Setup): Readonly<Record<string, string>>;
  onClose(): Promise<void>;
}

export class HttpGuest implements Guest {
  readonly #options: HttpGuestOptions;
  readonly #api = new RuntimeApi();
  readonly #boot = Promise.withResolvers<void>();
  /** Our runtime's open request for its code. */
  #asking: ServerResponse | null = null;
  #setup: Setup | null;
  #asked = false;
  /** While it initialises, and is to hand over what it compiles. */
  #recording: NotesTaker | null = null;
  #notes = NO_NOTES;
  #closed: Promise<void> | null = null;

  constructor(options: HttpGuestOptions) {
    this.#options = options;
    this.#setup = options.setup;
    this.#boot.promise.catch(() => {}); // whoever calls booted() is told
    if (options.asksForSetup !== true) this.#boot.resolve();
  }

  get open(): boolean {
    return this.#closed === null;
  }

  get notes(): InitNotes {
    return this.#notes;
  }

  booted(): Promise<void> {
    return this.#boot.promise;
  }

  async init(setup: Setup): Promise<FunctionError | null> {
    await this.#boot.promise;
    this.#setup = setup;
    const notes = new NotesTaker(setup);
    if (notes.wantsCompiled) this.#recording = notes;
    this.#giveCode();
    const error = await this.#api.initialised;
    this.#recording = null;
    this.#notes = notes.finish();
    return error;
  }

  invoke(work: Work): Promise<Answer> {
    return this.#api.invoke(work);
  }

  ready(): Promise<void> | null {
    return this.#api.ready();
  }

  close(): Promise<void> {
    if (this.#closed !== null) return this.#closed;
    const why = new GuestGone('the guest was closed');
    this.#boot.reject(why);
    this.#api.close(why);
    this.#asking?.destroy();
    this.#closed = this.#options.onClose();
    return this.#closed;
  }

  /** @returns whether the request is one of a runtime's */
  handle(request: IncomingMessage, response: ServerResponse, hasToken: boolean): boolean {
    // Once: it carries the function's secrets, and whoever asks again is not the runtime that booted here.
    if (this.#recording !== null && request.url === COMPILED_PATH && hasToken) {
      void takeCompiled(this.#recording, request, response);
      this.#recording = null;
      return true;
    }
    const isSetup = request.method === 'GET' && request.url === SETUP_PATH && hasToken;
    if (this.#asked || !isSetup || this.#options.asksForSetup === false)
      return this.#asked || this.#options.asksForSetup !== true ? this.#api.handle(request, response) : false;
    this.#asked = true;
    request.resume();
    this.#asking = response;
    this.#boot.resolve();
    this.#giveCode();
    return true;
  }

  #giveCode(): void {
    if (this.#asking === null || this.#setup === null) return;
    const { handler, taskRoot, compileCache } = this.#setup;
    const paths = layerPaths(this.#setup);
    const environment = this.#options.environmentOf(this.#setup);
    const body = JSON.stringify({ handler, taskRoot, environment, compileCache, paths });
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    this.#asking.writeHead(200, headers).end(body);
    this.#asking = null;
  }
}

/** Where Python finds the modules of layers, as on Lambda. */
function layerPaths({ runtime, opt = null }: Setup): string[] {
  if (opt === null) return [];
  const { version } = runtimeParts(runtime);
  return [`${opt.root}/python/lib/python${version}/site-packages`, `${opt.root}/python`];
}

/** What cannot be read is not kept. */
async function takeCompiled(
  notes: NotesTaker,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_COMPILED_BODY_BYTES) throw new RangeError('too long');
      chunks.push(chunk);
    }
    notes.takeBody(Buffer.concat(chunks));
    response.writeHead(202, { 'Content-Length': 0 }).end();
  } catch {
    response.destroy();
  }
}
