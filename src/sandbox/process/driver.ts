/**
 * The `process` driver: a sandbox is a process group of the host, and nothing more.
 *
 * Gives  a session and process group of its own, a clean environment, a scratch folder, a watched
 *        memory limit, and, when the node is root, a user of its own (see users.ts).
 * Lacks  isolation: code sees the host's files and network as any unprivileged user does, and
 *        /tmp is the host's (TMPDIR is the sandbox's own), and layers lie where the host has them, not
 *        at /opt. For code you trust.
 *        A limit of the scratch folder, of the processors and of the network: `ephemeralMb`, `throttle`
 *        and `egress` are not enforced.
 *
 * A sandbox is gone when its main process has ended, every other process of its session and user
 * has been killed, and its folder has been removed (or left for the next sweep, where that is impossible); only then does `gone`
 * resolve. It never rejects.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, Fault, type Random } from '../../base/index.ts';
import type { Ending } from '../ending.ts';
import type { CompanionControl, Exit, Sandbox, SandboxDriver, SandboxSpec } from '../sandbox.ts';
import { SupervisorReport, supervisorArgs } from '../supervisor.ts';
import { type ChannelPair, type Channels, createChannels } from './channels.ts';
import { lend, passableFolder, type SandboxFolder } from './reach.ts';
import {
  forgetRunFile,
  killQuietly,
  type Owner,
  peakMbOf,
  sweepRunFiles,
  writeRunFile,
} from './run-files.ts';
import { makeScratch, removeFolder, tmpOf } from './scratch.ts';
import { type UserSource, userSource } from './users.ts';
import { startWatch, type Watch, type Watched } from './watch.ts';

export interface ProcessDriverOptions {
  /** Scratch folders, run files, and what is lent to sandboxes. */
  readonly folder: SandboxFolder;
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

export function processDriver({ folder, clock, random }: ProcessDriverOptions): SandboxDriver {
  const home = folder.path;
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
  passableFolder(host.scratch);
  mkdirSync(host.runFiles, { recursive: true, mode: 0o700 });

  return {
    name: 'process',
    promise:
      'Functions run as plain processes, without isolation or a limit on their disk space: for code you trust.',
    taskRoot: (codeDir) => codeDir,
    optRoot: (opt) => opt,
    compiledRoot: (folder) => folder,
    expose: (hostPath) => lend(hostPath, folder),
    hasChannels: true,
    guestHost: '127.0.0.1',
    start: (spec) => startProcess(host, spec),
    async sweep() {
      const killed = sweepRunFiles(host.runFiles);
      await removeFolder(host.scratch);
      passableFolder(host.scratch);
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
    spec.companions?.output.destroy();
  }
}

async function born(host: Host, spec: SandboxSpec): Promise<Sandbox> {
  if (spec.image)
    throw new Fault(
      'sandbox-failed',
      'A container image needs the oci driver: a plain process has the machine’s own files.',
    );
  if (host.closed) throw new Fault('shutting-down', 'This node is shutting down and starts nothing more.');
  const place = { scratch: join(host.scratch, spec.id), uid: host.users.take() };
  let channel: ChannelPair | null = null;
  let report: ChannelPair | null = null;
  let child: ChildProcess | null = null;
  let sandbox: Sandbox;
  try {
    if (spec.channel) channel = await host.channels.open();
    if (spec.companions) report = await host.channels.open();
    makeScratch(place.scratch, place.uid);
    spec.onAddress(null);
    child = spawnIn(spec, { ...place, channel, report });
    await started(child);
    sacrifice(child.pid as number);
    sandbox = processSandbox(host, child, { ...place, spec, channel, report });
  } catch (cause) {
    channel?.host.destroy();
    report?.host.destroy();
    await clear(host, place, child?.pid);
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('sandbox-failed', `The process of a sandbox could not be started: ${what}.`, { cause });
  } finally {
    channel?.guest.destroy(); // the process has its own copy, or there is none
    report?.guest.destroy();
  }
  host.running.add(sandbox);
  sandbox.gone.then(() => host.running.delete(sandbox));
  if (host.closed) await sandbox.stop(0); // closed while the process was being born
  return sandbox;
}

/** Ends what the sandbox left running, removes its folder, and gives its user back. Never fails. */
async function clear(host: Host, { scratch, uid }: Place, session: number | undefined): Promise<void> {
  if (session !== undefined) await host.watch.reap({ session, uid, tmp: tmpOf(scratch) });
  await removeFolder(scratch);
  host.users.giveBack(uid);
}

function spawnIn(spec: SandboxSpec, { scratch, uid, channel, report }: Omit<Born, 'spec'>): ChildProcess {
  const { argv, companions } = spec;
  const [program, ...args] = companions ? supervisorArgs(argv, companions) : argv;
  // Its descriptor 4 is its standard input as well, which is made to block: as a shell needs it.
  const stdin = report?.guest ?? ('ignore' as const);
  const more = companions ? [report?.guest ?? ('ignore' as const), spec.output, companions.output] : [];
  return spawn(program as string, args, {
    cwd: scratch,
    env: { ...spec.environment, TMPDIR: tmpOf(scratch), HOME: tmpOf(scratch) },
    detached: true, // a session of its own: Ctrl-C at the node's terminal is not for the sandboxes
    stdio: [stdin, spec.output, spec.output, channel?.guest ?? 'ignore', ...more],
    ...(uid === null ? {} : { uid, gid: uid }),
  });
}

/** A kernel out of memory is to end a sandbox before the node or its database. */
function sacrifice(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(OOM_SCORE));
  } catch {
    // It has ended, or this is not Linux.
  }
}

/** Half of the machine's memory more than it has, in the kernel's eyes: as the `oci` driver. */
const OOM_SCORE = 500;

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

interface Place {
  readonly scratch: string;
  readonly uid: number | null;
}

interface Born extends Place {
  readonly spec: SandboxSpec;
  readonly channel: ChannelPair | null;
  /** Of a sandbox with companions: its supervisor's. */
  readonly report: ChannelPair | null;
}

function processSandbox(host: Host, child: ChildProcess, born: Born): Sandbox {
  const { spec, scratch, uid, channel } = born;
  const pid = child.pid as number;
  const { watched, runFile } = remember(host, { session: pid, uid, tmp: tmpOf(scratch) }, spec.memoryMb);
  const { main, companions } = supervised(child, born.report);
  const over = ended(child);
  const exited = main.then((ending): Exit => ({ ...ending, outOfMemory: watched.wasKilled() }));
  const gone = Promise.all([over, exited]).then(async () => {
    watched.release();
    await clear(host, { scratch, uid }, pid);
    forgetRunFile(runFile);
  });
  return {
    id: spec.id,
    pid,
    channel: channel?.host ?? null,
    companions,
    exited,
    gone,
    place: async () => {},
    placeCompiled: async () => {},
    limit: async ({ memoryMb }) => watched.setLimitMb(memoryMb),
    throttle: () => {},
    freeze() {
      killQuietly(-pid, 'SIGSTOP');
      watched.setActive(false);
    },
    thaw() {
      watched.setActive(true);
      killQuietly(-pid, 'SIGCONT');
    },
    // Before the watch has looked for the first time, the kernel's own record answers.
    peakMemoryMb: () => watched.peakMb() || peakMbOf(pid),
    async stop(graceMs) {
      if (graceMs > 0) {
        killQuietly(-pid, 'SIGTERM');
        const kill = host.clock.after(graceMs, () => killQuietly(-pid, 'SIGKILL'));
        over.then(() => kill.cancel());
      } else {
        killQuietly(-pid, 'SIGKILL');
      }
      await gone;
      return exited;
    },
  };
}

/** Both or neither: a sandbox that is not watched, or that no sweep would find, does not run. */
function remember(host: Host, owner: Owner, memoryMb: number): { watched: Watched; runFile: string } {
  const watched = host.watch.add(owner.session, memoryMb);
  try {
    return { watched, runFile: writeRunFile(host.runFiles, owner) };
  } catch (error) {
    watched.release();
    throw error;
  }
}

/** The program that matters: the child itself, or the one that its supervisor starts. */
function supervised(
  child: ChildProcess,
  report: ChannelPair | null,
): { main: Promise<Ending>; companions: CompanionControl | null } {
  const childEnded = ended(child);
  if (report === null) return { main: childEnded, companions: null };
  const said = new SupervisorReport();
  const main = new Promise<Ending>((resolve) => {
    report.host.on('data', (chunk: Buffer) => {
      said.take(chunk.toString('latin1'));
      if (said.ending !== null) resolve(said.ending);
    });
    report.host.on('error', () => report.host.destroy());
    void childEnded.then((ending) => resolve(said.ending ?? ending));
  });
  return { main, companions: said.control(report.host) };
}

function ended(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}
