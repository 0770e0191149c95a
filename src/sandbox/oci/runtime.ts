/**
 * An OCI runtime: any program with the command line that runc made common.
 *
 * Owns   how it is called, and what it leaves in its state folder.
 * Never  is asked to change a running sandbox: limits and freezing go by the control groups' files,
 *        which are the same for all of them and take no process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import type { Socket } from 'node:net';
import { basename, delimiter, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { removeFolder } from '../process/scratch.ts';

/** Its state is a folder of files and nothing else, so that removing the folder forgets a sandbox. */
const PLAIN_STATE = ['runc', 'crun'];
/** What is kept of a runtime's complaint. */
const MAX_ERROR = 2_000;

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
  run(order: RunOrder): Running;
  /** Forgets a sandbox whose processes have ended. Never fails. */
  forget(id: string): Promise<void>;
}

/** @param stateFolder the runtime's own, for this node alone */
export function runtimeCalls(runtime: OciRuntime, stateFolder: string): RuntimeCalls {
  return {
    run({ id, bundle, channel, output }) {
      const words = ['run', '--detach', '--no-new-keyring', '--preserve-fds', '3', '--bundle', bundle, id];
      const child = spawn(runtime.path, ['--root', stateFolder, ...words], {
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
        cwd: bundle,
        detached: true, // Ctrl-C at the node's terminal is not for the sandboxes
        stdio: ['ignore', 'pipe', 'pipe', channel ?? 'ignore', 'pipe', output],
      });
      return {
        report: child.stdio[4] as Duplex,
        launched: outcomeOf(child),
        abort: () => void child.kill('SIGKILL'),
      };
    },
    async forget(id) {
      if (!PLAIN_STATE.includes(runtime.name)) await deleteByCall(runtime, stateFolder, id);
      await removeFolder(join(stateFolder, id));
    },
  };
}

function outcomeOf(child: ChildProcess): Promise<string | null> {
  let complaint = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk}`.slice(-MAX_ERROR);
    });
  }
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    // Not `close`: the sandbox's first process has these descriptors for another moment.
    child.once('exit', (code, signal) =>
      resolve(code === 0 ? null : `${complaint.trim()} (${signal ?? `exit status ${code}`})`),
    );
  });
}

function deleteByCall({ path }: OciRuntime, stateFolder: string, id: string): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(path, ['--root', stateFolder, 'delete', '--force', id], { stdio: 'ignore' });
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}
