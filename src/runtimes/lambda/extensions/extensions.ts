/**
 * The extensions of one instance: who has registered, who is asked for, and what the others wait for.
 *
 * Owns   each extension's place in its conversation (extension-state.ts), and the four moments at which
 *        somebody waits for all of them: registered, ready, done with an invocation, told of the end.
 * Never  starts or ends a process, keeps time, or speaks HTTP: see extensions-api.ts and instances/.
 *
 * An external extension is a program of /opt/extensions and must register before the runtime is started. An
 * internal one runs in the runtime's process and registers, if it does, while that initialises.
 */
import { randomUUID } from 'node:crypto';
import { type ExtensionState, type ExtensionStep, extensionStep } from './extension-state.ts';

export type ExtensionEvent = 'INVOKE' | 'SHUTDOWN';
export type ShutdownReason = 'spindown' | 'timeout' | 'failure';

/** What extensions are told of an invocation. */
export interface ToldWork {
  readonly requestId: string;
  /** Wall-clock ms. */
  readonly deadlineMs: number;
  readonly functionArn: string;
  readonly traceId: string | null;
}

/** AWS: 10 extensions of a function, internal ones included. */
export const MAX_EXTENSIONS = 10;

/** An extension that ends the instance. */
export interface ExtensionFailure {
  readonly errorType:
    | 'Extension.Crash'
    | 'Extension.ExitError'
    | 'Extension.InitError'
    | 'Extension.LaunchError';
  /** What happened, in AWS's words. */
  readonly reason: string;
  readonly name: string;
}

/** A program of /opt/extensions. */
export interface ExtensionProgram {
  readonly name: string;
  readonly executable: boolean;
}

export interface Extension {
  /** What it shows with each request. */
  readonly id: string;
  readonly name: string;
  readonly isExternal: boolean;
  readonly events: ReadonlySet<ExtensionEvent>;
  readonly state: ExtensionState;
}

/** Takes one event out: the answer to an open `next`. */
export type Poll = (event: object) => void;

interface OwnExtension extends Extension {
  events: Set<ExtensionEvent>;
  state: ExtensionState;
  poll: Poll | null;
  /** An event that came while it did not ask. */
  owed: object | null;
  /** The type of error that it reported. */
  reported: string | null;
}

/** Why a registration is refused, in AWS's words. */
export type Refusal = 'closed' | 'too-many' | 'not-allowed';

export class Extensions {
  readonly #programs: readonly string[];
  readonly #all = new Map<string, OwnExtension>();
  readonly #registered = Promise.withResolvers<void>();
  readonly #failed = Promise.withResolvers<ExtensionFailure>();
  #closed = false;
  /** Whoever waits for all of them, and for which. */
  #waiting: { readonly for: (extension: OwnExtension) => boolean; readonly done: () => void } | null = null;
  #failure: ExtensionFailure | null = null;
  #ending = false;

  constructor(programs: readonly ExtensionProgram[]) {
    this.#programs = programs.map(({ name }) => name);
    for (const { name } of programs) this.#add(name, true);
    const unable = programs.find(({ executable }) => !executable);
    if (programs.length > MAX_EXTENSIONS)
      this.#fail({ errorType: 'Extension.LaunchError', name: '', reason: 'too many extensions' });
    else if (unable !== undefined) this.#fail(permissionDenied(unable.name));
    if (programs.length === 0) this.#registered.resolve();
  }

  /** Whether there are any at all. */
  get any(): boolean {
    return this.#all.size > 0;
  }

  get anyExternal(): boolean {
    return this.#programs.length > 0;
  }

  all(): Iterable<Extension> {
    return this.#all.values();
  }

  /** Resolves when all external ones have registered. */
  get registered(): Promise<void> {
    return this.#registered.promise;
  }

  /** Resolves, never rejects, when one of them ends what it should not, or says that it will. */
  get failed(): Promise<ExtensionFailure> {
    return this.#failed.promise;
  }

  get failure(): ExtensionFailure | null {
    return this.#failure;
  }

  find(id: string): Extension | undefined {
    return [...this.#all.values()].find((extension) => extension.id === id);
  }

  isProgram(name: string): boolean {
    return this.#programs.includes(name);
  }

  register(name: string, events: Iterable<ExtensionEvent>): Extension | Refusal {
    const known = this.#all.get(name);
    if (known === undefined && this.#closed) return 'closed';
    if (known === undefined && this.#all.size >= MAX_EXTENSIONS) return 'too-many';
    const extension = known ?? this.#add(name, false);
    if (!this.move(extension, 'register')) return 'not-allowed';
    extension.events = new Set(events);
    if ([...this.#all.values()].every(({ state }) => state !== 'Started')) this.#registered.resolve();
    return extension;
  }

  /** @returns whether it may do that now */
  move(extension: Extension, step: ExtensionStep): boolean {
    const to = extensionStep(extension.state, step);
    if (to === null) return false;
    (extension as OwnExtension).state = to;
    return true;
  }

  /** An extension asks what is next. @returns whether it may */
  next(extension: Extension, poll: Poll): boolean {
    if (!this.move(extension, 'next')) return false;
    const own = extension as OwnExtension;
    const { owed } = own;
    own.owed = null;
    own.poll = poll;
    if (owed === null) this.#look();
    else this.#hand(own, owed);
    return true;
  }

  /** The connection of its `next` is gone. */
  pollLost(extension: Extension, poll: Poll): void {
    if ((extension as OwnExtension).poll !== poll) return;
    (extension as OwnExtension).poll = null;
    this.move(extension, 'pollLost');
  }

  /** It says that it cannot go on. @returns whether it may say so now */
  report(extension: Extension, step: 'initError' | 'exitError', errorType: string): boolean {
    const own = extension as OwnExtension;
    if (!this.move(own, step)) return false;
    own.reported ??= errorType;
    const kind = step === 'initError' ? 'Extension.InitError' : 'Extension.ExitError';
    this.#fail({ errorType: kind, name: own.name, reason: own.reported });
    return true;
  }

  /** A program has ended. @param status as a shell tells it */
  ended(index: number, status: number): void {
    const name = this.#programs[index] ?? '';
    if (status === 126 || status === 127) this.#fail(permissionDenied(name));
    else this.#fail({ errorType: 'Extension.Crash', name, reason: statusWords(status) });
  }

  /** Nobody registers any more. Resolves when all that have are ready. */
  ready(): Promise<void> {
    this.#closed = true;
    return this.#waitFor(() => true) ?? Promise.resolve();
  }

  /** Tells those who want to know that an invocation begins. */
  begin(work: ToldWork): void {
    this.#send('INVOKE', {
      eventType: 'INVOKE',
      deadlineMs: Math.floor(work.deadlineMs),
      requestId: work.requestId,
      invokedFunctionArn: work.functionArn,
      ...(work.traceId !== null && { tracing: { type: 'X-Amzn-Trace-Id', value: work.traceId } }),
    });
  }

  /** Null when nobody is at work on an invocation any more; else resolves when that is so. */
  settled(): Promise<void> | null {
    return this.#waitFor(({ events }) => events.has('INVOKE'));
  }

  /** From now on nobody's end is a failure. @returns the indices of the programs that are told, and are to end by themselves */
  shutDown(shutdownReason: ShutdownReason, deadlineMs: number): readonly number[] {
    this.#ending = true;
    this.#send('SHUTDOWN', { eventType: 'SHUTDOWN', shutdownReason, deadlineMs: Math.floor(deadlineMs) });
    const told = [...this.#all.values()].filter(({ events }) => events.has('SHUTDOWN'));
    return told.map(({ name }) => this.#programs.indexOf(name)).filter((index) => index !== -1);
  }

  /** The main program is about to be ended. */
  beginEnding(): void {
    this.#ending = true;
  }

  #add(name: string, isExternal: boolean): OwnExtension {
    const more = { events: new Set<ExtensionEvent>(), poll: null, owed: null, reported: null };
    const extension: OwnExtension = { id: randomUUID(), name, isExternal, state: 'Started', ...more };
    this.#all.set(name, extension);
    return extension;
  }

  #send(kind: ExtensionEvent, event: object): void {
    for (const extension of this.#all.values()) {
      if (!extension.events.has(kind)) continue;
      if (extension.state === 'Ready') this.#hand(extension, event);
      else extension.owed = event;
    }
  }

  #hand(extension: OwnExtension, event: object): void {
    const { poll } = extension;
    extension.poll = null;
    this.move(extension, 'event');
    poll?.(event);
  }

  #waitFor(which: (extension: OwnExtension) => boolean): Promise<void> | null {
    if (this.#allReady(which)) return null;
    return new Promise((resolve) => {
      this.#waiting = { for: which, done: resolve };
    });
  }

  #look(): void {
    if (this.#waiting === null || !this.#allReady(this.#waiting.for)) return;
    this.#waiting.done();
    this.#waiting = null;
  }

  #allReady(which: (extension: OwnExtension) => boolean): boolean {
    for (const extension of this.#all.values())
      if (which(extension) && extension.state !== 'Ready') return false;
    return true;
  }

  #fail(failure: ExtensionFailure): void {
    if (this.#failure !== null || this.#ending) return;
    this.#failure = failure;
    this.#failed.resolve(failure);
  }
}

function permissionDenied(name: string): ExtensionFailure {
  const reason = `fork/exec /opt/extensions/${name}: permission denied`;
  return { errorType: 'Extension.LaunchError', name, reason };
}

/** Go's words, of which AWS's messages are made. */
function statusWords(status: number): string {
  if (status === 0) return 'exit code 0';
  return status === 137 ? 'signal: killed' : `exit status ${status}`;
}
