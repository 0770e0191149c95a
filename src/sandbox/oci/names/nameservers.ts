/**
 * Asks the host's nameservers what sandboxes ask.
 *
 * Every question has a socket of its own with a port that nobody can guess, so that a forged reply
 * has to guess that and the id. A server that says nothing within `ASK_MS` is passed over for the next.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from '../../../base/index.ts';
import { forwarded, judgeReply, type Query } from './messages.ts';

/** Clients wait 5 s (glibc, c-ares): two servers can be asked in that. */
const ASK_MS = 2_000;
const TRIES = 2;
/** Open sockets. Beyond that a question is dropped, which clients take as loss and ask again. */
const MOST_AT_ONCE = 512;

interface Server {
  readonly host: string;
  readonly port: number;
}

interface Asking {
  readonly server: Server;
  readonly query: Query;
  readonly clock: Clock;
}

export interface Nameservers {
  /** @returns the reply as it came; null: none came, or too many questions are open */
  ask(query: Query): Promise<Buffer | null>;
}

/** @param addresses as `dns.getServers()` has them: `10.0.0.2`, `10.0.0.2:5353`, `[2001:db8::2]:53` */
export function nameserversOf(addresses: readonly string[], clock: Clock): Nameservers {
  const servers = addresses.map(serverOf);
  let atOnce = 0;
  return {
    async ask(query) {
      if (servers.length === 0 || atOnce >= MOST_AT_ONCE) return null;
      atOnce++;
      try {
        for (let attempt = 0; attempt < TRIES; attempt++) {
          const server = servers[attempt % servers.length]!;
          const reply = await askByUdp({ server, query, clock });
          if (reply === 'truncated') return await askByTcp({ server, query, clock });
          if (reply !== null) return reply;
        }
        return null;
      } finally {
        atOnce--;
      }
    },
  };
}

function serverOf(text: string): Server {
  const bracketed = /^\[(.+)\](?::(\d+))?$/.exec(text) ?? /^([\d.]+)(?::(\d+))?$/.exec(text);
  return { host: bracketed?.[1] ?? text, port: Number(bracketed?.[2] ?? 53) };
}

function askByUdp({ server, query, clock }: Asking): Promise<Buffer | 'truncated' | null> {
  const id = randomInt(65_536);
  const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    let open = true;
    const settle = (reply: Buffer | 'truncated' | null) => {
      if (open) socket.close();
      open = false;
      timer.cancel();
      resolve(reply);
    };
    const timer = clock.after(ASK_MS, () => settle(null));
    socket.on('error', () => settle(null)); // refused, or no way there
    socket.on('message', (message) => {
      const verdict = judgeReply(message, query, id);
      if (verdict !== 'foreign') settle(verdict === 'whole' ? message : verdict);
    });
    // Connected: the kernel drops what does not come from the server.
    socket.once('connect', () => socket.send(forwarded(query, id)));
    socket.connect(server.port, server.host);
  });
}

function askByTcp({ server, query, clock }: Asking): Promise<Buffer | null> {
  const id = randomInt(65_536);
  const socket = connect(server);
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    const settle = (reply: Buffer | null) => {
      timer.cancel();
      socket.destroy();
      resolve(reply);
    };
    const timer = clock.after(ASK_MS, () => settle(null));
    socket.once('error', () => settle(null));
    socket.once('close', () => settle(null));
    socket.once('connect', () => socket.write(framed(forwarded(query, id))));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const message = received.subarray(2, 2 + received.readUInt16BE(0));
      settle(judgeReply(message, query, id) === 'whole' ? message : null);
    });
  });
}

/** A message as it is sent by TCP. */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
