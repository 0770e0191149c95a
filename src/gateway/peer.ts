/** Whose request it is: the socket's peer, or the client that a trusted proxy in front of us vouches for. */
import { BlockList, isIP } from 'node:net';
import { Fault } from '../base/index.ts';

export interface Peer {
  /** The socket's own peer. */
  readonly address: string;
  /** The client's address: the peer's, or what a trusted peer says. */
  readonly sourceIp: string;
  /** Whether the socket's own peer is a proxy whose X-Forwarded headers we believe. */
  readonly trusted: boolean;
}

/**
 * A reader of client addresses.
 *
 * @param cidrs networks of trusted proxies, e.g. `10.0.0.0/8`, `::1/128`, or single addresses; default of
 *   the caller: none, so that nobody can forge an address
 * @returns a function of the socket's address and the X-Forwarded-For header: the right-most address that is
 *   no trusted proxy's, and if all are, the left-most
 * @throws {Fault} option-invalid when an entry is no network
 */
export function createPeers(cidrs: readonly string[]): (address: string, forwardedFor?: string) => Peer {
  if (cidrs.length === 0) return (address) => untrusted(plain(address));
  const proxies = new BlockList();
  for (const cidr of cidrs) addNetwork(proxies, cidr);
  const isProxy = (address: string) => proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (given, forwardedFor) => {
    const address = plain(given);
    if (!isProxy(address)) return untrusted(address);
    let sourceIp = address;
    for (const hop of (forwardedFor ?? '').split(',').reverse()) {
      const client = withoutPort(hop.trim());
      if (isIP(client) === 0) break;
      sourceIp = client;
      if (!isProxy(client)) break;
    }
    return { address, sourceIp, trusted: true };
  };
}

function untrusted(address: string): Peer {
  return { address, sourceIp: address, trusted: false };
}

function addNetwork(proxies: BlockList, cidr: string): void {
  const [address = '', prefix] = cidr.split('/');
  const version = isIP(address);
  const bits = prefix === undefined ? (version === 6 ? 128 : 32) : Number(prefix);
  if (version === 0 || !/^\d*$/.test(prefix ?? '') || prefix === '' || bits > (version === 6 ? 128 : 32)) {
    throw new Fault('option-invalid', `"${cidr}" is no network. Write one like 10.0.0.0/8 or ::1/128.`);
  }
  proxies.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4');
}

/** A socket that serves both families names IPv4 peers as `::ffff:1.2.3.4`. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** Some proxies append the port: `1.2.3.4:5678`, `[::1]:5678`. */
function withoutPort(hop: string): string {
  if (hop.startsWith('[')) return plain(hop.slice(1, hop.indexOf(']')));
  const colon = hop.indexOf(':');
  return plain(colon > 0 && colon === hop.lastIndexOf(':') ? hop.slice(0, colon) : hop);
}
