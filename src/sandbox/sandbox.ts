/**
 * The sandbox port: what a driver must be able to do. Small on purpose; every driver (and the fake)
 * passes the same suite, contract.ts. Rules that hold for all of them (stop once, never freeze the
 * dead) live in safe.ts, not in each driver.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Egress } from '../model/index.ts';

/** What a function may use; a blank gets its own when it is given its code. */
export interface SandboxLimits {
  readonly memoryMb: number;
  /** Size of /tmp. */
  readonly ephemeralMb: number;
  /** Where its code may connect to. */
  readonly egress: Egress;
}

export interface SandboxSpec extends SandboxLimits {
  readonly id: string;
  readonly argv: readonly string[];
  /** The whole environment but for what the driver itself must add (TMPDIR, HOME); nothing of the host's leaks in. */
  readonly environment: Readonly<Record<string, string>>;
  /** The code, in place before the process starts; null: it is blank, and `place` brings it. */
  readonly codeDir: string | null;
  /** What it finds, read-only, at the path that the driver's `optRoot` names. Default: nothing. */
  readonly opt?: string | null;
  /** Programs that start beside the main one, which begins when it is told to. Default: none. */
  readonly companions?: Companions | null;
  /**
   * What it sees as its root, read-only, instead of the machine's programs; null (default): those. Its code
   * is in it, and is never placed.
   */
  readonly image?: { readonly root: string; readonly workingDirectory: string } | null;
  /** A connected stream socket as descriptor 3 of the process, for its guest; of a driver that `hasChannels` only. */
  readonly channel: boolean;
  /** Becomes the process's stdout and stderr. The driver destroys our copy. */
  readonly output: Socket;
  /**
   * Called once, before the process starts, with the private IPv4 address that it will call from;
   * null: it shares the host's network and cannot be told by its address.
   */
  onAddress(address: string | null): void;
}

/** Programs that run in a sandbox beside its main one, in its environment. */
export interface Companions {
  /** As the sandbox finds them, in the order in which they start; no arguments. */
  readonly programs: readonly string[];
  /** Names of variables that only the main program has. */
  readonly hidden: readonly string[];
  /** Becomes their stdout and stderr. The driver destroys our copy. */
  readonly output: Socket;
}

export interface CompanionEnd {
  /** Which of `programs`. */
  readonly index: number;
  /** As a shell tells it: 128 and more for a signal, 126 or 127 where it could not be run. */
  readonly status: number;
}

/** A sandbox whose main program is not all of it. Such a sandbox lives until it is stopped. */
export interface CompanionControl {
  /** Starts the main program. Once. */
  begin(): void;
  /** To the main program alone. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Told of each companion that has ended, those before included. One listener. */
  onGone(listener: (end: CompanionEnd) => void): void;
}

/** How a sandbox's process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The driver ended it because it was over its memory limit. */
  readonly outOfMemory: boolean;
}

export interface Sandbox {
  readonly id: string;
  /** For people and for tests; null where a driver has none. */
  readonly pid: number | null;
  readonly channel: Duplex | null;
  /** Null: the main program is all there is. */
  readonly companions: CompanionControl | null;
  /** Resolves, never rejects, as soon as the main process has ended: the sandbox can do no more work. */
  readonly exited: Promise<Exit>;
  /** Resolves, never rejects, when nothing of the sandbox is left: no process, no file. */
  readonly gone: Promise<void>;
  /** Makes this folder the sandbox's code, at the path that the driver's `taskRoot` names. */
  place(codeDir: string): Promise<void>;
  /** Makes this folder readable at the path that the driver's `compiledRoot` names: compiled code of the version. */
  placeCompiled(folder: string): Promise<void>;
  /** Applies a function's own limits to a sandbox that was started blank. */
  limit(limits: SandboxLimits): Promise<void>;
  /** Its init is over: from now on its share of the processors follows its memory. */
  throttle(): void;
  freeze(): void;
  thaw(): void;
  /** Highest memory use so far, MB. May lag by up to a second. */
  peakMemoryMb(): number;
  /** Ends every process of the sandbox: SIGTERM first if `graceMs` > 0, SIGKILL after it. Resolves when it is gone. */
  stop(graceMs: number): Promise<Exit>;
}

export interface SandboxDriver {
  readonly name: string;
  /** One line for people: what isolation this driver gives, and what it does not. */
  readonly promise: string;
  /** @returns the path under which code in a sandbox finds this folder */
  taskRoot(codeDir: string): string;
  /** @returns the path under which code in a sandbox finds the folder that is its `opt` */
  optRoot(opt: string): string;
  /** @returns the path under which code in a sandbox finds this folder of compiled code */
  compiledRoot(folder: string): string;
  /**
   * Makes a file or folder of the installation readable in every sandbox that starts from now on.
   *
   * @param name its name in the sandboxes, where the driver gives them names of their own
   * @returns the path under which sandboxed code finds it
   */
  expose(hostPath: string, name: string): string;
  /** Whether a process can be given a channel. Where not, its guest must call its node for one. */
  readonly hasChannels: boolean;
  /** Where an instance finds its node: the IPv4 address that guest listeners bind. */
  readonly guestHost: string;
  /** @throws {Fault} `sandbox-failed` when no process came of it; nothing is left behind then */
  start(spec: SandboxSpec): Promise<Sandbox>;
  /** Ends what an earlier node on the same home left running. @returns how many processes */
  sweep(): Promise<number>;
  /** Stops every sandbox, and waits. Idempotent. */
  close(): Promise<void>;
}
