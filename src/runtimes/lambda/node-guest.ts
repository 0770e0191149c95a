/**
 * The conversation with the Node.js runtime in one sandbox, over frames on a socket.
 *
 * Owns   the socket, and the one promise that is waiting for the guest: hello, ready or an answer.
 * Never  parses an event or a result, and never trusts the guest: a frame that is too long, of an
 *        unknown kind or out of turn closes the channel, which is `GuestGone` for whoever waits.
 *
 *   booting → blank → initialising → idle ⇄ busy ⇄ streaming → (done) idle;  any → gone
 */
import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { LIMITS } from '../../model/index.ts';
import { type Answer, type FunctionError, type Guest, GuestGone, type Setup, type Work } from '../guest.ts';
import { type AnswerStream, answerStream, StreamBroken, streamTooLarge } from './answer-stream.ts';
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

const MAX_FRAME_BYTES = LIMITS.answerBytes + 1024;

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

type State =
  | { at: 'booting' | 'blank' | 'idle' }
  | { at: 'initialising'; waiter: Waiter<FunctionError | null> | null }
  | { at: 'busy'; waiter: Waiter<Answer> }
  | { at: 'streaming'; stream: AnswerStream; ended: Waiter<FunctionError | null> }
  | { at: 'leaving'; answer: () => void }
  | { at: 'gone'; why: GuestGone };

export interface NodeGuestOptions {
  readonly channel: Duplex;
  /** The environment and code of a guest that is launched for one function; null: it is blank. */
  readonly setup: Setup | null;
  environmentOf(setup: Setup): Readonly<Record<string, string>>;
  /** Called once, when the conversation is over. */
  onClose(): Promise<void>;
}

/** @returns a guest whose process is starting */
export function nodeGuest(options: NodeGuestOptions): Guest {
  const { channel } = options;
  let state: State = { at: 'booting' };
  let initResult: { error: FunctionError | null } | null = null;
  let closing: Promise<void> | null = null;
  const boot = Promise.withResolvers<void>();
  boot.promise.catch(() => {}); // whoever calls booted() is told; nobody else needs to be

  function gone(why: GuestGone): void {
    if (state.at === 'gone') return;
    const before = state;
    state = { at: 'gone', why };
    boot.reject(why);
    if (before.at === 'leaving') before.answer();
    else if (before.at === 'streaming') {
      before.stream.end(why);
      before.ended.reject(why);
    } else if ('waiter' in before) before.waiter?.reject(why);
    channel.destroy();
  }

  function sendSetup(setup: Setup): void {
    const { handler, taskRoot } = setup;
    const environment = options.environmentOf(setup);
    channel.write(encodeFrame(FROM_HOST.setup, JSON.stringify({ handler, taskRoot, environment })));
  }

  function onHello(payload: Buffer): void {
    if (state.at !== 'booting') throw new ProtocolError('a guest said hello twice');
    const { protocol } = JSON.parse(payload.toString()) as { protocol?: unknown };
    if (protocol !== PROTOCOL)
      throw new ProtocolError(`a guest speaks protocol ${protocol}, not ${PROTOCOL}`);
    state = options.setup === null ? { at: 'blank' } : { at: 'initialising', waiter: null };
    boot.resolve();
  }

  function onInit(error: FunctionError | null): void {
    if (state.at !== 'initialising') throw new ProtocolError('a guest reported on an init nobody asked for');
    const { waiter } = state;
    initResult = { error };
    if (error === null) {
      state = { at: 'idle' };
      waiter?.resolve(null);
    } else {
      state = { at: 'leaving', answer: () => waiter?.resolve(error) };
    }
  }

  function onAnswer(answer: Answer): void {
    if (state.at !== 'busy') throw new ProtocolError('a guest answered what was not asked');
    const { waiter } = state;
    state = { at: 'idle' };
    waiter.resolve(answer);
  }

  /** The process is about to end: its owner hears the answer only once it must not be used again. */
  function onLastError(error: FunctionError): void {
    if (state.at === 'streaming') {
      const { stream, ended } = state;
      stream.end(new StreamBroken(error));
      state = { at: 'leaving', answer: () => ended.resolve(error) };
    } else if (state.at === 'busy') {
      const { waiter } = state;
      state = { at: 'leaving', answer: () => waiter.resolve({ kind: 'error', error }) };
    } else throw new ProtocolError('a guest ended an invocation nobody asked for');
  }

  function onStreamStart(contentType: string): void {
    if (state.at !== 'busy') throw new ProtocolError('a guest began a stream nobody asked for');
    const { waiter } = state;
    const stream = answerStream({ pause: () => channel.pause(), resume: () => channel.resume() });
    const ended = Promise.withResolvers<FunctionError | null>();
    ended.promise.catch(() => {});
    state = { at: 'streaming', stream, ended };
    waiter.resolve({ kind: 'stream', contentType, body: stream.body, ended: ended.promise });
  }

  function onStreamDone(error: FunctionError | null): void {
    const { stream, ended } = streaming();
    stream.end(error === null ? null : new StreamBroken(error));
    state = { at: 'idle' };
    ended.resolve(error ?? (stream.overflowed() ? streamTooLarge() : null));
  }

  function streaming(): Extract<State, { at: 'streaming' }> {
    if (state.at !== 'streaming')
      throw new ProtocolError('a guest sent a piece of a stream it had not begun');
    return state;
  }

  function onFrame(kind: number, payload: Buffer) {
    switch (kind) {
      case TO_HOST.result:
        return onAnswer({ kind: 'result', payload });
      case TO_HOST.streamData:
        return streaming().stream.push(payload);
      case TO_HOST.error:
        return onAnswer({ kind: 'error', error: decodeError(payload) });
      case TO_HOST.lastError:
        return onLastError(decodeError(payload));
      case TO_HOST.streamStart:
        return onStreamStart(payload.toString());
      case TO_HOST.streamEnd:
        return streaming().stream.end(null);
      case TO_HOST.streamDone:
        return onStreamDone(payload.length === 0 ? null : decodeError(payload));
      case TO_HOST.hello:
        return onHello(payload);
      case TO_HOST.ready:
        return onInit(null);
      case TO_HOST.initError:
        return onInit(decodeError(payload));
      default:
        throw new ProtocolError(`a guest sent a frame of unknown kind ${kind}`);
    }
  }

  const read = frameReader(MAX_FRAME_BYTES, onFrame);
  channel.on('data', (chunk: Buffer) => {
    if (state.at === 'gone') return;
    try {
      read(chunk);
    } catch (cause) {
      gone(new GuestGone('the guest broke the protocol', { cause }));
    }
  });
  for (const event of ['end', 'close', 'error']) {
    channel.on(event, () => gone(new GuestGone('the guest closed its channel')));
  }
  if (options.setup !== null) sendSetup(options.setup);

  return {
    get open() {
      return state.at !== 'gone' && state.at !== 'leaving';
    },
    booted: () => boot.promise,
    async init(setup) {
      await boot.promise;
      if (initResult !== null) return initResult.error;
      if (state.at === 'gone') throw state.why;
      return await new Promise<FunctionError | null>((resolve, reject) => {
        const waiter = { resolve, reject };
        if (state.at === 'blank') sendSetup(setup);
        else
          assert(state.at === 'initialising' && state.waiter === null, `init of a guest that is ${state.at}`);
        state = { at: 'initialising', waiter };
      });
    },
    invoke(work: Work) {
      if (state.at === 'gone') return Promise.reject(state.why);
      assert(state.at === 'idle', `invoke of a guest that is ${state.at}`);
      return new Promise((resolve, reject) => {
        state = { at: 'busy', waiter: { resolve, reject } };
        for (const piece of encodeInvoke(work)) channel.write(piece);
      });
    },
    close() {
      gone(new GuestGone('the guest was closed'));
      closing ??= options.onClose();
      return closing;
    },
  };
}
