/** A world of names for tests: a nameserver on loopback, and addresses of loopback that stand for sandboxes. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type Answer, type DecodedPacket, decode, encode, type Packet, type RecordType } from 'dns-packet';
import { type Clock, systemClock } from '../../../base/index.ts';
import { type Names, openNames } from './index.ts';
import { framed } from './nameservers.ts';

export const HOST = '127.0.0.1';

/** Answers by name in lower case; a name that is not there does not exist. */
export type Zone = Record<string, readonly Answer[] | 'silence' | 'garbage'>;

export interface Nameserver extends AsyncDisposable {
  /** As an option has it. */
  readonly address: string;
  /** What was asked: `udp example.com A`. */
  readonly asked: string[];
}

/** @param udpBytes longer answers are truncated by UDP */
export async function openNameserver(zone: Zone, udpBytes = 512): Promise<Nameserver> {
  const asked: string[] = [];
  const answer = (message: Buffer, by: string): Buffer | null => {
    const query = decode(message);
    const { name, type } = query.questions![0]!;
    asked.push(`${by} ${name} ${type}`);
    const found = zone[name.toLowerCase()];
    if (found === 'silence') return null;
    return found === 'garbage' ? Buffer.from('not a message at all') : reply(query, found);
  };
  const server = createServer((socket) => {
    socket.on('error', () => {}).on('data', (data) => socket.end(framed(answer(data.subarray(2), 'tcp')!)));
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const datagrams = createSocket('udp4', (message, from) => {
    const full = answer(message, 'udp');
    if (full === null) return;
    const cut =
      full.length <= udpBytes ? full : encode({ ...decode(full), answers: [], flags: 1 << 9 } as Packet);
    datagrams.send(cut, from.port, from.address);
  });
  datagrams.bind(port, HOST);
  await once(datagrams, 'listening');
  return {
    address: `${HOST}:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      datagrams.close();
      server.close();
      await once(server, 'close');
    },
  };
}

function reply(query: DecodedPacket, found: readonly Answer[] | undefined): Buffer {
  const question = query.questions![0]!;
  return encode({
    type: 'response',
    id: query.id ?? 0,
    flags: found === undefined ? 3 : 0,
    questions: [question],
    answers: (found ?? []).filter(({ type }) => type === question.type || type === 'CNAME'),
  });
}

export function a(name: string, data: string): Answer {
  return { type: 'A', name, ttl: 30, data };
}

export interface World extends AsyncDisposable {
  readonly names: Names;
  readonly problems: readonly unknown[];
  /** Where `address:port` leads to at `HOST`; undefined: it was never pinned. */
  portOf(address: string, port: number): number | undefined;
}

interface WorldOptions {
  readonly nameservers?: readonly Nameserver[];
  readonly isDenied?: (address: string) => boolean;
  readonly isNever?: (address: string) => boolean;
  readonly clock?: Clock;
  readonly pin?: (rule: { address: string; port: number; toPort: number }) => Promise<void>;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const problems: unknown[] = [];
  const pins = new Map<string, number>();
  const names = await openNames({
    host: HOST,
    nameservers: (options.nameservers ?? []).map(({ address }) => address),
    virtualBlock: '10.127.16.0/20',
    isDenied: options.isDenied ?? (() => false),
    isNever: options.isNever ?? (() => false),
    clock: options.clock ?? systemClock,
    onProblem: (problem) => problems.push(problem),
    async pin(rule) {
      await options.pin?.(rule);
      pins.set(`${rule.address}:${rule.port}`, rule.toPort);
    },
  });
  return {
    names,
    problems,
    portOf: (address, port) => pins.get(`${address}:${port}`),
    [Symbol.asyncDispose]: () => names.close(),
  };
}

export interface Asked {
  readonly rcode: string;
  readonly answers: readonly string[];
  readonly truncated: boolean;
}

/** What a sandbox at this address is answered. */
export async function ask(
  { names }: World,
  from: string,
  {
    name,
    type = 'A',
    by = 'udp',
    more = {},
  }: { name: string; type?: RecordType; by?: 'udp' | 'tcp'; more?: Packet },
): Promise<Asked> {
  const query = encode({ type: 'query', id: 7, flags: 1 << 8, questions: [{ name, type }], ...more });
  const reply = by === 'udp' ? await askByUdp(names, from, query) : await askByTcp(names, from, query);
  const packet = decode(reply) as DecodedPacket & { rcode: string };
  if (packet.id !== 7) throw new Error(`the answer has id ${packet.id}`);
  return {
    rcode: packet.rcode,
    answers: (packet.answers ?? []).map((record) => `${record.type} ${'data' in record ? record.data : ''}`),
    truncated: packet.flag_tc,
  };
}

async function askByUdp(names: Names, from: string, query: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4');
  try {
    socket.bind(0, from);
    await once(socket, 'listening');
    socket.send(query, names.dnsPort, HOST);
    const [reply] = (await once(socket, 'message')) as [Buffer];
    return reply;
  } finally {
    socket.close();
  }
}

async function askByTcp(names: Names, from: string, query: Buffer): Promise<Buffer> {
  const socket = connectFrom(from, names.dnsPort);
  try {
    socket.write(framed(query));
    let received: Buffer = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk as Buffer]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0))
        return received.subarray(2);
    }
    throw new Error('closed without an answer');
  } finally {
    socket.destroy();
  }
}

export function connectFrom(from: string, port: number): Socket {
  return connect({ host: HOST, port, localAddress: from });
}

/** Resolves when a socket is closed, whatever the reason. */
export function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {});
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
