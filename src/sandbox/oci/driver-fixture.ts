/** For tests: an `oci` driver on a home of its own, with networks and scratch folders that cost nothing. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemRandom } from '../../base/index.ts';
import type { SandboxDriver } from '../sandbox.ts';
import { findHierarchies } from './cgroups/hierarchies.ts';
import { ociDriver } from './driver.ts';
import { findRuntime } from './runtime.ts';

const found = findHierarchies();
const runtime = findRuntime('runc', process.env.PATH);

/** Why these tests cannot run here; null: they can. */
export const problem: string | null =
  process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'needs root on Linux'
    : runtime === null
      ? 'needs runc'
      : found.kind === 'unusable'
        ? found.why
        : null;

export interface OpenDriver {
  readonly driver: SandboxDriver;
  readonly home: string;
  readonly id: string;
  /** Another driver on the same home, as the next node would make it. */
  again(): SandboxDriver;
  [Symbol.asyncDispose](): Promise<void>;
}

/** One whose runtime is treated as passing on the standard descriptors only, as runsc does. */
export const openStandardDriver = (): Promise<OpenDriver> => openDriver({ inherits: false });

export async function openDriver(how: { inherits: boolean } = { inherits: true }): Promise<OpenDriver> {
  const home = mkdtempSync(join(tmpdir(), 'skein-oci-'));
  chmodSync(home, 0o711);
  const id = randomBytes(3).toString('hex');
  const make = () => makeDriver(home, id, how);
  const driver = make();
  return {
    driver,
    home,
    id,
    again: make,
    async [Symbol.asyncDispose]() {
      await driver.close();
      rmSync(home, { recursive: true });
    },
  };
}

function makeDriver(home: string, id: string, how: { inherits: boolean }): SandboxDriver {
  if (runtime === null || found.kind === 'unusable') throw new Error(problem ?? '');
  return ociDriver({
    folder: join(home, 'oci'),
    id,
    runtime: { ...runtime, ...how },
    hierarchies: found.hierarchies,
    memoryMb: 8_192,
    network: plainNetwork(id),
    scratch: plainScratch(join(home, 'scratch')),
    clock: systemClock,
    random: systemRandom,
  });
}

/** A namespace per sandbox, with no way out. */
function plainNetwork(id: string) {
  let last = 0;
  const names = new Set<string>();
  const drop = (name: string) => {
    execFileSync('ip', ['netns', 'delete', name]);
    names.delete(name);
  };
  return {
    async take() {
      const name = `sk${id}-${++last}`;
      execFileSync('ip', ['netns', 'add', name]);
      names.add(name);
      return {
        netnsPath: `/run/netns/${name}`,
        address: `10.99.0.${last}`,
        setEgress: async () => {},
        release: () => drop(name),
      };
    },
    sweep: async () => 0,
    close: async () => [...names].forEach(drop),
  };
}

/** A folder per sandbox, of no particular size. */
function plainScratch(folder: string) {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  let last = 0;
  return {
    async take({ uid, gid }: { uid: number; gid: number }) {
      const path = join(folder, String(++last));
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, uid, gid);
      return {
        path,
        detach: () => {},
        resize: async () => {},
        release: async () => rmSync(path, { recursive: true }),
      };
    },
    sweep: async () => 0,
    close: async () => {},
  };
}

export const sh = (script: string): string[] => ['/bin/sh', '-c', script];
