/**
 * Makes the `oci` driver ready on this machine, or says in a sentence why it cannot be.
 *
 * Everything is tried in the end: a probe sandbox is started and must run a program. That it did is
 * remembered by the versions of what it took, so that a node's next start does not pay for it.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Clock, Random } from '../../base/index.ts';
import { createChannels } from '../process/channels.ts';
import { passableFolder } from '../process/reach.ts';
import { safe } from '../safe.ts';
import type { SandboxDriver } from '../sandbox.ts';
import { openCgroups } from './cgroups/cgroups.ts';
import { findHierarchies } from './cgroups/hierarchies.ts';
import { type CheckOptions, checkGround } from './checks.ts';
import { GUEST_ADDRESS, ociDriver } from './driver.ts';
import { homeId } from './home-id.ts';
import { openNetwork, sweepNetwork } from './network/network.ts';
import { openScratch, sweepScratch } from './scratch/scratch.ts';

/** Ports of the guest address that sandboxes reach, free when the driver was opened. */
export interface GuestPorts {
  /** The Runtime API, code and credentials. */
  readonly door: number;
  /** The node's proxy to its databases. */
  readonly database: number;
}

export interface OpenOciOptions extends CheckOptions {
  /** Every sandbox's user can pass through it. */
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly onProblem: (problem: unknown) => void;
}

export type OpenedOci =
  | { readonly driver: SandboxDriver; readonly ports: GuestPorts; readonly swept: number }
  /** Nothing is left of the attempt. */
  | { readonly driver: null; readonly missing: string };

export async function openOci(options: OpenOciOptions): Promise<OpenedOci> {
  const { checks, usable } = checkGround(options);
  if (usable === null) {
    const failed = checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);
    return { driver: null, missing: failed.join('; ') };
  }
  const { clock, random, onProblem } = options;
  const folder = join(options.folder, 'oci');
  const id = homeId(options.folder);
  passableFolder(folder);
  const undo: (() => Promise<void>)[] = [];
  try {
    const left = await sweepOci(options.folder, clock); // a namespace goes when its processes have
    const scratch = await openScratch({ folder: join(folder, 'scratch'), clock, onProblem });
    undo.push(() => scratch.close());
    const { network, ports } = await openPorts({ id, clock, onProblem });
    undo.push(() => network.close());
    const memoryMb = shareOfMemoryMb(totalmem() / 1024 ** 2);
    const driver = ociDriver({ ...usable, folder, id, memoryMb, network, scratch, clock, random });
    undo.splice(0, 2, () => driver.close()); // which closes both
    const swept = left + (await driver.sweep());
    await probe(driver, { folder, key: versionsOf(usable.runtime.path) });
    return { driver: safe(driver), ports, swept };
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(onProblem);
    return { driver: null, missing: error instanceof Error ? error.message : String(error) };
  }
}

/** The node, PostgreSQL and the machine keep a tenth, at least 512 MB and at most 2 GB. */
function shareOfMemoryMb(totalMb: number): number {
  return Math.floor(totalMb - Math.min(2_048, Math.max(512, totalMb / 10)));
}

/** Below what the kernel gives out by itself, and not where people put servers. */
const PORTS = { first: 22_000, count: 8_000 };
const TRIES = 20;

/**
 * Nodes on one machine share the guest address and have ports of their own at it: a pair by the home's
 * id, or the next that is free. The network must know them before anybody can listen there.
 */
async function openPorts(parts: { id: string; clock: Clock; onProblem: (problem: unknown) => void }) {
  const from = Number.parseInt(parts.id, 16);
  for (let attempt = 0; ; attempt++) {
    const door = PORTS.first + ((from + attempt * 2) % PORTS.count);
    const ports: GuestPorts = { door, database: door + PORTS.count };
    const network = await openNetwork({ ...parts, guestPorts: [ports.door, ports.database] });
    const taken = await Promise.all(Object.values(ports).map(isTaken));
    if (!taken.includes(true) || attempt === TRIES) return { network, ports };
    await network.close();
  }
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(true));
    server.listen(port, GUEST_ADDRESS, () => server.close(() => resolve(false)));
  });
}

/** @throws when a sandbox does not start, or does not run its program */
async function probe(driver: SandboxDriver, { folder, key }: { folder: string; key: string }): Promise<void> {
  const path = join(folder, 'probe');
  if (readQuietly(path) === key) return;
  const own = mkdtempSync(join(folder, 'private', 'probe-'));
  const channels = createChannels(own);
  const { host, guest } = await channels.open();
  host.resume();
  try {
    const sandbox = await driver.start({
      id: 'probe',
      argv: ['/bin/sh', '-c', 'exit 7'],
      environment: {},
      codeDir: null,
      channel: false,
      output: guest,
      onAddress: () => {},
      ...{ memoryMb: 128, ephemeralMb: 512, egress: { mode: 'none' } },
    });
    const { code } = await sandbox.exited;
    await sandbox.gone;
    if (code !== 7) throw new Error('a sandbox was started, but its program did not run');
  } finally {
    host.destroy();
    channels.close();
    rmSync(own, { recursive: true, force: true });
  }
  writeFileSync(path, key);
}

function versionsOf(runtimePath: string): string {
  const { size, mtimeMs } = statSync(runtimePath);
  const boot = readQuietly('/proc/sys/kernel/random/boot_id');
  return [release(), boot, process.version, runtimePath, size, mtimeMs].join(' ');
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Removes what an earlier node with the `oci` driver left.
 *
 * @returns how many processes were killed
 */
export async function sweepOci(folder: string, clock: Clock): Promise<number> {
  const found = findHierarchies();
  if (process.getuid?.() !== 0 || found.kind === 'unusable') return 0;
  const ours = join(folder, 'oci');
  if (statSync(ours, { throwIfNoEntry: false }) === undefined) return 0;
  const { hierarchies } = found;
  const id = homeId(folder);
  const killed = await openCgroups({ id, hierarchies, clock }).removeAll();
  await sweepNetwork(id, clock);
  await sweepScratch(join(ours, 'scratch'));
  for (const name of ['bundles', 'slots', 'state', 'trees']) {
    rmSync(join(ours, name), { recursive: true, force: true });
  }
  return killed;
}
