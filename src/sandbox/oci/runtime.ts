/**
 * An OCI runtime: any program with the command line that runc made common.
 *
 * Owns   how it is called, and what it leaves in its state folder.
 * Never  is asked to change a running sandbox: limits and freezing go by the control groups' files,
 *        which are the same for all of them and take no process.
 */
import { accessSync, constants } from 'node:fs';
import type { Socket } from 'node:net';
import { basename, delimiter, join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Channels } from '../process/channels.ts';
import { removeFolder } from '../process/scratch.ts';
import { launch, runTool } from './launcher.ts';

/** Its state is a folder of files and nothing else, so that removing the folder forgets a sandbox. */
const PLAIN_STATE = ['runc', 'crun'];

export interface OciRuntime {
  readonly path: string;
  readonly name: string;
}

/** @returns the program, or null when there is none of this name */
export function findRuntime(named: string, searchPath: string | undefined): OciRuntime | null {
  const candidates = named.includes('/')
    ? [named]
    : [...(searchPath ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin']
        .filter((folder) => folder.startsWith('/'))
        .map((folder) => join(folder, named));
  const path = candidates.find(isProgram);
  return path === undefined ? null : { path, name: basename(path) };
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
  /** Become descriptors 3 and 5; null: closed. */
  readonly channel: Socket | null;
  readonly output: Socket;
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
    async run({ id, bundle, channel, output }) {
      const words = ['run', '--detach', '--no-new-keyring', '--preserve-fds', '3', '--bundle', bundle, id];
      const { host, guest } = await channels.open();
      const { outcome, abort } = launch({
        program: runtime.path,
        args: ['--root', stateFolder, ...words],
        cwd: bundle,
        sockets: [channel, guest, output],
      });
      const launched = outcome.then(({ complaint }) => {
        guest.destroy(); // the report ends when the sandbox's copy does
        return complaint;
      });
      return { report: host, launched, abort };
    },
    async forget(id) {
      if (!PLAIN_STATE.includes(runtime.name)) await deleteByCall(runtime, stateFolder, id);
      await removeFolder(join(stateFolder, id));
    },
  };
}

async function deleteByCall({ path }: OciRuntime, stateFolder: string, id: string): Promise<void> {
  await runTool([path, '--root', stateFolder, 'delete', '--force', id]).catch(() => {}); // there is none
}
