/**
 * Names for the sandboxes of a node: who may resolve what, and the way to listed names.
 *
 * Owns   the resolver's sockets, the virtual addresses of listed names and the proxy behind them.
 * Asks   the network to lead packets here (`pin`), the host's nameservers for what is on the internet.
 * Never  answers or carries for an address it was not told about, and reads no message further than it
 *        must to decide.
 *
 * A sandbox with a list gets, for a listed name, an address that stands for that name. Connections to it
 * arrive here, and the node resolves the name by itself: so nothing that a nameserver or the code says
 * opens a way to somewhere else.
 */
import { getServers } from 'node:dns';
import type { Clock } from '../../../base/index.ts';
import type { Egress } from '../../../model/index.ts';
import { type Client, endClient, newClient } from './clients.ts';
import { createDestinations } from './destinations.ts';
import { openDnsSockets } from './dns-sockets.ts';
import { nameserversOf } from './nameservers.ts';
import { createProxy } from './proxy.ts';
import { createResolver } from './resolver.ts';
import { type VirtualName, VirtualNames } from './virtual-names.ts';

export interface NamesOptions {
  /** The address at which sandboxes reach the node. */
  readonly host: string;
  /** As `dns.getServers()` has them. Default: the host's. */
  readonly nameservers?: readonly string[];
  /** CIDR of the addresses that may stand for names. */
  readonly virtualBlock: string;
  /** TCP of sandboxes to `address:port` arrives at `host:toPort` from then on, and from the sandbox's address. */
  pin(rule: { readonly address: string; readonly port: number; readonly toPort: number }): Promise<void>;
  /** Nothing of the internet: answered to nobody whose egress is `public`, and carried to only where it is listed. */
  isDenied(address: string): boolean;
  /** The host's own, and its sandboxes': carried to for nobody. */
  isNever(address: string): boolean;
  readonly clock: Clock;
  readonly onProblem: (problem: unknown) => void;
}

export interface Names {
  /** Port of `host`, UDP and TCP, at which names are resolved. */
  readonly dnsPort: number;
  /**
   * From now on the sandbox at this address is treated by this egress. To be called before its code runs.
   *
   * @throws {Fault} `no-capacity` when too many names are listed on the node; what `pin` throws
   */
  learn(address: string, egress: Egress): Promise<void>;
  /** The sandbox at this address is dead. */
  forget(address: string): void;
  close(): Promise<void>;
}

export async function openNames(options: NamesOptions): Promise<Names> {
  const nameservers = options.nameservers ?? getServers();
  const clients = new Map<string, Client>();
  const virtual = new VirtualNames(options.virtualBlock);
  const destinations = createDestinations({ ...options, nameservers });
  const proxy = createProxy({ ...options, clients, destinations });
  const resolve = createResolver({
    clients,
    nameservers: nameserversOf(nameservers, options.clock),
    isDenied: options.isDenied,
    internalAddress: options.host,
  });
  const sockets = await openDnsSockets({ ...options, clients, resolve });

  async function makePin(name: VirtualName, port: number): Promise<void> {
    const listener = await proxy.listen(name, port);
    try {
      await options.pin({ address: name.address, port, toPort: listener.port });
    } catch (error) {
      await listener.close();
      throw error;
    }
  }

  /** Once for each name and port, whoever lists it; again only where it failed. */
  function pinned(name: VirtualName, port: number): Promise<void> {
    const known = name.pins.get(port);
    if (known !== undefined) return known;
    const pin = makePin(name, port).catch((error: unknown) => {
      name.pins.delete(port);
      throw error;
    });
    name.pins.set(port, pin);
    return pin;
  }

  function forget(address: string): void {
    const client = clients.get(address);
    if (client === undefined) return;
    clients.delete(address);
    endClient(client);
    for (const name of client.names.values()) virtual.release(name);
  }

  return {
    dnsPort: sockets.port,
    async learn(address, egress) {
      forget(address);
      const listed = egress.mode === 'list' ? egress.names : [];
      const names = new Map<string, VirtualName>();
      const client = newClient(egress, names);
      clients.set(address, client);
      try {
        for (const { host } of listed) if (!names.has(host)) names.set(host, virtual.hold(host));
        await Promise.all(listed.map(({ host, port }) => pinned(names.get(host)!, port)));
      } catch (error) {
        if (clients.get(address) === client) forget(address);
        throw error;
      }
    },
    forget,
    async close() {
      for (const address of clients.keys()) forget(address);
      destinations.close();
      await Promise.all([proxy.close(), sockets.close()]);
    },
  };
}
