/**
 * A request as AWS tells it to a function: payload format 2.0 of API Gateway's HTTP APIs on a route, the
 * function URL's variant of it at a function's own host. Written as text at once, because building an object
 * and serialising it costs several times as much; a test compares the two.
 *
 * Differences between the two that are AWS's own: on a route `rawPath` is percent-decoded and `accountId`
 * is the API's; at a function's host the path stays encoded and the anonymous caller has no account.
 */
import { isUtf8 } from 'node:buffer';
import { unescape as percentDecode } from 'node:querystring';
import { decodeSegment, type RouteMatch } from './router.ts';

export interface EventSource {
  readonly method: string;
  /** Still encoded. */
  readonly path: string;
  /** Without its question mark; empty when there is none. */
  readonly query: string;
  readonly rawHeaders: readonly string[];
  /** Headers that replace what the client sent; lower-case names. */
  readonly added: Readonly<Record<string, string>>;
  readonly sourceIp: string;
  readonly httpVersion: string;
  readonly requestId: string;
  /** Wall-clock ms. */
  readonly nowMs: number;
  /** Null when the request has none, or an empty one. */
  readonly body: Buffer | null;
  /** See {@link Site}. */
  readonly contextHead: string;
  /** Null at a function's own host. */
  readonly match: RouteMatch | null;
}

/** Between two hops only (RFC 9110, 7.6.1), or of no meaning to a function; never part of an event. */
const HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** @returns the event as JSON text */
export function buildEvent(source: EventSource): string {
  const { match } = source;
  const routeKey = match === null ? '"$default"' : JSON.stringify(match.routeKey);
  const path = JSON.stringify(match === null ? source.path : decodePath(source.path));
  const headers = collectHeaders(source);
  const cookie = headers.get('cookie');
  headers.delete('cookie');
  const agent = headers.get('user-agent');

  return (
    `{"version":"2.0","routeKey":${routeKey},"rawPath":${path},"rawQueryString":${JSON.stringify(source.query)}` +
    (cookie === undefined ? '' : `,"cookies":${cookiesJson(cookie)}`) +
    `,"headers":${mapJson(headers)}` +
    (source.query === '' ? '' : queryJson(source.query)) +
    `,"requestContext":${source.contextHead}${source.method}","path":${path},"protocol":"HTTP/${source.httpVersion}"` +
    `,"sourceIp":"${source.sourceIp}","userAgent":${agent === undefined ? '""' : JSON.stringify(agent)}}` +
    `,"requestId":"${source.requestId}","routeKey":${routeKey},"stage":"$default"` +
    `,"time":"${requestTime(source.nowMs)}","timeEpoch":${Math.floor(source.nowMs)}}` +
    (match?.parameters ? `,"pathParameters":${mapJson(match.parameters)}` : '') +
    bodyJson(source.body, headers.get('content-type'))
  );
}

function decodePath(path: string): string {
  return path.includes('%') ? path.split('/').map(decodeSegment).join('/') : path;
}

/** Lower-case names; repeated ones joined by a comma (cookies by a semicolon); hop-by-hop ones left out. */
function collectHeaders({ rawHeaders, added }: EventSource): Map<string, string> {
  const headers = new Map<string, string>();
  let named = '';
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    const value = rawHeaders[at + 1] as string;
    if (name === 'connection') named += `,${value}`;
    if (HOP_BY_HOP.has(name)) continue;
    const before = headers.get(name);
    if (before === undefined) headers.set(name, value);
    else headers.set(name, before + (name === 'cookie' ? '; ' : ',') + value);
  }
  if (named !== '') dropNamed(headers, named);
  for (const name in added) headers.set(name, added[name] as string);
  return headers;
}

/** A Connection header may name further headers that end here; it cannot take away what we rely on. */
function dropNamed(headers: Map<string, string>, connection: string): void {
  if (connection === ',keep-alive' || connection === ',close') return;
  for (const option of connection.toLowerCase().split(',')) {
    const name = option.trim();
    if (name !== 'host' && name !== 'content-length' && name !== 'content-type') headers.delete(name);
  }
}

function mapJson(entries: Iterable<readonly [string, string]>): string {
  let json = '';
  for (const [name, value] of entries) {
    json += `${json === '' ? '{' : ','}${JSON.stringify(name)}:${JSON.stringify(value)}`;
  }
  return json === '' ? '{}' : `${json}}`;
}

function cookiesJson(header: string): string {
  const cookies = header.split(';').map((cookie) => cookie.trim());
  return JSON.stringify(cookies.filter((cookie) => cookie !== ''));
}

/** Decoded as forms are (a plus is a space); repeated keys joined by a comma. */
function queryJson(query: string): string {
  const values = new Map<string, string>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = formDecode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : formDecode(pair.slice(equals + 1));
    const before = values.get(key);
    values.set(key, before === undefined ? value : `${before},${value}`);
  }
  return values.size === 0 ? '' : `,"queryStringParameters":${mapJson(values)}`;
}

function formDecode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return spaced.includes('%') ? percentDecode(spaced) : spaced;
}

function bodyJson(body: Buffer | null, contentType: string | undefined): string {
  if (body === null) return ',"isBase64Encoded":false}';
  if (isText(contentType) && isUtf8(body)) {
    return `,"body":${JSON.stringify(body.toString())},"isBase64Encoded":false}`;
  }
  return `,"body":"${body.toString('base64')}","isBase64Encoded":true}`;
}

/**
 * Whether AWS hands a body of this type over as text. Undocumented; measured by others on HTTP APIs: `text/*`
 * and JSON, XML and JavaScript, but neither forms nor a body without a type. We count `+json` and `+xml` in.
 */
export function isText(contentType: string | undefined): boolean {
  if (contentType === undefined) return false;
  if (contentType === 'application/json') return true;
  const end = contentType.indexOf(';');
  const type = (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
  return (
    type.startsWith('text/') ||
    /^application\/(?:json|javascript|xml)$/.test(type) ||
    type.endsWith('+json') ||
    type.endsWith('+xml')
  );
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
let lastSecond = Number.NaN;
let lastText = '';

/** `12/Mar/2020:19:03:58 +0000`; the last second is remembered, for thousands of requests share it. */
export function requestTime(nowMs: number): string {
  const second = Math.floor(nowMs / 1_000);
  if (second === lastSecond) return lastText;
  const iso = new Date(second * 1_000).toISOString();
  const month = MONTHS[Number(iso.slice(5, 7)) - 1];
  lastSecond = second;
  lastText = `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
  return lastText;
}
