/**
 * Where a listed name leads to: its addresses, by the host's nameservers, without those that its
 * sandbox must not reach. What is connected to is the address that was judged, never the name again.
 */
import { Resolver } from 'node:dns/promises';
import { BlockList } from 'node:net';
import { type Clock, Fault } from '../../../base/index.ts';
import type { Egress } from '../../../model/index.ts';

/** Longer than a name's owner says it is not remembered, and never longer than this; ms. */
const MOST_REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 2_048;
const ASK = { timeout: 2_000, tries: 2 };

export interface DestinationParts {
  readonly nameservers: readonly string[];
  /** Private and the like: only where the list has the network, too. */
  readonly isDenied: (address: string) => boolean;
  /** The host's own and its sandboxes': whatever is listed. */
  readonly isNever: (address: string) => boolean;
  readonly clock: Clock;
}

export interface Destinations {
  /**
   * @returns at least one address that may be connected to
   * @throws when there is none
   */
  find(target: { readonly host: string; readonly port: number }, egress: Egress): Promise<readonly string[]>;
  close(): void;
}

export function createDestinations(parts: DestinationParts): Destinations {
  const { isDenied, isNever, clock } = parts;
  const resolver = new Resolver(ASK);
  resolver.setServers(parts.nameservers);
  /** The oldest first. */
  const remembered = new Map<string, { addresses: readonly string[]; untilMs: number }>();

  async function resolve(host: string): Promise<readonly string[]> {
    const known = remembered.get(host);
    if (known !== undefined && known.untilMs > clock.nowMs()) return known.addresses;
    const records = await resolver.resolve4(host, { ttl: true });
    const addresses = records.map(({ address }) => address);
    const ttlMs = Math.min(MOST_REMEMBERED_MS, ...records.map(({ ttl }) => ttl * 1_000));
    remembered.delete(host);
    remembered.set(host, { addresses, untilMs: clock.nowMs() + ttlMs });
    if (remembered.size > MOST_REMEMBERED) remembered.delete(remembered.keys().next().value!);
    return addresses;
  }

  return {
    async find({ host, port }, egress) {
      const listed = networksAt(port, egress);
      const addresses = await resolve(host);
      const open = addresses.filter(
        (address) => !isNever(address) && (!isDenied(address) || listed.check(address)),
      );
      if (open.length > 0) return open;
      const message = `"${host}" leads to ${addresses.join(', ')}, which no function reaches by a name unless its egress lists the network, too.`;
      throw new Fault('sandbox-failed', message);
    },
    close: () => resolver.cancel(),
  };
}

/** The networks that a list opens at this port. */
function networksAt(port: number, egress: Egress): BlockList {
  const networks = new BlockList();
  for (const entry of egress.mode === 'list' ? egress.cidrs : []) {
    const [address = '', bits] = entry.cidr.split('/');
    if (entry.port === null || entry.port === port) networks.addSubnet(address, Number(bits));
  }
  return networks;
}
