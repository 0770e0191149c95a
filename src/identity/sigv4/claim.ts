/**
 * What a request says about its own signature, in its Authorization header or its query. Parses, and
 * refuses what lacks a part, in AWS's words; whether any of it is true is for verify.ts.
 */
import { createHash } from 'node:crypto';
import { Fault } from '../../base/index.ts';
import type { SignedRequest } from '../signed-request.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const TERMINATOR = 'aws4_request';
/** A signed URL may be good for a week at most, s (AWS). */
const MAX_EXPIRES_SECONDS = 604_800;

export interface Claim {
  readonly accessKeyId: string;
  /** `20150830` */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  /** `20150830/us-east-1/lambda/aws4_request` */
  readonly scope: string;
  /** Lower case, sorted. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20150830T123600Z` */
  readonly timestamp: string;
  /** Wall-clock ms of `timestamp`. */
  readonly signedAtMs: number;
  /** Of a signed URL: how long it is good for, s; null: the signature is in the header. */
  readonly expiresSeconds: number | null;
  readonly token: string | null;
  /** `x-amz-content-sha256`, where it is sent. */
  readonly payload: string | null;
}

/** The first value of each header, by lower-case name. */
export type Headers = ReadonlyMap<string, string>;

export function headersOf(rawHeaders: readonly string[]): Headers {
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (!headers.has(name)) headers.set(name, rawHeaders[i + 1] as string);
  }
  return headers;
}

/** @throws {Fault} `signature-missing`, `signature-incomplete` */
export function readClaim(request: SignedRequest, headers: Headers): Claim {
  const authorization = headers.get('authorization');
  if (authorization !== undefined) return claimOfHeader(authorization, headers);
  const mark = request.url.indexOf('?');
  const query = queryOf(mark === -1 ? '' : request.url.slice(mark + 1));
  if (query.has('x-amz-algorithm') || query.has('x-amz-credential')) return claimOfQuery(query, headers);
  throw new Fault('signature-missing', 'Missing Authentication Token');
}

function claimOfHeader(authorization: string, headers: Headers): Claim {
  const space = authorization.indexOf(' ');
  const algorithm = space === -1 ? authorization : authorization.slice(0, space);
  if (algorithm !== ALGORITHM) {
    throw incomplete(`Unsupported AWS 'algorithm': '${algorithm.slice(0, 40)}'. ${hashed(authorization)}`);
  }
  const parts = new Map<string, string>();
  for (const part of authorization.slice(space + 1).split(',')) {
    const equals = part.indexOf('=');
    if (equals === -1) {
      throw incomplete(
        `'${part.trim().slice(0, 40)}' not a valid key=value pair (missing equal-sign) in Authorization header ${hashed(authorization, ': ')}`,
      );
    }
    parts.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  const timestamp = headers.get('x-amz-date') ?? isoOfDate(headers.get('date'));
  const lacking = ['Credential', 'Signature', 'SignedHeaders']
    .filter((name) => !parts.get(name))
    .map((name) => `Authorization header requires '${name}' parameter.`);
  if (timestamp === null) {
    lacking.push(`Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.`);
  }
  if (lacking.length > 0 || timestamp === null) {
    throw incomplete(`${lacking.join(' ')} ${hashed(authorization)}`);
  }
  return claimOf({
    credential: parts.get('Credential') as string,
    signature: parts.get('Signature') as string,
    signedHeaders: parts.get('SignedHeaders') as string,
    timestamp,
    expiresSeconds: null,
    token: headers.get('x-amz-security-token') ?? null,
    payload: headers.get('x-amz-content-sha256') ?? null,
  });
}

function claimOfQuery(query: ReadonlyMap<string, string>, headers: Headers): Claim {
  const names = [
    'X-Amz-Algorithm',
    'X-Amz-Credential',
    'X-Amz-Signature',
    'X-Amz-SignedHeaders',
    'X-Amz-Date',
  ];
  const [algorithm, credential, signature, signedHeaders, timestamp] = names.map((name) =>
    query.get(name.toLowerCase()),
  );
  if (!algorithm || !credential || !signature || !signedHeaders || !timestamp) {
    throw incomplete(
      `AWS query-string parameters must include ${names.map((name) => `'${name}'`).join(', ')}. Re-examine the query-string parameters.`,
    );
  }
  if (algorithm !== ALGORITHM) throw incomplete(`Unsupported AWS 'algorithm': '${algorithm.slice(0, 40)}'.`);
  const expires = query.get('x-amz-expires') ?? '900';
  const expiresSeconds = /^\d{1,9}$/.test(expires) ? Number(expires) : -1;
  if (expiresSeconds < 0 || expiresSeconds > MAX_EXPIRES_SECONDS) {
    throw incomplete(
      'X-Amz-Expires must be a number of seconds, and less than a week (in seconds); i.e., the given X-Amz-Expires must be at most 604800 seconds',
    );
  }
  return claimOf({
    ...{ credential, signature, signedHeaders, timestamp, expiresSeconds },
    token: query.get('x-amz-security-token') ?? headers.get('x-amz-security-token') ?? null,
    payload: query.get('x-amz-content-sha256') ?? headers.get('x-amz-content-sha256') ?? null,
  });
}

interface Parts {
  readonly credential: string;
  readonly signature: string;
  readonly signedHeaders: string;
  readonly timestamp: string;
  readonly expiresSeconds: number | null;
  readonly token: string | null;
  readonly payload: string | null;
}

function claimOf(parts: Parts): Claim {
  const elements = parts.credential.split('/');
  const [accessKeyId = '', day = '', region = '', service = '', terminator = ''] = elements;
  if (elements.length !== 5) {
    throw incomplete(
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${parts.credential.slice(0, 200)}'`,
    );
  }
  if (terminator !== TERMINATOR) {
    throw incomplete(
      `Credential should be scoped with a valid terminator: '${TERMINATOR}', not '${terminator}'.`,
    );
  }
  const signedAtMs = timeOf(parts.timestamp);
  if (signedAtMs === null) {
    throw incomplete(
      `Date must be in ISO-8601 'basic format'. Got '${parts.timestamp.slice(0, 40)}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  }
  const signedHeaders = parts.signedHeaders.toLowerCase().split(';').sort();
  if (!signedHeaders.includes('host')) {
    throw incomplete(`'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.`);
  }
  const { signature, timestamp, expiresSeconds, token, payload } = parts;
  const scope = elements.slice(1).join('/');
  return {
    ...{ accessKeyId, day, region, service, scope, signedHeaders, signedAtMs },
    ...{ signature, timestamp, expiresSeconds, token, payload },
  };
}

/** @returns ms, or null when it is not `20150830T123600Z` */
function timeOf(timestamp: string): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? null : ms;
}

/** `20150830T123600Z` of a wall-clock time in ms. */
export function isoBasic(ms: number): string {
  return new Date(Math.floor(ms / 1_000) * 1_000).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** A `Date` header in the form of `X-Amz-Date`, which is the form that is signed. */
function isoOfDate(date: string | undefined): string | null {
  if (date === undefined || timeOf(date) !== null) return date ?? null;
  const ms = Date.parse(date);
  return Number.isNaN(ms) ? date : isoBasic(ms);
}

/** Parameters by lower-case name, decoded; the first of a name counts. */
function queryOf(query: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query.replaceAll('+', '%2B'))) {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, value);
  }
  return found;
}

/** The header, so that it can be recognised by who sent it and nobody else: it may hold a secret of another kind. */
function hashed(authorization: string, between = ' Authorization='): string {
  const digest = createHash('sha256').update(authorization).digest('base64');
  if (between !== ' Authorization=')
    return `(hashed with SHA-256 and encoded with Base64)${between}'${digest}'.`;
  return `(Hashed with SHA-256 and encoded with Base64)${between}${digest}`;
}

function incomplete(message: string): Fault {
  return new Fault('signature-incomplete', message);
}
