/**
 * The `process` driver: a sandbox is a process group of the host, and nothing more.
 *
 * Gives  a session and process group of its own, a clean environment, a scratch folder, a watched
 *        memory limit, and, when the node is root, a user of its own (see users.ts).
 * Lacks  isolation: code sees the host's files and network as any unprivileged user does, and
 *        /tmp is the host's (TMPDIR is the sandbox's own). For code you trust.
 *
 * A sandbox is gone when its main process has ended, every other process of its session and user
 * has been killed, and its folder has been removed; only then does `exited` resolve.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, Fault, type Random } from '../../base/index.ts';
import type { Exit, Sandbox, SandboxDriver, SandboxSpec } from '../sandbox.ts';
import { type ChannelPair, type Channels, createChannels } from './channels.ts';
import { killQuietly, sweepRunFiles, writeRunFile } from './run-files.ts';
import { type UserSource, userSource } from './users.ts';
import { startWatch, type Watch } from './watch.ts';

export interface ProcessDriverOptions {
  /** Folder of the driver's own: scratch folders and run files. Its parents must be traversable by everybody. */
  readonly home: string;
  readonly clock: Clock;
  readonly random: Random;
}

interface Host {
  readonly scratch: string;
  readonly runFiles: string;
  readonly users: UserSource;
  readonly watch: Watch;
  readonly channels: Channels;
  readonly clock: Clock;
  readonly running: Set<Sandbox>;
  closed: boolean;
}

export function processDriver({ home, clock, random }: ProcessDriverOptions): SandboxDriver {
  const host: Host = {
    scratch: join(home, 'scratch'),
    runFiles: join(home, 'run'),
    users: userSource(random),
    watch: startWatch(),
    channels: createChannels(join(home, 'run')),
    clock,
    running: new Set(),
    closed: false,
  };
  mkdirSync(host.scratch, { recursive: true, mode: 0o711 });
  mkdirSync(host.runFiles, { recursive: true, mode: 0o700 });

  return {
    name: 'process',
    promise: 'Functions run as plain processes, without isolation: for code you trust.',
    taskRoot: (codeDir) => codeDir,
    start: (spec) => startProcess(host, spec),
    async sweep() {
      const killed = sweepRunFiles(host.runFiles);
      rmSync(host.scratch, { recursive: true, force: true });
      mkdirSync(host.scratch, { recursive: true, mode: 0o711 });
      return killed;
    },
    async close() {
      host.closed = true;
      await Promise.all([...host.running].map((sandbox) => sandbox.stop(0)));
      host.channels.close();
      await host.watch.close();
    },
  };
}

async function startProcess(host: Host, spec: SandboxSpec): Promise<Sandbox> {
  try {
    return await born(host, spec);
  } finally {
    spec.output.destroy(); // the process has its own copy, or there is none
  }
}

async function born(host: Host, spec: SandboxSpec): Promise<Sandbox> {
  if (host.closed) throw new Fault('shutting-down', 'This node is shutting down and starts nothing more.');
  const uid = host.users.take();
  const scratch = join(host.scratch, spec.id);
  const channel = spec.channel ? await host.channels.open() : null;
  makeScratch(scratch, uid);
  const child = spawnIn(spec, { scratch, uid, channel });
  channel?.guest.destroy(); // the process has its own copy now
  try {
    await started(child);
  } catch (cause) {
    channel?.host.destroy();
    host.users.giveBack(uid);
    await rm(scratch, { recursive: true, force: true });
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('sandbox-failed', `The process of a sandbox could not be started: ${what}.`, { cause });
  }
  const sandbox = processSandbox(host, child, { spec, scratch, uid, channel });
  host.running.add(sandbox);
  sandbox.gone.then(() => host.running.delete(sandbox));
  if (host.closed) await sandbox.stop(0); // closed while the process was being born
  return sandbox;
}

function makeScratch(scratch: string, uid: number | null): void {
  mkdirSync(scratch, { mode: 0o700 });
  mkdirSync(join(scratch, 'tmp'), { mode: 0o700 });
  if (uid === null) return;
  chownSync(scratch, uid, uid);
  chownSync(join(scratch, 'tmp'), uid, uid);
}

function spawnIn(spec: SandboxSpec, { scratch, uid, channel }: Omit<Born, 'spec'>): ChildProcess {
  const [program, ...args] = spec.argv;
  return spawn(program as string, args, {
    cwd: scratch,
    env: { ...spec.environment, TMPDIR: join(scratch, 'tmp'), HOME: join(scratch, 'tmp') },
    detached: true, // a session of its own: Ctrl-C at the node's terminal is not for the sandboxes
    stdio: ['ignore', spec.output, spec.output, channel?.guest ?? 'ignore'],
    ...(uid === null ? {} : { uid, gid: uid }),
  });
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

interface Born {
  readonly spec: SandboxSpec;
  readonly scratch: string;
  readonly uid: number | null;
  readonly channel: ChannelPair | null;
}

function processSandbox(host: Host, child: ChildProcess, { spec, scratch, uid, channel }: Born): Sandbox {
  const pid = child.pid as number;
  const watched = host.watch.add(pid, spec.memoryMb);
  const runFile = writeRunFile(host.runFiles, pid, uid);
  const exited = ended(child).then(({ code, signal }): Exit => {
    const outOfMemory = watched.wasKilled();
    watched.release();
    return { code, signal, outOfMemory };
  });
  const gone = exited.then(async () => {
    await host.watch.reap(pid, uid);
    rmSync(runFile, { force: true });
    await rm(scratch, { recursive: true, force: true });
    host.users.giveBack(uid);
  });
  return {
    id: spec.id,
    pid,
    channel: channel?.host ?? null,
    exited,
    gone,
    place: async () => {},
    limit: ({ memoryMb }) => watched.setLimitMb(memoryMb),
    freeze() {
      killQuietly(-pid, 'SIGSTOP');
      watched.setActive(false);
    },
    thaw() {
      watched.setActive(true);
      killQuietly(-pid, 'SIGCONT');
    },
    peakMemoryMb: () => watched.peakMb(),
    async stop(graceMs) {
      if (graceMs > 0) {
        killQuietly(-pid, 'SIGTERM');
        const kill = host.clock.after(graceMs, () => killQuietly(-pid, 'SIGKILL'));
        exited.then(() => kill.cancel());
      } else {
        killQuietly(-pid, 'SIGKILL');
      }
      await gone;
      return exited;
    },
  };
}

function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}
