/** A client's first packet: what it wants to be connected to, and how its session is to begin. */
import { PROTOCOL, ProtocolError } from './wire.ts';

export type Opening =
  /** TLS or GSS is asked for. */
  | { readonly kind: 'encryption' }
  | { readonly kind: 'cancel'; readonly processId: number; readonly secret: Buffer }
  | { readonly kind: 'session'; readonly wanted: Wanted }
  | { readonly kind: 'refused'; readonly why: string };

export interface Wanted {
  readonly user: string;
  readonly database: string;
  readonly startup: Startup;
  /** It speaks a newer minor version, or has asked for extensions: it is told what there is. */
  readonly negotiate: readonly string[] | null;
}

/** How a session begins. */
export interface Startup {
  readonly applicationName: string;
  /** Beside user, database and application_name. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The same for sessions that begin alike. */
  readonly key: string;
}

/** PostgreSQL's own bound. */
const MAX_BYTES = 10_000;
const LENGTH_BYTES = 4;

/** @returns how long the packet is that begins with these bytes, or null: it takes more bytes to know */
export function openingBytes(bytes: Buffer): number | null {
  if (bytes.length < LENGTH_BYTES) return null;
  const length = bytes.readInt32BE(0);
  if (length < 8 || length > MAX_BYTES) throw new ProtocolError('this is no start-up packet');
  return length;
}

/** @param bytes the whole packet */
export function readOpening(bytes: Buffer): Opening {
  const version = bytes.readInt32BE(LENGTH_BYTES);
  if (version === PROTOCOL.ssl || version === PROTOCOL.gss) return { kind: 'encryption' };
  if (version === PROTOCOL.cancel && bytes.length === 16) {
    return { kind: 'cancel', processId: bytes.readInt32BE(8), secret: Buffer.from(bytes.subarray(12)) };
  }
  if (version >>> 16 !== PROTOCOL.major) {
    return { kind: 'refused', why: `unsupported frontend protocol ${version >>> 16}.${version & 0xffff}` };
  }
  return session(bytes.subarray(8), version);
}

function session(body: Buffer, version: number): Opening {
  const words = body.toString('latin1').split('\0');
  const given = new Map<string, string>();
  for (let at = 0; at + 1 < words.length && words[at] !== ''; at += 2) given.set(words[at]!, words[at + 1]!);
  const { user = '', database, replication, application_name = '', ...others } = Object.fromEntries(given);
  if (user === '') return { kind: 'refused', why: 'no PostgreSQL user name specified in startup packet' };
  if (replication !== undefined) return { kind: 'refused', why: 'replication is not available to apps' };
  const extensions = Object.keys(others).filter((name) => name.startsWith('_pq_.'));
  const parameters = new Map(Object.entries(others).filter(([name]) => !name.startsWith('_pq_.')));
  const key = JSON.stringify([...parameters].sort(([a], [b]) => (a < b ? -1 : 1)));
  const newer = version !== PROTOCOL.version || extensions.length > 0;
  const startup = { applicationName: application_name, parameters, key };
  return {
    kind: 'session',
    wanted: { user, database: database ?? user, startup, negotiate: newer ? extensions : null },
  };
}
