/** IPv4 addresses: the ranges with a meaning, and a block that is free for a node's sandboxes. No I/O. */
import { BlockList, isIPv4 } from 'node:net';

/** The node, as every sandbox reaches it. */
export const GUEST_ADDRESS = '169.254.170.2';

/** Nobody's to send to, whatever the egress: this machine, link-local (metadata servers), multicast, reserved. */
export const NEVER = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4'] as const;

/** Not the internet: private, carriers' own, protocols', documentation, benchmarks (RFC 6890 and its registry). */
export const PRIVATE = [
  ...['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
] as const;

/** Whether an address is none of the internet, or one of these (the host's own). */
export function deniedAddresses(own: Iterable<string>): (address: string) => boolean {
  const list = new BlockList();
  for (const cidr of [...NEVER, ...PRIVATE]) {
    const [address = '', bits] = cidr.split('/');
    list.addSubnet(address, Number(bits));
  }
  for (const address of own) if (isIPv4(address)) list.addAddress(address);
  return (address) => !isIPv4(address) || list.check(address);
}

/** Whether an address is nobody's to send to, this machine's, or may be some sandbox's. */
export function neverAddresses(own: Iterable<string>): (address: string) => boolean {
  const list = new BlockList();
  for (const cidr of NEVER) {
    const [address = '', bits] = cidr.split('/');
    list.addSubnet(address, Number(bits));
  }
  list.addRange(toAddress(POOL.first), toAddress(POOL.first + POOL.count * 2 * BLOCK_SIZE - 1));
  for (const address of own) if (isIPv4(address)) list.addAddress(address);
  return (address) => !isIPv4(address) || list.check(address);
}

/** Where blocks come from: private, and hardly used by anybody. Two blocks for each node. */
const POOL = { first: toNumber('10.64.0.0'), count: 512 };
/** A block has 4,096 addresses: as many sandboxes as a node can have. */
export const BLOCK_BITS = 20;
const BLOCK_SIZE = 2 ** (32 - BLOCK_BITS);

export interface Blocks {
  /** Addresses of sandboxes. */
  readonly sandboxes: string;
  /** Addresses that stand for names. */
  readonly names: string;
}

/**
 * @param id six hex digits: nodes of one machine begin their search at different places
 * @param taken networks in use, `10.1.0.0/16` or `10.1.2.3`
 * @returns null when all are taken
 */
export function freeBlocks(id: string, taken: readonly string[]): Blocks | null {
  const used = taken.flatMap(rangeOf);
  const from = Number.parseInt(id, 16);
  for (let attempt = 0; attempt < POOL.count; attempt++) {
    const first = POOL.first + ((from + attempt) % POOL.count) * 2 * BLOCK_SIZE;
    const last = first + 2 * BLOCK_SIZE - 1;
    if (used.some((range) => range.first <= last && range.last >= first)) continue;
    const block = (at: number) => `${toAddress(at)}/${BLOCK_BITS}`;
    return { sandboxes: block(first), names: block(first + BLOCK_SIZE) };
  }
  return null;
}

/** Whether all of a network lies in another. Both as `10.1.0.0/16`. */
export function within(inner: string, outer: string): boolean {
  const [a, b] = [inner, outer].map((one) => (one.endsWith('/0') ? EVERYTHING : rangeOf(one)[0]));
  return a !== undefined && b !== undefined && a.first >= b.first && a.last <= b.last;
}

const EVERYTHING = { first: 0, last: 2 ** 32 - 1 };

/** @returns nothing for what is no IPv4 network */
function rangeOf(network: string): { first: number; last: number }[] {
  const [address = '', bits = '32'] = network.split('/');
  if (!isIPv4(address) || bits === '0') return []; // the default route is everywhere
  const size = 2 ** (32 - Number(bits));
  const first = toNumber(address) - (toNumber(address) % size);
  return [{ first, last: first + size - 1 }];
}

/** @returns the address at this place of a block, counted from 0 */
export function addressAt(block: string, place: number): string {
  return toAddress(toNumber(block.split('/')[0] ?? '') + place);
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

function toAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
