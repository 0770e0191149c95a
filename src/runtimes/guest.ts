/**
 * The guest: our end of the conversation with the code in one sandbox.
 *
 * A guest is booted, then initialised once with one function's code, then asked to do one thing at
 * a time. It owns the conversation only: it starts no process, keeps no time and decides nothing.
 * When the process ends, every pending promise rejects with `GuestGone`; why it ended is for whoever
 * owns the process to say.
 */
import type { Duplex, Readable } from 'node:stream';
import type { RuntimeName } from '../model/index.ts';
import type { ExtensionProgram, Extensions } from './lambda/extensions/extensions.ts';

/** One function's code and everything it may see, for a sandbox that is about to run it. */
export interface Setup {
  readonly functionName: string;
  readonly version: number;
  readonly instanceId: string;
  readonly runtime: RuntimeName;
  readonly handler: string;
  readonly memoryMb: number;
  /** Path of the unpacked package, as the code sees it: LAMBDA_TASK_ROOT. */
  readonly taskRoot: string;
  /** The function's own variables, DATABASE_URL included. Lambda's variables are added by the runtime. */
  readonly environment: Readonly<Record<string, string>>;
  /** `on-demand` or `provisioned-concurrency`: AWS_LAMBDA_INITIALIZATION_TYPE. */
  readonly initializationType: 'on-demand' | 'provisioned-concurrency';
  readonly logStream: string;
  /** Name of the role that its credentials are for; null (default): the function's own. */
  readonly role?: string | null;
  readonly compileCache: CompileCache | null;
  /** What is under /opt; null (default): nothing. */
  readonly opt?: Opt | null;
  /** What is started of a container image; null (default): the code is a package. */
  readonly image?: GuestImage | null;
}

/** The program of a container image, and what the image has in its environment. */
export interface GuestImage {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Layers, in place before the process starts. */
export interface Opt {
  /** As the code sees it: `/opt`, where the driver gives it that name. */
  readonly root: string;
  /** The files of its folder `extensions`, in the order in which they start. */
  readonly extensions: readonly ExtensionProgram[];
}

/** What becomes of the code that a version compiles while it initialises; null: nothing. */
export type CompileCache =
  /** An earlier instance has compiled it: read it from here, as sandboxed code finds the folder. */
  | { readonly use: string }
  /** This instance is to hand over what it compiles. */
  | { readonly record: true };

/** Compiled code of one module, as the engine wrote it. */
export interface CompiledFile {
  /** Eight hex digits of Node.js, sixteen of Python. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** What a guest tells about its init beside how it went. Its own word: nothing that matters may rest on it. */
export interface InitNotes {
  /** How long the handler's module took to load, compiling and running it together, ms; null: it did not say. */
  readonly loadMs: number | null;
  /** Asked for by `record`; what a guest sends beyond its bounds is left out. */
  readonly compiled: readonly CompiledFile[];
}

export const NO_NOTES: InitNotes = { loadMs: null, compiled: [] };

/** One invocation, as the code is to see it. */
export interface Work {
  readonly requestId: string;
  /** The event: JSON text, never parsed on our side. */
  readonly event: string | Uint8Array;
  /** When the invocation must have ended, wall-clock ms. */
  readonly deadlineMs: number;
  readonly functionArn: string;
  /** X-Ray header of the caller's trace; null: none. */
  readonly traceId: string | null;
  /** JSON of the caller's ClientContext; null: none. */
  readonly clientContext: string | null;
}

/** An error object of Lambda's form, as JSON: `errorType`, `errorMessage`, `trace` or `stackTrace`. */
export interface FunctionError {
  readonly errorType: string;
  readonly payload: Buffer;
}

/** Characters of an `errorType`: it is the function's own word, and could be any length. */
const MAX_ERROR_TYPE = 256;

/** @returns the name of an error as it is kept: cut where it is too long for one */
export function errorTypeOf(named: string): string {
  return named.slice(0, MAX_ERROR_TYPE).toWellFormed();
}

export type Answer =
  | { readonly kind: 'result'; readonly payload: Buffer }
  | { readonly kind: 'error'; readonly error: FunctionError }
  | {
      readonly kind: 'stream';
      /** `application/octet-stream`, or `application/vnd.awslambda.http-integration-response` with its prelude. */
      readonly contentType: string;
      readonly body: Readable;
      /** Resolves when the function has ended its stream: null, or the error it ended with. */
      readonly ended: Promise<FunctionError | null>;
    };

/** The process behind a guest ended (or broke the protocol, which ends it). */
export class GuestGone extends Error {
  override readonly name = 'GuestGone';
}

/** It ended between two invocations: the one that was already on its way to it was never begun, and can be given to another. */
export class NotBegun extends GuestGone {}

export interface Guest {
  /**
   * False once no invocation can be handed over any more: the process ended, is about to (it
   * reported what nobody caught), or broke the protocol. Worth a look before an instance is kept.
   */
  readonly open: boolean;
  /** Resolves when the runtime is up: a blank one waits for its code, any other is initialising. */
  booted(): Promise<void>;
  /** Gives a blank guest its code, or waits for one that was launched with it. @returns the init error, or null */
  init(setup: Setup): Promise<FunctionError | null>;
  /** Null when the runtime has asked for work, or need not; else resolves when it does. */
  ready(): Promise<void> | null;
  /** Complete once `init` has resolved. */
  readonly notes: InitNotes;
  /** One at a time. Resolves with the answer, or with the start of a stream. */
  invoke(work: Work): Promise<Answer>;
  /**
   * Ends the conversation and closes the guest's listener; what is pending rejects with `GuestGone`.
   * Call it when the process has ended: a guest that speaks HTTP cannot tell by itself. Idempotent.
   */
  close(): Promise<void>;
}

/** What an instance tells its extensions beside the events of its life; logs/ has the whole of it. */
export interface TelemetryDesk {
  /** @returns what the extension is answered */
  subscribe(request: {
    readonly api: 'logs' | 'telemetry';
    readonly name: string;
    readonly body: string;
    /** Where the instance is reached: its private address; null: the host's own. */
    readonly address: string | null;
  }): { readonly status: number; readonly body: unknown };
}

/** What a driver needs to start the process of a guest, and how to talk to it afterwards. */
export interface Prepared {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Whether the process is given a connected stream socket as descriptor 3. */
  readonly channel: boolean;
  /** Whether the guest hears the end of its process by itself, after the last that it said. */
  readonly hearsEnd: boolean;
  /** Programs that start first; null: the runtime is all there is. */
  readonly companions: {
    /** As the code sees them. */
    readonly programs: readonly string[];
    /** Names of variables that only the runtime has. */
    readonly hidden: readonly string[];
  } | null;
  readonly extensions: Extensions;
  /** Where it tells what it does to those who subscribed; to be given before the process starts. */
  attach(telemetry: TelemetryDesk): void;
  /** Whether the runtime marks its own log lines with request ids (see logs/). */
  readonly tagsLogs: boolean;
  connect(channel: Duplex | null): Guest;
  /** Told before the process starts: the address it will call its node from; null: the host's own. */
  onAddress(address: string | null): void;
  /** Gives back what was prepared when no process came of it. Idempotent. */
  abandon(): Promise<void>;
}

/** Every runtime of this node. */
export interface Runtimes {
  /**
   * Whether a runtime can wait for its code in a booted process.
   *
   * @param environment a function's variables: some (NODE_OPTIONS, LD_PRELOAD, …) are only read when
   *   a process starts, and their function must be launched with its code
   */
  canBeBlank(runtime: RuntimeName, environment?: Readonly<Record<string, string>>): boolean;
  /**
   * @param setup null: boot it blank
   * @throws {Fault} `runtime-unavailable` when the machine lacks the interpreter
   */
  prepare(runtime: RuntimeName, memoryMb: number, setup: Setup | null): Promise<Prepared>;
}
