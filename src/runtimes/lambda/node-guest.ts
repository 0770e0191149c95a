/**
 * The conversation with the Node.js runtime in one sandbox, over frames on a socket.
 *
 * Owns   the socket, and the one promise that is waiting for the guest: hello, ready or an answer.
 * Never  parses an event or a result, and never trusts the guest: a frame that is too long, of an
 *        unknown kind or out of turn closes the channel, which is `GuestGone` for whoever waits.
 *
 *   booting → blank → initialising → idle ⇄ busy ⇄ streaming → idle;  any → leaving → gone
 *
 * A guest is `leaving` when it reported an error that nobody caught and is about to end: whoever
 * waits hears of it only when the process can no longer be mistaken for one that goes on.
 */
import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { LIMITS } from '../../model/index.ts';
import {
  type Answer,
  type FunctionError,
  type Guest,
  GuestGone,
  type InitNotes,
  NO_NOTES,
  NotBegun,
  type Setup,
  type Work,
} from '../guest.ts';
import { AnswerStream, StreamBroken, streamTooLarge } from './answer-stream.ts';
import {
  decodeError,
  encodeFrame,
  encodeInvoke,
  FROM_HOST,
  frameReader,
  PROTOCOL,
  ProtocolError,
  TO_HOST,
} from './frames.ts';
import { NotesTaker } from './init-notes.ts';

const MAX_FRAME_BYTES = LIMITS.answerBytes + 1024;

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

type State =
  | { at: 'booting' | 'blank' | 'idle' }
  | { at: 'initialising'; waiter: Waiter<FunctionError | null> | null; notes: NotesTaker }
  | { at: 'busy'; waiter: Waiter<Answer> }
  | { at: 'streaming'; stream: AnswerStream; ended: Waiter<FunctionError | null> }
  | { at: 'leaving'; answer: () => void }
  | { at: 'gone'; why: GuestGone };

export interface NodeGuestOptions {
  readonly channel: Duplex;
  /** The code of a guest that is launched for one function; null: it is blank. */
  readonly setup: Setup | null;
  environmentOf(setup: Setup): Readonly<Record<string, string>>;
  /** Called once, when the conversation is over. */
  onClose(): Promise<void>;
}

export class NodeGuest implements Guest {
  readonly #options: NodeGuestOptions;
  readonly #boot = Promise.withResolvers<void>();
  #state: State = { at: 'booting' };
  #initResult: { readonly error: FunctionError | null } | null = null;
  #closing: Promise<void> | null = null;
  #notes = NO_NOTES;

  constructor(options: NodeGuestOptions) {
    this.#options = options;
    this.#boot.promise.catch(() => {}); // whoever calls booted() is told; nobody else needs to be
    this.#listen();
    if (options.setup !== null) this.#sendSetup(options.setup);
  }

  get open(): boolean {
    return this.#state.at !== 'gone' && this.#state.at !== 'leaving';
  }

  get notes(): InitNotes {
    return this.#notes;
  }

  booted(): Promise<void> {
    return this.#boot.promise;
  }

  async init(setup: Setup): Promise<FunctionError | null> {
    await this.#boot.promise;
    if (this.#initResult !== null) return this.#initResult.error;
    const state = this.#state;
    if (state.at === 'gone') throw state.why;
    return await new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      if (state.at === 'blank') {
        this.#sendSetup(setup);
        this.#state = { at: 'initialising', waiter, notes: new NotesTaker(setup) };
        return;
      }
      assert(state.at === 'initialising' && state.waiter === null, `init of a guest that is ${state.at}`);
      state.waiter = waiter;
    });
  }

  invoke(work: Work): Promise<Answer> {
    if (this.#state.at === 'gone') return Promise.reject(this.#state.why);
    assert(this.#state.at === 'idle', `invoke of a guest that is ${this.#state.at}`);
    return new Promise((resolve, reject) => {
      this.#state = { at: 'busy', waiter: { resolve, reject } };
      for (const piece of encodeInvoke(work)) this.#options.channel.write(piece);
    });
  }

  /** It answers when it is done. */
  ready(): null {
    return null;
  }

  close(): Promise<void> {
    this.#leave(new GuestGone('the guest was closed'));
    this.#closing ??= this.#options.onClose();
    return this.#closing;
  }

  #listen(): void {
    const { channel } = this.#options;
    const read = frameReader(MAX_FRAME_BYTES, (kind, payload) => this.#onFrame(kind, payload));
    channel.on('data', (chunk: Buffer) => {
      if (this.#state.at === 'gone') return;
      try {
        read(chunk);
      } catch (cause) {
        this.#leave(new GuestGone('the guest broke the protocol', { cause }));
      }
    });
    for (const event of ['end', 'close', 'error']) {
      channel.on(event, () => this.#leave(new GuestGone('the guest closed its channel')));
    }
  }

  #leave(why: GuestGone): void {
    const before = this.#state;
    if (before.at === 'gone') return;
    this.#state = { at: 'gone', why };
    this.#boot.reject(why);
    if (before.at === 'leaving') before.answer();
    else if (before.at === 'streaming') {
      before.stream.end(why);
      before.ended.reject(why);
    } else if ('waiter' in before) before.waiter?.reject(why);
    this.#options.channel.destroy();
  }

  #sendSetup(setup: Setup): void {
    const { handler, taskRoot, compileCache } = setup;
    const environment = this.#options.environmentOf(setup);
    const payload = JSON.stringify({ handler, taskRoot, environment, compileCache });
    this.#options.channel.write(encodeFrame(FROM_HOST.setup, payload));
  }

  #onFrame(kind: number, payload: Buffer) {
    switch (kind) {
      case TO_HOST.result:
        return this.#onAnswer({ kind: 'result', payload });
      case TO_HOST.streamData:
        return this.#streaming().stream.push(payload);
      case TO_HOST.error:
        return this.#onAnswer({ kind: 'error', error: decodeError(payload) });
      case TO_HOST.lastError:
        return this.#onLastError(decodeError(payload));
      case TO_HOST.streamStart:
        return this.#onStreamStart(payload.toString());
      case TO_HOST.streamEnd:
        return this.#streaming().stream.end(null);
      case TO_HOST.streamDone:
        return this.#onStreamDone(payload.length === 0 ? null : decodeError(payload));
      case TO_HOST.goodbye:
        return this.#onGoodbye();
      case TO_HOST.hello:
        return this.#onHello(payload);
      case TO_HOST.ready:
        return this.#onReady(payload);
      case TO_HOST.compiled:
        return this.#initialising().notes.takeFrame(payload);
      case TO_HOST.initError:
        return this.#onInit(decodeError(payload));
      default:
        throw new ProtocolError(`a guest sent a frame of unknown kind ${kind}`);
    }
  }

  #onHello(payload: Buffer): void {
    if (this.#state.at !== 'booting') throw new ProtocolError('a guest said hello twice');
    const { protocol } = JSON.parse(payload.toString()) as { protocol?: unknown };
    if (protocol !== PROTOCOL)
      throw new ProtocolError(`a guest speaks protocol ${protocol}, not ${PROTOCOL}`);
    const { setup } = this.#options;
    this.#state =
      setup === null ? { at: 'blank' } : { at: 'initialising', waiter: null, notes: new NotesTaker(setup) };
    this.#boot.resolve();
  }

  #onReady(payload: Buffer): void {
    this.#notes = this.#initialising().notes.finish(payload);
    this.#onInit(null);
  }

  #onInit(error: FunctionError | null): void {
    const { waiter } = this.#initialising();
    this.#initResult = { error };
    if (error !== null) {
      this.#state = { at: 'leaving', answer: () => waiter?.resolve(error) };
      return;
    }
    this.#state = { at: 'idle' };
    waiter?.resolve(null);
  }

  #onAnswer(answer: Answer): void {
    if (this.#state.at !== 'busy') throw new ProtocolError('a guest answered what was not asked');
    const { waiter } = this.#state;
    this.#state = { at: 'idle' };
    waiter.resolve(answer);
  }

  #onLastError(error: FunctionError): void {
    const state = this.#state;
    if (state.at === 'streaming') {
      state.stream.end(new StreamBroken(error));
      this.#state = { at: 'leaving', answer: () => state.ended.resolve(error) };
    } else if (state.at === 'busy') {
      this.#state = { at: 'leaving', answer: () => state.waiter.resolve({ kind: 'error', error }) };
    } else throw new ProtocolError('a guest ended an invocation nobody asked for');
  }

  /** What has been sent to it since its last answer, it has not read. */
  #onGoodbye(): void {
    if (this.#state.at === 'busy') this.#leave(new NotBegun('the guest ended before it began'));
    else if (this.#state.at === 'idle') this.#leave(new GuestGone('the guest ended'));
  }

  #onStreamStart(contentType: string): void {
    if (this.#state.at !== 'busy') throw new ProtocolError('a guest began a stream nobody asked for');
    const { waiter } = this.#state;
    const stream = new AnswerStream(this.#options.channel);
    const ended = Promise.withResolvers<FunctionError | null>();
    ended.promise.catch(() => {}); // a caller may not care
    this.#state = { at: 'streaming', stream, ended };
    waiter.resolve({ kind: 'stream', contentType, body: stream.body, ended: ended.promise });
  }

  #onStreamDone(error: FunctionError | null): void {
    const { stream, ended } = this.#streaming();
    stream.end(error === null ? null : new StreamBroken(error));
    this.#state = { at: 'idle' };
    ended.resolve(error ?? (stream.overflowed ? streamTooLarge() : null));
  }

  #initialising(): Extract<State, { at: 'initialising' }> {
    if (this.#state.at !== 'initialising')
      throw new ProtocolError('a guest reported on an init nobody asked for');
    return this.#state;
  }

  #streaming(): Extract<State, { at: 'streaming' }> {
    if (this.#state.at !== 'streaming')
      throw new ProtocolError('a guest sent a piece of a stream it had not begun');
    return this.#state;
  }
}
