/** What a request's first line and head mean: its host, path and trace, and what we refuse by its head alone. */
import type { IncomingMessage } from 'node:http';
import type { Peer } from './peer.ts';
import type { Refusal } from './refusal.ts';

export interface Target {
  /** As sent; empty when there is none, or more than one. */
  readonly host: string;
  /** Still encoded; empty when the request's target is no path. */
  readonly path: string;
  readonly query: string;
}

const ABSOLUTE = /^https?:\/\/([^/?#@]+)([/?#].*)?$/i;

/** Reads origin form (`/path?query`) and absolute form, whose host counts more than the header's (RFC 9112, 3.2.2). */
export function parseTarget(req: IncomingMessage): Target {
  const url = req.url as string;
  if (url.startsWith('/')) return split(oneHost(req.rawHeaders), url);
  const absolute = ABSOLUTE.exec(url);
  if (absolute === null) return { host: oneHost(req.rawHeaders), path: '', query: '' };
  const [, authority = '', rest = ''] = absolute;
  return split(authority, rest.startsWith('/') ? rest : `/${rest}`);
}

function split(host: string, url: string): Target {
  const mark = url.indexOf('?');
  if (mark < 0) return { host, path: url, query: '' };
  return { host, path: url.slice(0, mark), query: url.slice(mark + 1) };
}

/** Two Host headers are how requests are smuggled past a proxy: then there is none. */
function oneHost(rawHeaders: readonly string[]): string {
  let host = '';
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') {
      host = rawHeaders[at + 1] as string;
      count += 1;
    }
  }
  return count === 1 ? host : '';
}

/** @returns null when the request may go on, `no-content` for a question to the server itself (`OPTIONS *`) */
export function refusalOfHead(req: IncomingMessage, target: Target): Refusal | 'no-content' | null {
  if (target.host === '') return { status: 400, message: 'A request needs exactly one Host header.' };
  if (target.path === '') {
    if (req.url === '*' && req.method === 'OPTIONS') return 'no-content';
    return { status: 400, message: 'The target of a request must be a path, or an http or https URL.' };
  }
  // Other upgrades are offers that a server may pass over; some clients offer h2c with every request.
  if (req.headers.upgrade?.toLowerCase() === 'websocket') {
    return { status: 501, message: 'WebSockets are not served here yet. Use HTTP requests.' };
  }
  return null;
}

/** @returns the caller's X-Ray header, if it names a trace */
export function traceOf(req: IncomingMessage): string | null {
  const given = req.headers['x-amzn-trace-id'];
  return typeof given === 'string' && /^[\x20-\x7e]{1,512}$/.test(given) && given.includes('Root=')
    ? given
    : null;
}

/** A new X-Ray trace: the time in seconds and 96 bits, which a request id (a UUID) has to spare. */
export function freshTrace(requestId: string, nowMs: number): string {
  const time = Math.floor(nowMs / 1_000)
    .toString(16)
    .padStart(8, '0');
  return `Root=1-${time}-${requestId.slice(9, 13)}${requestId.slice(14, 18)}${requestId.slice(19, 23)}${requestId.slice(24)}`;
}

export interface AddedHeaders {
  readonly req: IncomingMessage;
  readonly peer: Peer;
  readonly traceId: string;
  readonly host: string;
  readonly desk: { readonly protocol: string; readonly port: string };
  readonly body: Buffer | null;
}

/**
 * The headers that a function gets from us. X-Forwarded-For is appended to, as API Gateway does; the others
 * only a trusted proxy may set.
 */
export function addedHeaders({ req, peer, traceId, host, desk, body }: AddedHeaders): Record<string, string> {
  const { headers } = req;
  const said = (name: string) => (peer.trusted ? (headers[name] as string | undefined) : undefined);
  const before = headers['x-forwarded-for'];
  const added: Record<string, string> = {
    host,
    'x-amzn-trace-id': traceId,
    'x-forwarded-for': before === undefined ? peer.address : `${before}, ${peer.address}`,
    'x-forwarded-host': said('x-forwarded-host') ?? host,
    'x-forwarded-port': said('x-forwarded-port') ?? desk.port,
    'x-forwarded-proto': said('x-forwarded-proto') ?? desk.protocol,
  };
  // A chunked body has arrived whole: what it has now is a length.
  if (headers['transfer-encoding'] !== undefined) added['content-length'] = String(body?.length ?? 0);
  return added;
}
