/**
 * Which app or function a Host header means: `<slug>.<domain>`, `<alias>.<slug>.<domain>`, `<app>.<domain>`,
 * or a whole host of a manifest. A function's own host wins over an app of the same name, so that a function
 * can always be reached.
 */
import { ACCOUNT_ID, type FunctionEntry } from '../model/index.ts';
import type { Snapshot } from '../registry/index.ts';
import { type Router, routerOf } from './router.ts';

/** What answers at one host, with the parts of its events that are the same for every request. */
export interface Site {
  /** Lower case, without port or trailing dot. */
  readonly host: string;
  /** JSON of the request context, from its brace up to the method. */
  readonly contextHead: string;
  readonly target:
    | { readonly kind: 'function'; readonly functionName: string; readonly qualifier: string | null }
    | { readonly kind: 'app'; readonly router: Router };
}

/** Host headers whose site is remembered per snapshot; past it the memory starts anew. */
const MAX_REMEMBERED = 1_024;

const HOST = /^([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::\d{0,5})?$/i;
const IPV6_HOST = /^(\[[0-9a-f:.]+\])(?::\d{0,5})?$/i;

/** @returns the host in lower case without port and trailing dot, or null when it is not a host */
export function hostName(header: string): string | null {
  if (header.length > 261) return null; // 255 for the name, 6 for the port
  const match = HOST.exec(header) ?? IPV6_HOST.exec(header);
  return match?.[1]?.toLowerCase() ?? null;
}

/**
 * A look-up from Host header to site.
 *
 * @param domain under which functions and apps have their hosts, e.g. `localhost`
 * @returns null when the header is no host at all, undefined when nothing answers there
 */
export function createSites(domain: string): (snapshot: Snapshot, header: string) => Site | null | undefined {
  const suffix = `.${domain.toLowerCase()}`;
  let known = new Map<string, Site>();
  let knownFor: Snapshot | undefined;

  return (snapshot, header) => {
    if (snapshot !== knownFor) {
      knownFor = snapshot;
      known = new Map();
    }
    const remembered = known.get(header);
    if (remembered !== undefined) return remembered;
    const host = hostName(header);
    if (host === null) return null;
    const site = findSite(snapshot, host, suffix);
    if (site === undefined) return undefined;
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(header, site);
    return site;
  };
}

function findSite(snapshot: Snapshot, host: string, suffix: string): Site | undefined {
  if (host.endsWith(suffix)) {
    const label = host.slice(0, -suffix.length);
    const entry = snapshot.slugs.get(label);
    if (entry !== undefined) return functionSite(host, entry, null);
    const routes = snapshot.routes.get(label);
    if (routes !== undefined) return appSite(host, label, routerOf(routes));
    const aliased = findAlias(snapshot, label);
    if (aliased !== undefined) return functionSite(host, aliased.entry, aliased.alias);
  }
  // A name without a dot would be mistaken for an app's label.
  const routes = host.includes('.') || `.${host}` === suffix ? snapshot.routes.get(host) : undefined;
  if (routes === undefined) return undefined;
  return appSite(host, routes[0]?.app ?? host, routerOf(routes));
}

/** Host names know no case, aliases do: the first alias that differs in case only is meant. */
function findAlias(snapshot: Snapshot, label: string): { entry: FunctionEntry; alias: string } | undefined {
  const dot = label.indexOf('.');
  const entry = dot < 0 ? undefined : snapshot.slugs.get(label.slice(dot + 1));
  if (entry === undefined) return undefined;
  const wanted = label.slice(0, dot);
  if (entry.aliases.has(wanted)) return { entry, alias: wanted };
  for (const alias of entry.aliases.keys()) if (alias.toLowerCase() === wanted) return { entry, alias };
  return undefined;
}

/** As a function URL without authentication: the caller has no account. */
function functionSite(host: string, entry: FunctionEntry, qualifier: string | null): Site {
  return {
    host,
    contextHead: contextHead(host, 'anonymous', entry.slug),
    target: { kind: 'function', functionName: entry.name, qualifier },
  };
}

function appSite(host: string, app: string, router: Router): Site {
  return { host, contextHead: contextHead(host, ACCOUNT_ID, app), target: { kind: 'app', router } };
}

function contextHead(host: string, accountId: string, apiId: string): string {
  const prefix = host.includes('.') ? host.slice(0, host.indexOf('.')) : host;
  return `{"accountId":"${accountId}","apiId":${JSON.stringify(apiId)},"domainName":${JSON.stringify(host)},"domainPrefix":${JSON.stringify(prefix)},"http":{"method":"`;
}
