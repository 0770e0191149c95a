/**
 * The sockets at which sandboxes ask for names: UDP and TCP at one port. They know senders and
 * lengths; what a message says is the resolver's.
 */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../../base/index.ts';
import type { Client, Clients } from './clients.ts';
import { framed } from './nameservers.ts';
import type { Resolve } from './resolver.ts';

/** A client that has begun a message, or says nothing, is let go after this; ms. */
const MESSAGE_MS = 5_000;
/** Connections of one sandbox. */
const MOST_STREAMS = 8;
/** What one connection may have sent without having been answered. */
const MOST_PENDING_BYTES = 2 * (2 + 512);
/** What it may leave unread. */
const MOST_UNREAD_BYTES = 64 * 1024;
/** Ports that are free for one of the two may be taken for the other. */
const TRIES = 20;

export interface DnsSocketParts {
  readonly host: string;
  readonly clients: Clients;
  readonly resolve: Resolve;
  readonly clock: Clock;
  readonly onProblem: (problem: unknown) => void;
}

export interface DnsSockets {
  readonly port: number;
  close(): Promise<void>;
}

export async function openDnsSockets(parts: DnsSocketParts): Promise<DnsSockets> {
  for (let attempt = 1; ; attempt++) {
    const server = createServer((socket) => serveStream(socket, parts));
    server.listen(0, parts.host);
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const datagrams = createSocket('udp4');
    try {
      datagrams.bind(port, parts.host);
      await once(datagrams, 'listening');
    } catch (error) {
      datagrams.close();
      await closed(server);
      if (attempt === TRIES) throw error;
      continue;
    }
    server.on('error', parts.onProblem);
    serveDatagrams(datagrams, parts);
    return {
      port,
      async close() {
        for (const client of parts.clients.values()) for (const stream of client.streams) stream.destroy();
        const gone = once(datagrams, 'close');
        datagrams.close();
        await Promise.all([gone, closed(server)]);
      },
    };
  }
}

async function closed(server: Server): Promise<void> {
  const gone = once(server, 'close');
  server.close();
  await gone;
}

function serveDatagrams(datagrams: DatagramSocket, { resolve, onProblem }: DnsSocketParts): void {
  let open = true;
  datagrams.on('close', () => (open = false));
  datagrams.on('error', onProblem);
  datagrams.on('message', (message, { address, port }) => {
    resolve(message, { address, by: 'udp' }).then((reply) => {
      // Whom it does not reach has gone.
      if (reply !== null && open) datagrams.send(reply, port, address, () => {});
    }, onProblem);
  });
}

/** One question after the other. Who is slow, or sends ahead without end, is let go. */
function serveStream(socket: Socket, parts: DnsSocketParts): void {
  const client = parts.clients.get(socket.remoteAddress ?? '');
  if (client === undefined || client.streams.size >= MOST_STREAMS) {
    socket.destroy();
    return;
  }
  keep(socket, client);
  let received: Buffer = Buffer.alloc(0);
  let busy = false;
  let patience = parts.clock.after(MESSAGE_MS, () => socket.destroy());
  socket.once('close', () => patience.cancel());

  const answerNext = async (): Promise<void> => {
    if (busy || received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
    busy = true;
    const end = 2 + received.readUInt16BE(0);
    const message = received.subarray(2, end);
    received = received.subarray(end);
    const from = { address: socket.remoteAddress ?? '', by: 'tcp' } as const;
    const reply = await parts.resolve(message, from);
    const isRead = socket.writableLength < MOST_UNREAD_BYTES;
    if (reply === null || !socket.writable || !isRead) return void socket.destroy();
    socket.write(framed(reply));
    patience.cancel();
    patience = parts.clock.after(MESSAGE_MS, () => socket.destroy());
    busy = false;
    await answerNext();
  };
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    if (received.length > MOST_PENDING_BYTES) socket.destroy();
    else answerNext().catch(parts.onProblem);
  });
}

function keep(socket: Socket, { streams }: Client): void {
  streams.add(socket);
  socket.once('close', () => streams.delete(socket));
  socket.on('error', () => {}); // 'close' follows
}
