/**
 * Where the `oci` driver gets its networks and its scratch folders from.
 *
 * For the time being plain ones: networks that reach the node and nothing else, folders without an
 * enforced size. `WHOLE` says whether what is promised of isolation holds.
 */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../base/index.ts';
import type { Egress } from '../../model/index.ts';
import { removeFolder } from '../process/scratch.ts';
import type { NetworkSlot, ScratchSlot } from './ground.ts';

const run = promisify(execFile);

export const WHOLE = false;

interface Supply {
  sweep(): Promise<number>;
  close(): Promise<void>;
}

export interface Network extends Supply {
  take(egress: Egress): Promise<NetworkSlot>;
}

export interface Scratch extends Supply {
  take(order: { sizeMb: number; uid: number; gid: number }): Promise<ScratchSlot>;
}

interface Parts {
  readonly clock: Clock;
  readonly onProblem: (problem: unknown) => void;
}

export async function openNetwork({
  id,
}: Parts & { id: string; guestPorts: readonly number[] }): Promise<Network> {
  const bridge = `sk${id}`;
  const block = (Number.parseInt(id, 16) % 200) + 10;
  const free: string[] = [];
  const all = new Set<string>();
  let last = 0;
  await run('ip', ['link', 'add', bridge, 'type', 'bridge']).catch(() => {});
  await run('ip', ['addr', 'replace', '169.254.170.2/32', 'dev', bridge]);
  await run('ip', ['link', 'set', bridge, 'up']);
  const make = async () => {
    const n = ++last;
    const name = `${bridge}-${n}`;
    const address = `10.${block}.${n >> 8}.${n & 255}`;
    await run('/bin/sh', [
      '-ec',
      `ip netns delete ${name} 2>/dev/null || true
       ip netns add ${name}; ip link add ${bridge}${n} type veth peer name eth0 netns ${name}
       ip -n ${name} link set lo up; ip -n ${name} addr add ${address}/32 dev eth0; ip -n ${name} link set eth0 up
       ip link set ${bridge}${n} up; ip route add ${address}/32 dev ${bridge}${n}
       ip -n ${name} route add 169.254.170.2/32 dev eth0`,
    ]);
    all.add(name);
    return { name, address };
  };
  const drop = async () => {
    for (const name of all) await run('ip', ['netns', 'delete', name]).catch(() => {});
    await run('ip', ['link', 'delete', bridge]).catch(() => {});
  };
  return {
    async take() {
      const kept = free.pop();
      const { name, address } = kept === undefined ? await make() : JSON.parse(kept);
      return {
        netnsPath: `/run/netns/${name}`,
        address,
        setEgress: async () => {},
        release: () => void free.push(JSON.stringify({ name, address })),
      };
    },
    sweep: async () => 0,
    close: drop,
  };
}

export async function openScratch({ folder }: Parts & { folder: string }): Promise<Scratch> {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o711);
  let last = 0;
  return {
    async take({ uid, gid }) {
      const path = join(folder, `${process.pid}-${++last}`);
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, uid, gid);
      return { path, resize: async () => {}, release: () => removeFolder(path) };
    },
    sweep: async () => 0,
    close: async () => {},
  };
}
