/**
 * DNS messages: what is understood of a query, and what is said in return. No I/O.
 *
 * A query is made by untrusted code: what is not one plain question in a short message is no query.
 * A reply comes from the host's nameserver, but what it says was written by whoever owns the name.
 */
import {
  type Answer,
  AUTHENTIC_DATA,
  type DecodedPacket,
  decode,
  encode,
  type Packet,
  type Question,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';

/** A question of the longest name, with options, is shorter. */
const MAX_QUERY_BYTES = 512;
/** What a client takes that does not say (RFC 1035), and what fits everywhere (DNS flag day 2020). */
const UDP_BYTES = { least: 512, most: 1_232 };
const HEADER_BYTES = 12;

const RCODES = { noError: 0, serverFailure: 2, noSuchName: 3, refused: 5 } as const;
export type Rcode = keyof typeof RCODES;

/** What comes out of the parser as it went in: visible, and no dots within a label. */
const NAME = /^(?:\.|[!-\-/-~]{1,63}(?:\.[!-\-/-~]{1,63})*)$/;

export interface Query {
  readonly id: number;
  /** As asked: some clients vary the case, and compare. */
  readonly question: Question;
  /** In lower case, without a dot at its end. */
  readonly name: string;
  /** The longest UDP message that the client takes by EDNS; null: it does not speak it. */
  readonly ednsBytes: number | null;
}

/** @returns null for anything but one question of class IN */
export function readQuery(message: Buffer): Query | null {
  if (message.length < HEADER_BYTES || message.length > MAX_QUERY_BYTES) return null;
  // Looked at before the parser does: a response, an operation, or many of something.
  const operation = message.readUInt16BE(2) & 0xf800;
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => message.readUInt16BE(at));
  if (operation !== 0 || questions !== 1 || answers !== 0 || authorities !== 0 || additionals! > 2)
    return null;
  const packet = parse(message);
  const question = packet?.questions?.[0];
  if (question === undefined || question.class !== 'IN' || !NAME.test(question.name)) return null;
  const options = packet?.additionals?.find((record) => record.type === 'OPT');
  return {
    id: message.readUInt16BE(0),
    question: { name: question.name, type: question.type },
    name: plainName(question.name),
    ednsBytes: options?.type === 'OPT' ? options.udpPayloadSize : null,
  };
}

/** An answer of the node's own. */
export function answerTo(query: Query, rcode: Rcode, addresses: readonly string[] = []): Buffer {
  const { name } = query.question;
  return respond(query, RCODES[rcode], {
    answers: addresses.map((data) => ({ type: 'A', class: 'IN', name, ttl: VIRTUAL_TTL_S, data })),
  });
}

/** How long a virtual address may be remembered, in s: it is the same for as long as its sandbox lives. */
const VIRTUAL_TTL_S = 60;

/** What goes to a nameserver: only what was understood. */
export function forwarded(query: Query, id: number): Buffer {
  return encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED,
    questions: [query.question],
    ...(query.ednsBytes !== null && { additionals: [options()] }),
  });
}

/** Whether a message is the reply to what was forwarded, and a whole one. */
export function judgeReply(message: Buffer, query: Query, id: number): 'whole' | 'truncated' | 'foreign' {
  if (message.length < HEADER_BYTES || message.readUInt16BE(0) !== id) return 'foreign';
  const flags = message.readUInt16BE(2);
  const isReply = (flags & 0x8000) !== 0;
  if (isReply && (flags & TRUNCATED_RESPONSE) !== 0) return 'truncated';
  const asked = parse(message)?.questions?.[0];
  const same = asked?.type === query.question.type && plainName(asked.name) === query.name;
  return isReply && same ? 'whole' : 'foreign';
}

/**
 * A nameserver's reply as a sandbox gets it: without IPv6 addresses, and without those it must not reach.
 * Where nothing is to be taken out it is passed on byte by byte, names compressed as they came.
 */
export function filtered(reply: Buffer, query: Query, isDenied: (address: string) => boolean): Buffer {
  const packet = parse(reply);
  if (packet === null) return answerTo(query, 'serverFailure');
  const stays = (record: Answer) =>
    record.type !== 'AAAA' && !(record.type === 'A' && isDenied(String(record.data)));
  const sections = [packet.answers ?? [], packet.authorities ?? [], packet.additionals ?? []] as const;
  if (sections.every((section) => section.every(stays))) {
    const copy = Buffer.from(reply);
    copy.writeUInt16BE(query.id, 0);
    return copy;
  }
  const [answers, authorities, additionals] = sections.map((section) => section.filter(stays));
  const flags = (packet.flags ?? 0) & ~AUTHENTIC_DATA; // the signatures would not fit any more
  const packetOf: Packet = { type: 'response', id: query.id, flags, questions: [query.question] };
  const kept = { answers: answers ?? [], authorities: authorities ?? [], additionals: additionals ?? [] };
  return tryEncode({ ...packetOf, ...kept }, query);
}

/** What is too long for UDP is asked for again by TCP. */
export function fitted(reply: Buffer, query: Query): Buffer {
  const most = Math.min(Math.max(query.ednsBytes ?? 0, UDP_BYTES.least), UDP_BYTES.most);
  return reply.length <= most ? reply : respond(query, TRUNCATED_RESPONSE, {});
}

function respond(query: Query, flags: number, more: Packet): Buffer {
  return encode({
    type: 'response',
    id: query.id,
    flags: RECURSION_DESIRED | RECURSION_AVAILABLE | flags,
    questions: [query.question],
    ...(query.ednsBytes !== null && { additionals: [options()] }),
    ...more,
  });
}

function tryEncode(packet: Packet, query: Query): Buffer {
  try {
    return encode(packet);
  } catch {
    return answerTo(query, 'serverFailure'); // a record that can be read and not be written
  }
}

function parse(message: Buffer): DecodedPacket | null {
  try {
    return decode(message);
  } catch {
    return null;
  }
}

function options(): Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: UDP_BYTES.most,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
