/**
 * Which user of this machine is at the other end of a loopback connection: Linux says so in its
 * table of connections. Every sandbox of a node that runs as root has a user of its own.
 */
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';

/** IPv4 connections, and those that an IPv6 socket made to an IPv4 address. */
const TABLES = [
  { path: '/proc/net/tcp', prefix: '' },
  {
    path: '/proc/net/tcp6',
    prefix: endianness() === 'LE' ? '0000000000000000FFFF0000' : '00000000000000000000FFFF',
  },
] as const;
/** The table is read piece by piece while it changes: a row can be missed, though hardly twice. */
const TRIES = 2;

/** @returns the user's id; null when it cannot be known: not on Linux, or the connection has ended */
export async function peerUser(socket: Socket): Promise<number | null> {
  for (let tries = 0; tries < TRIES; tries++) {
    for (const { path, prefix } of TABLES) {
      const { remoteAddress, remotePort, localAddress, localPort } = socket;
      if (!remoteAddress || !remotePort || !localAddress || !localPort) return null;
      const theirs = prefix + endpoint(remoteAddress, remotePort);
      const ours = prefix + endpoint(localAddress, localPort);
      const uid = userIn(await readFile(path, 'latin1').catch(() => ''), `${theirs} ${ours}`);
      if (uid !== null) return uid;
    }
  }
  return null;
}

/** After the two ends come the state, the queues, the timer, the retransmits, and then the user. */
function userIn(table: string, ends: string): number | null {
  const found = new RegExp(`: ${ends} \\S+ \\S+ \\S+ \\S+ +(\\d+) `).exec(table);
  return found === null ? null : Number(found[1]);
}

/** As the table writes it: the address as one number of this machine, in hex. */
function endpoint(address: string, port: number): string {
  const bytes = address.split('.').map((byte) => hex(Number(byte), 2));
  if (endianness() === 'LE') bytes.reverse();
  return `${bytes.join('')}:${hex(port, 4)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
