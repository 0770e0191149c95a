/**
 * The canonical request of Signature Version 4: one text that client and server must agree on.
 *
 * All text here is bytes as latin1, which is how Node.js hands over request lines and headers: what a
 * client signed as UTF-8 is hashed as the same bytes.
 */
import { hash } from 'node:crypto';

export interface CanonicalParts {
  readonly method: string;
  /** Path and query as received. */
  readonly url: string;
  /** Name, value, name, value, … as received. */
  readonly rawHeaders: readonly string[];
  /** Lower case, sorted, as the signature lists them. */
  readonly signedHeaders: readonly string[];
  /** Hash of the payload, or the word that stands for it. */
  readonly payload: string;
  /** Amazon S3 neither normalises paths nor encodes them twice: keys may hold `//` and `..`. */
  readonly pathAsIs: boolean;
}

/** @returns the canonical request, in the form whose hash is signed */
export function canonicalRequest(parts: CanonicalParts): string {
  const mark = parts.url.indexOf('?');
  const path = mark === -1 ? parts.url : parts.url.slice(0, mark);
  const query = mark === -1 ? '' : parts.url.slice(mark + 1);
  return [
    parts.method,
    parts.pathAsIs ? encode(decode(path), '/') || '/' : encode(normalisePath(path), '/'),
    canonicalQuery(query),
    canonicalHeaders(parts.rawHeaders, parts.signedHeaders),
    parts.signedHeaders.join(';'),
    parts.payload,
  ].join('\n');
}

/** SHA-256 in hex, of text whose characters are bytes. */
export function hashBytes(text: string): string {
  return hash('sha256', Buffer.from(text, 'latin1'), 'hex');
}

/** Without `.`, `..` and repeated slashes; a slash at the end stays. */
function normalisePath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const slashAtEnd = kept.length > 0 && /(?:^|\/)(?:\.{0,2})$/.test(path) ? '/' : '';
  return `/${kept.join('/')}${slashAtEnd}`;
}

/** The parameters in order of their encoded names, then values; without the signature itself. */
function canonicalQuery(query: string): string {
  const pairs: [string, string][] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = encode(decode(equals === -1 ? part : part.slice(0, equals)), '');
    const value = equals === -1 ? '' : encode(decode(part.slice(equals + 1)), '');
    if (name.toLowerCase() !== 'x-amz-signature') pairs.push([name, value]);
  }
  return pairs
    .sort(([a, x], [b, y]) => order(a, b) || order(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function canonicalHeaders(rawHeaders: readonly string[], signedHeaders: readonly string[]): string {
  const values = new Map<string, string[]>(signedHeaders.map((name) => [name, []]));
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    values.get((rawHeaders[i] as string).toLowerCase())?.push(tidy(rawHeaders[i + 1] as string));
  }
  let text = '';
  for (const name of signedHeaders) text += `${name}:${values.get(name)?.join(',') ?? ''}\n`;
  return text;
}

/** Runs of white space are one space, and none is at the ends. */
function tidy(value: string): string {
  return value.trim().replace(/\s+/g, ' ');
}

/** Percent escapes as bytes; what is no escape stays. */
function decode(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const UNRESERVED = /[A-Za-z0-9\-._~]/;
const ENCODED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  return UNRESERVED.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

/** RFC 3986's unreserved characters, and `kept`, stay; every other byte is escaped. */
function encode(text: string, kept: string): string {
  let encoded = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    encoded += char === kept ? char : (ENCODED[text.charCodeAt(i) & 0xff] as string);
  }
  return encoded;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
