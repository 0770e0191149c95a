/**
 * What browsers of other origins are told at a function URL with a CORS configuration, as Lambda does it: a
 * preflight is answered here and invokes nothing; every other answer has the configured headers beside those
 * that the function gives itself, twice where both say the same.
 */
import type { IncomingMessage } from 'node:http';
import type { Cors } from '../model/index.ts';

/** @returns whether the request only asks what it may do */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

/** Headers of an answer; none for an origin that is not allowed, or a request that names none. */
export function corsHeaders(cors: Cors, { headers }: IncomingMessage): string[] {
  const { origin } = headers;
  if (origin === undefined || !allowsOrigin(cors, origin)) return [];
  const found = ['access-control-allow-origin', origin, 'vary', 'Origin'];
  if (cors.allowCredentials === true) found.push('access-control-allow-credentials', 'true');
  if (has(cors.exposeHeaders)) found.push('access-control-expose-headers', cors.exposeHeaders.join(','));
  return found;
}

/** Headers of the answer to a preflight. */
export function preflightHeaders(cors: Cors, req: IncomingMessage): string[] {
  const found = corsHeaders(cors, req);
  if (found.length === 0) return found;
  const { allowMethods, allowHeaders, maxAgeSeconds } = cors;
  if (has(allowMethods)) found.push('access-control-allow-methods', allowMethods.join(','));
  if (has(allowHeaders)) {
    const asked = req.headers['access-control-request-headers'];
    // With credentials a browser takes a star for a header's name: what was asked for is allowed by name.
    const listed = allowHeaders.includes('*') && asked !== undefined ? asked : allowHeaders.join(',');
    found.push('access-control-allow-headers', listed);
  }
  if (maxAgeSeconds !== null) found.push('access-control-max-age', String(maxAgeSeconds));
  return found;
}

function allowsOrigin({ allowOrigins }: Cors, origin: string): boolean {
  return allowOrigins?.some((allowed) => allowed === '*' || allowed === origin) ?? false;
}

function has(list: readonly string[] | null): list is readonly string[] {
  return list !== null && list.length > 0;
}
