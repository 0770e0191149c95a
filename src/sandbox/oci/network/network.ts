/**
 * The network of a node's sandboxes: a pool of namespaces, the guest address, the firewall.
 *
 * Owns   everything on the machine whose name holds the node's id, and which egress an address has.
 * Asks   names/ to resolve and to carry what goes to listed names.
 * Never  asks the kernel for something on the way of a start: a namespace is `public` and ready when
 *        it waits in the pool, and any other egress is one call of nft, for all starts of the moment.
 */
import { readdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { type Clock, Fault, periodically, sleep } from '../../../base/index.ts';
import type { Egress } from '../../../model/index.ts';
import type { NetworkSlot } from '../ground.ts';
import { runTool } from '../launcher.ts';
import { openNames } from '../names/index.ts';
import { type Blocks, deniedAddresses, freeBlocks, GUEST_ADDRESS, neverAddresses } from './addresses.ts';
import { type Firewall, firewall } from './firewall.ts';
import { allowForwarding, endForwarding, uplinkMtu } from './forwarding.ts';
import { namespacesOf, removeNamespaces } from './namespaces.ts';
import { NamespacePool } from './pool.ts';
import { linkPrefix, ruleset, tableOf } from './rules.ts';

export interface NetworkOptions {
  /** Six hex digits, unique to the home. */
  readonly id: string;
  /** TCP ports of the guest address that sandboxes reach; the first one at 80, too. */
  readonly guestPorts: readonly number[];
  /** Who knows the names of the internet, as `dns.getServers()` has them. Default: the host's. */
  readonly nameservers?: readonly string[];
  readonly clock: Clock;
  readonly onProblem: (problem: unknown) => void;
}

export interface Network {
  /** A namespace whose sandbox may connect where `egress` says. */
  take(egress: Egress): Promise<NetworkSlot>;
  close(): Promise<void>;
}

const UPKEEP_EVERY_MS = 5_000;

/**
 * Removes what a node of this id has left on the machine. To be called when its processes are dead: a
 * namespace lives as long as one in it.
 *
 * @returns how many namespaces there were
 */
export async function sweepNetwork(id: string, clock: Clock): Promise<number> {
  const names = namespacesOf(id);
  await removeNamespaces(names);
  await runTool(['ip', 'link', 'delete', bridgeOf(id)], '').catch(() => {}); // there is none
  await runTool(['nft', 'delete', 'table', 'inet', tableOf(id)], '').catch(() => {});
  // The kernel takes a namespace's interface with it, but later: 0.3 s for 200.
  const until = clock.nowMs() + LINKS_MS;
  while (linksOf(id).length > 0 && clock.nowMs() < until) await sleep(clock, LOOK_MS);
  endForwarding();
  return names.length;
}

/** How long interfaces may take to go, and how often it is looked whether they have; ms. */
const LINKS_MS = 3_000;
const LOOK_MS = 10;

function linksOf(id: string): string[] {
  return readdirSync('/sys/class/net').filter((name) => name.startsWith(linkPrefix(id)));
}

const bridgeOf = (id: string): string => `sk${id}`;

/** Ready to give out namespaces when it resolves. Sweeps first. */
export async function openNetwork(options: NetworkOptions): Promise<Network> {
  const { id, guestPorts, clock, onProblem } = options;
  await sweepNetwork(id, clock);
  const blocks = await makeGuestAddress(id);
  const wall = firewall(id);
  const undo: (() => unknown)[] = [() => sweepNetwork(id, clock)];
  try {
    const own = Object.values(networkInterfaces()).flatMap(
      (list) => list?.map(({ address }) => address) ?? [],
    );
    const names = await openNames({
      host: GUEST_ADDRESS,
      ...(options.nameservers !== undefined && { nameservers: options.nameservers }),
      virtualBlock: blocks.names,
      pin: (rule) => wall.pin(rule),
      isDenied: deniedAddresses(own),
      isNever: neverAddresses(own),
      clock,
      onProblem,
    });
    undo.push(() => names.close());
    await runTool(['nft', '-f', '-'], ruleset({ id, ports: guestPorts, dnsPort: names.dnsPort, blocks }));
    const forward = keepForwarding(wall);
    await forward();
    const block = blocks.sandboxes;
    const pool = new NamespacePool({ id, block, mtu: uplinkMtu(), wall, names, onProblem });
    await pool.fill();
    const task = async () => {
      await forward();
      await pool.shrink();
    };
    undo.push(periodically(clock, { everyMs: UPKEEP_EVERY_MS, onProblem, task }));
    return {
      take: (egress) => pool.take(egress),
      async close() {
        pool.close();
        for (const step of undo.splice(0).reverse()) await step();
      },
    };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

/** An interface of the node's own that has the address, and whose route keeps its block from others. */
async function makeGuestAddress(id: string): Promise<Blocks> {
  const routes = await runTool(['ip', '-4', 'route', 'show', 'table', 'all'], '');
  const addresses = await runTool(['ip', '-4', '-brief', 'address'], '');
  const taken = `${routes}\n${addresses}`.match(/\b\d+\.\d+\.\d+\.\d+(\/\d+)?\b/g) ?? [];
  const blocks = freeBlocks(id, taken);
  if (blocks === null) {
    const message =
      'No block of 8,192 addresses in 10.64.0.0/10 is free for the sandboxes: other routes of this machine cover it.';
    throw new Fault('sandbox-failed', message);
  }
  const bridge = bridgeOf(id);
  const orders = [
    `link add ${bridge} type bridge`,
    `link set ${bridge} addrgenmode none up`,
    `address add ${GUEST_ADDRESS}/32 dev ${bridge}`,
    `route add ${blocks.sandboxes} dev ${bridge}`,
    `route add ${blocks.names} dev ${bridge}`,
  ];
  await runTool(['ip', '-batch', '-'], `${orders.join('\n')}\n`);
  return blocks;
}

/**
 * Routes come and go while a node runs, and so do reasons of the machine's own to forward.
 *
 * @returns makes it so that answers come in, now and whatever has changed
 */
function keepForwarding(wall: Firewall): () => Promise<void> {
  let guarded = '';
  return async () => {
    const links = allowForwarding();
    if (links.join() !== guarded) await wall.guard(links);
    guarded = links.join();
  };
}
