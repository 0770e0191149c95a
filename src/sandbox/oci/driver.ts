/**
 * The `oci` driver: every sandbox is a container of an OCI runtime (runc, crun, runsc, …).
 *
 * Gives  namespaces of its own (process ids, mounts, network, IPC, names, control group, users), an
 *        unprivileged user without capabilities, a list of allowed system calls, a read-only root, a
 *        bounded /tmp, and hard limits of memory, processors and processes. See bundle.ts.
 * Trusts the kernel and the runtime. A sandbox reaches its node at the guest address and nowhere else.
 *
 * A start asks the runtime once (`run --detach`), and from then on everything goes by files: the
 * control groups', the slot's. No process of ours and none of the runtime's stays beside a sandbox.
 *
 * A sandbox is gone when its last process is dead and its control group, its /tmp, its slot and the
 * runtime's notes are removed, and its network is free for the next; only then does `gone` resolve.
 */
import { chmodSync, realpathSync, rmSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, Fault, keepAlive, type Random } from '../../base/index.ts';
import { type ChannelPair, type Channels, createChannels } from '../process/channels.ts';
import { passableFolder } from '../process/reach.ts';
import { removeFolder } from '../process/scratch.ts';
import type { Sandbox, SandboxDriver, SandboxSpec } from '../sandbox.ts';
import { SupervisorReport } from '../supervisor.ts';
import { COMPILED_ROOT, type Exposure, MAX_PIDS, OPT_ROOT, TASK_ROOT } from './bundle.ts';
import { type Cgroups, openCgroups } from './cgroups/cgroups.ts';
import type { Hierarchies } from './cgroups/dialect.ts';
import { type CodeTrees, codeTrees } from './code-trees.ts';
import { type GroundParts, layGround } from './ground.ts';
import { liveSandbox } from './live.ts';
import { portableShell } from './portable-shell.ts';
import { makeRootFolder } from './root-folder.ts';
import { type OciRuntime, type RuntimeCalls, runtimeCalls } from './runtime.ts';
import { processOne, standing, watchReport } from './start.ts';
import { userRanges } from './user-ranges.ts';

/** Where every sandbox finds its node. */
export const GUEST_ADDRESS = '169.254.170.2';
/** Most sandboxes of a node: what its options allow. */
const MAX_SANDBOXES = 4_096;

/** Where a sandbox's /tmp comes from; scratch/ has the whole of it. */
interface Supply {
  sweep(): Promise<number>;
  close(): Promise<void>;
}

export interface OciDriverOptions {
  /** Of the driver's own; every user can pass through it. On the file system of the code packages. */
  readonly folder: string;
  /** Six hex digits: the name of this home in everything made on the machine. */
  readonly id: string;
  readonly runtime: OciRuntime;
  readonly hierarchies: Hierarchies;
  /** What all sandboxes together may have; the rest is the node's, PostgreSQL's and the machine's. */
  readonly memoryMb: number;
  readonly network: GroundParts['network'] & Pick<Supply, 'close'>;
  readonly scratch: GroundParts['scratch'] & Supply;
  readonly clock: Clock;
  readonly random: Random;
}

interface Host extends GroundParts {
  readonly exposures: Exposure[];
  readonly calls: RuntimeCalls;
  readonly cgroups: Cgroups;
  readonly channels: Channels;
  readonly clock: Clock;
  readonly running: Set<Sandbox>;
  closed: boolean;
}

export function ociDriver(options: OciDriverOptions): SandboxDriver {
  const { folder, memoryMb, network, scratch } = options;
  const names = ['bundles', 'slots', 'state', 'trees', 'private'] as const;
  const folders = Object.fromEntries(names.map((name) => [name, join(folder, name)])) as Record<
    (typeof names)[number],
    string
  >;
  const makeFolders = () => {
    for (const path of Object.values(folders)) passableFolder(path);
    chmodSync(folders.private, 0o700); // whoever can connect there could pose as a guest
  };
  makeFolders();
  const trees = codeTrees(folders.trees);
  const host = openHost(options, { folders, trees });
  const prepare = () => host.cgroups.prepare({ memoryMb, pids: MAX_SANDBOXES * MAX_PIDS });
  prepare();

  return {
    name: 'oci',
    promise: `Functions run isolated, by ${options.runtime.name}.`,
    taskRoot: () => TASK_ROOT,
    optRoot: () => OPT_ROOT,
    compiledRoot: () => COMPILED_ROOT,
    hasChannels: options.runtime.inherits,
    guestHost: GUEST_ADDRESS,
    expose: (hostPath, name) => expose(host, hostPath, name),
    start: (spec) => startContainer(host, spec),
    async sweep() {
      const killed = await host.cgroups.removeAll();
      await scratch.sweep();
      for (const path of [folders.bundles, folders.slots, folders.state, folders.trees]) {
        await emptyFolder(path);
      }
      prepare();
      return killed;
    },
    async close() {
      using _ = keepAlive(); // a node that ends waits until all of it is removed
      host.closed = true;
      await Promise.all([...host.running].map((sandbox) => sandbox.stop(0)));
      host.channels.close();
      await trees.settle();
      await Promise.all([network.close(), scratch.close()]);
      await host.cgroups.removeAll();
      rmSync(folders.trees, { recursive: true, force: true });
    },
  };
}

function openHost(
  options: OciDriverOptions,
  {
    folders,
    trees,
  }: { folders: Record<'bundles' | 'slots' | 'state' | 'private', string>; trees: CodeTrees },
): Host {
  const { folder, id, runtime, hierarchies, network, scratch, clock, random } = options;
  const channels = createChannels(folders.private);
  return {
    folders,
    trees,
    root: makeRootFolder(join(folder, 'root'), GUEST_ADDRESS),
    ranges: userRanges(random),
    exposures: [],
    shell: once(() => portableShell(join(folder, 'shell'))),
    network,
    scratch,
    inherits: runtime.inherits,
    calls: runtimeCalls({ runtime, stateFolder: folders.state, channels }),
    cgroups: openCgroups({ id, hierarchies, clock }),
    channels,
    clock,
    running: new Set(),
    closed: false,
  };
}

/** What lies in a folder that every sandbox sees anyway is found there; everything else is mounted. */
function expose(host: Host, hostPath: string, name: string): string {
  const real = realpathSync(hostPath);
  if (host.root.mounted.some((folder) => `${real}/`.startsWith(`${folder}/`))) return real;
  host.exposures.push({ hostPath: real, name, isFolder: statSync(real).isDirectory() });
  return `/var/${name}`;
}

/** Made when it is first wanted; a failure is tried again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error) => {
      made = null;
      throw error;
    });
    return made;
  };
}

async function emptyFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) await removeFolder(join(folder, name));
}

async function startContainer(host: Host, spec: SandboxSpec): Promise<Sandbox> {
  if (host.closed) {
    spec.output.destroy();
    spec.companions?.output.destroy();
    throw new Fault('shutting-down', 'This node is shutting down and starts nothing more.');
  }
  try {
    const sandbox = await born(host, spec);
    host.running.add(sandbox);
    void sandbox.gone.then(() => host.running.delete(sandbox));
    if (host.closed) await sandbox.stop(0); // closed while it was being born
    return sandbox;
  } catch (cause) {
    if (cause instanceof Fault) throw cause; // of the disk or the network: it says more than we know
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('sandbox-failed', `A sandbox could not be started: ${what}.`, { cause });
  } finally {
    spec.output.destroy(); // the process has its own copy, or there is none
    spec.companions?.output.destroy();
  }
}

/** Either a sandbox that stands, or an error and nothing left of it. */
async function born(host: Host, spec: SandboxSpec): Promise<Sandbox> {
  const { calls, cgroups, channels, clock } = host;
  const cgroup = cgroups.of(spec.id);
  const ground = await layGround(host, { spec, cgroupPath: cgroups.pathOf(spec.id) });
  let channel: ChannelPair | null = null;
  let launched: Promise<unknown> = Promise.resolve();
  const clear = async () => {
    await cgroup.remove();
    await launched;
    await cgroup.remove(); // what a runtime that was killed half-way had yet to make
    await calls.forget(spec.id);
    await ground.remove();
  };
  try {
    if (spec.channel) channel = await channels.open();
    spec.onAddress(ground.network.address);
    const { id, output, companions } = spec;
    const sockets = { channel: channel?.guest ?? null, output, companionOutput: companions?.output ?? null };
    const running = await calls.run({ id, bundle: ground.bundle, ...sockets });
    launched = running.launched;
    const supervised = companions ? new SupervisorReport() : null;
    const watched = watchReport(running.report, supervised ?? undefined);
    await standing(running, { ...watched, clock });
    const { report, ended, over } = watched;
    const pid = processOne(cgroup);
    ground.scratch.detach();
    return liveSandbox({
      spec,
      ground,
      cgroup,
      channel: channel?.host ?? null,
      companions: supervised?.control(running.report) ?? null,
      report,
      ended,
      over: supervised === null ? ended : over,
      pid,
      clock,
      clear,
    });
  } catch (error) {
    channel?.host.destroy();
    await clear();
    throw error;
  } finally {
    channel?.guest.destroy(); // the process has its own copy, or there is none
  }
}
