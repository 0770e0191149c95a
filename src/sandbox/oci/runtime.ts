/**
 * An OCI runtime: any program with the command line that runc made common.
 *
 * Owns   how it is called, and what it leaves in its state folder.
 * Never  is asked to change a running sandbox: limits and freezing go by the control groups' files,
 *        which are the same for all of them and take no process.
 */
import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import type { Socket } from 'node:net';
import { basename, delimiter, join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Channels } from '../process/channels.ts';
import { removeFolder } from '../process/scratch.ts';
import { type LaunchOrder, launch, runTool } from './launcher.ts';

/**
 * Those whose sandboxes are processes of this kernel, by which their state is a folder of files and nothing
 * else: removing the folder forgets a sandbox. They also pass on any descriptor they are given.
 */
const OF_THIS_KERNEL = ['runc', 'crun'];

export interface OciRuntime {
  readonly path: string;
  readonly name: string;
  /** Whether it passes on to a sandbox any descriptor it is given; else the three standard ones only. */
  readonly inherits: boolean;
}

/** @returns the program, or null when there is none of this name */
export function findRuntime(named: string, searchPath: string | undefined): OciRuntime | null {
  const candidates = named.includes('/')
    ? [named]
    : [...(searchPath ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin']
        .filter((folder) => folder.startsWith('/'))
        .map((folder) => join(folder, named));
  const path = candidates.find(isProgram);
  if (path === undefined) return null;
  const name = basename(path);
  return { path, name, inherits: OF_THIS_KERNEL.includes(name) };
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface RunOrder {
  readonly id: string;
  readonly bundle: string;
  /** Descriptors 3, 5 and 6 of process 1 once it has begun; null: closed. */
  readonly channel: Socket | null;
  readonly output: Socket;
  readonly companionOutput: Socket | null;
}

export interface Running {
  /** Descriptor 4 of process 1. */
  readonly report: Duplex;
  /** Resolves when the runtime's own process has ended: null, or what it complained about. */
  readonly launched: Promise<string | null>;
  /** Ends the runtime's own process, if it hangs. */
  abort(): void;
}

export interface RuntimeCalls {
  run(order: RunOrder): Promise<Running>;
  /** Forgets a sandbox whose processes have ended. Never fails. */
  forget(id: string): Promise<void>;
}

export interface RuntimeParts {
  readonly runtime: OciRuntime;
  /** The runtime's own, for this node alone. */
  readonly stateFolder: string;
  readonly channels: Channels;
}

export function runtimeCalls({ runtime, stateFolder, channels }: RuntimeParts): RuntimeCalls {
  return {
    async run(order) {
      const { id, bundle } = order;
      const { host, guest } = await channels.open();
      const { words, ...descriptors } = (runtime.inherits ? anyDescriptor : standardOnes)(order, guest);
      const { outcome, abort } = launch({
        program: runtime.path,
        args: ['--root', stateFolder, 'run', '--detach', ...words, '--bundle', bundle, id],
        cwd: bundle,
        ...descriptors,
      });
      const launched = outcome.then(({ complaint }) => {
        guest.destroy(); // the report ends when the sandbox's copy does
        return complaint;
      });
      return { report: host, launched, abort };
    },
    async forget(id) {
      if (!OF_THIS_KERNEL.includes(runtime.name)) await deleteByCall(runtime, stateFolder, id);
      await removeFolder(join(stateFolder, id));
    },
  };
}

type Descriptors = Pick<LaunchOrder, 'sockets' | 'blocking' | 'standard'> & { readonly words: string[] };

function anyDescriptor({ channel, output, companionOutput }: RunOrder, report: Socket): Descriptors {
  const last = companionOutput === null ? [] : [companionOutput];
  return {
    words: ['--no-new-keyring', '--preserve-fds', String(3 + last.length)],
    sockets: [channel, report, output, ...last],
    ...(last.length > 0 && { blocking: 1 }),
  };
}

/** Process 1 moves them to where they belong: init.ts, supervisor.ts. */
function standardOnes({ channel, output, companionOutput }: RunOrder, report: Socket): Descriptors {
  assert(channel === null, 'this runtime cannot give a process a channel');
  return { words: [], sockets: [report, output, companionOutput], standard: true };
}

async function deleteByCall({ path }: OciRuntime, stateFolder: string, id: string): Promise<void> {
  await runTool([path, '--root', stateFolder, 'delete', '--force', id]).catch(() => {}); // there is none
}
