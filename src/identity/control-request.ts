/**
 * Who may call the control listener. A browser on the operator's machine can reach it as well as the
 * operator can, so three questions are asked before anything is read: is the Host ours (a rebound DNS
 * name is not), is the page ours (a foreign Origin is not), does the caller hold the token? No cookie
 * counts, and no CORS header is ever sent, so a hostile page can neither act nor read.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { Fault } from '../base/index.ts';

export interface ControlRequest {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  /** Whether the request has a body. */
  readonly hasBody: boolean;
}

export interface ControlPolicy {
  readonly token: string;
  /** Host names that are ours, lower case, without port. */
  readonly hosts: ReadonlySet<string>;
  /**
   * The listener is bound to every address of the machine, so any IP address as Host may be ours.
   * Safe: a rebinding attack needs a name.
   */
  readonly anyAddress: boolean;
  /** Content types that a body may have, lower case, without parameters. */
  readonly contentTypes: readonly string[];
}

/** The policy of a listener bound to `host`, for the platform's `domain`. */
export function controlPolicy({
  token,
  host,
  domain,
}: {
  token: string;
  host: string;
  domain: string;
}): ControlPolicy {
  return {
    token,
    hosts: new Set(['localhost', '127.0.0.1', '::1', domain.toLowerCase(), host.toLowerCase()]),
    anyAddress: host === '0.0.0.0' || host === '::',
    contentTypes: ['application/json'],
  };
}

/**
 * @returns null when the request may pass, else why not: `forbidden` (Host, Origin), `unauthenticated`
 *   (token), `media-type-unsupported` (a body that is not of an allowed type)
 */
export function checkControlRequest(request: ControlRequest, policy: ControlPolicy): Fault | null {
  return (
    checkControlPlace(request, policy) ?? checkToken(request, policy) ?? checkContentType(request, policy)
  );
}

/** The first two questions alone, for callers that are known by a signature instead of the token. */
export function checkControlPlace(
  request: Pick<ControlRequest, 'host' | 'origin'>,
  policy: ControlPolicy,
): Fault | null {
  return checkHost(request, policy) ?? checkOrigin(request, policy);
}

function checkHost({ host }: Pick<ControlRequest, 'host'>, policy: ControlPolicy): Fault | null {
  const name = nameOf(host);
  if (name !== null && isOurs(name, policy)) return null;
  return new Fault(
    'forbidden',
    `Host "${(host ?? '').slice(0, 100)}" is not a name of this node's control listener. Call it by its address, or as localhost.`,
  );
}

function checkOrigin({ origin }: Pick<ControlRequest, 'origin'>, policy: ControlPolicy): Fault | null {
  if (origin === undefined) return null;
  const url = URL.parse(origin);
  const isWeb = url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
  const name = isWeb ? nameOf(url.host) : null;
  if (name !== null && isOurs(name, policy)) return null;
  return new Fault('forbidden', `Web pages of "${origin.slice(0, 100)}" may not call the control listener.`);
}

function checkToken({ authorization }: ControlRequest, policy: ControlPolicy): Fault | null {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (given !== undefined && sameText(given, policy.token)) return null;
  const what =
    given === undefined ? 'The request has no bearer token' : 'The token is not the one of this node';
  return new Fault(
    'unauthenticated',
    `${what}. Send "Authorization: Bearer <token>"; the token is in node.json in the node's home.`,
  );
}

function checkContentType(request: ControlRequest, policy: ControlPolicy): Fault | null {
  if (!request.hasBody) return null;
  const type = request.contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (policy.contentTypes.includes(type)) return null;
  return new Fault(
    'media-type-unsupported',
    `Content type "${type.slice(0, 100)}" is not accepted here. Send ${policy.contentTypes.join(' or ')}.`,
  );
}

/** @returns the lower-case host name of `name:port`, without brackets; null when it is none */
function nameOf(host: string | undefined): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/.exec((host ?? '').toLowerCase());
  return match?.[1] ?? match?.[2]?.replace(/\.$/, '') ?? null;
}

function isOurs(name: string, policy: ControlPolicy): boolean {
  return policy.hosts.has(name) || (policy.anyAddress && isIP(name) !== 0);
}

/** Compares digests, so that neither content nor length shows in the time it takes. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
