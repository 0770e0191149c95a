/**
 * Which app or function a Host header means: `<slug>.<domain>`, `<alias>.<slug>.<domain>`, `<app>.<domain>`,
 * `<url id>.lambda-url.<region>.<domain>`, or a whole host of a manifest. A function's own host wins over an
 * app of the same name, so that a function can always be reached.
 *
 * A function of a manifest is open at its hosts, unless it takes webhooks or a function URL says otherwise: its own holds for all of
 * its aliases that have none, or the host of `live` would be a way around it. Where a URL was deleted the host is
 * closed. One that an API made answers only where it has a function URL.
 */
import { ACCOUNT_ID, type FunctionEntry, LATEST, REGION } from '../model/index.ts';
import type { Snapshot } from '../registry/index.ts';
import { type UrlAuthority, type UrlSite, urlSite } from './caller.ts';
import { type Router, routerOf } from './router.ts';

/** What answers at one host, with the parts of its events that are the same for every request. */
export interface Site {
  /** Lower case, without port or trailing dot. */
  readonly host: string;
  /** JSON of the request context, from its brace up to the method. */
  readonly contextHead: string;
  /** Null: open, without CORS, buffered or streamed as the function answers. */
  readonly url: UrlSite | null;
  /** Why nobody is let in, where that is so. */
  readonly closed: string | null;
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
export function createSites(
  domain: string,
  authority: UrlAuthority,
): (snapshot: Snapshot, header: string) => Site | null | undefined {
  const urlSuffix = `.lambda-url.${REGION}.${domain.toLowerCase()}`;
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
    const site = findSite(snapshot, host, { suffix, urlSuffix, authority });
    if (site === undefined) return undefined;
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(header, site);
    return site;
  };
}

interface Names {
  readonly suffix: string;
  readonly urlSuffix: string;
  readonly authority: UrlAuthority;
}

function findSite(snapshot: Snapshot, host: string, names: Names): Site | undefined {
  const { suffix, urlSuffix, authority } = names;
  if (host.endsWith(urlSuffix)) {
    const found = findUrl(snapshot, host.slice(0, -urlSuffix.length));
    if (found !== undefined) return urlIdSite(host, found, authority);
  }
  if (host.endsWith(suffix)) {
    const label = host.slice(0, -suffix.length);
    const entry = snapshot.slugs.get(label);
    if (entry !== undefined) return functionSite({ host, entry, alias: null }, { snapshot, authority });
    const routes = snapshot.routes.get(label);
    if (routes !== undefined) return appSite(host, label, routerOf(routes));
    const aliased = findAlias(snapshot, label);
    if (aliased !== undefined) return functionSite({ host, ...aliased }, { snapshot, authority });
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

interface Place {
  readonly host: string;
  readonly entry: FunctionEntry;
  /** Null: the function's own host. */
  readonly alias: string | null;
}

interface Around {
  readonly snapshot: Snapshot;
  readonly authority: UrlAuthority;
}

/** @returns undefined when the function answers nobody there */
function functionSite({ host, entry, alias }: Place, { snapshot, authority }: Around): Site | undefined {
  const ofAlias = alias !== null && (entry.app === null || entry.urls.has(alias));
  const from = ofAlias ? alias : '';
  const config = entry.urls.get(from);
  if (config === undefined && entry.app === null) return undefined;
  const policy = entry.policies.get(from);
  // Without a qualifier a function of a manifest is what is live, one that an API made its newest code.
  const qualifier = alias ?? (entry.app === null ? LATEST : null);
  return {
    host,
    contextHead: contextHead({ host, apiId: config?.urlId ?? entry.slug }),
    url:
      config === undefined
        ? null
        : urlSite(authority, { functionName: entry.name, qualifier: from, config, policy }),
    closed: config === undefined ? closedBy(snapshot, entry, alias ?? '') : null,
    target: { kind: 'function', functionName: entry.name, qualifier },
  };
}

/** Why nobody is let in where there is no function URL; null: anybody is. */
function closedBy(snapshot: Snapshot, entry: FunctionEntry, qualifier: string): string | null {
  const { closedHosts, name } = entry;
  if (!closedHosts.has('') && !closedHosts.has(qualifier)) return webhooksOnly(snapshot, entry);
  const of = closedHosts.has('') || qualifier === '' ? `"${name}"` : `alias "${qualifier}" of "${name}"`;
  return `The function URL of ${of} was deleted, so this host is closed until it has another one.`;
}

/** At its own host anybody could hand a function what only a proven sender may: it takes that at its routes only. */
function webhooksOnly({ routes }: Snapshot, { name, app }: FunctionEntry): string | null {
  for (const [host, list] of routes) {
    const route = list.find(({ functionName, webhook }) => functionName === name && webhook !== undefined);
    if (route === undefined) continue;
    return `Function "${name}" takes webhooks, so its own host is closed: use the routes of app "${app}", such as ${route.method} ${route.path} at "${host}", or "skein invoke ${name}".`;
  }
  return null;
}

interface FoundUrl {
  readonly entry: FunctionEntry;
  readonly qualifier: string;
}

/** By URL id: made when a snapshot is first asked for one, so that it costs nothing where there are none. */
const urlsOf = new WeakMap<Snapshot, ReadonlyMap<string, FoundUrl>>();

function findUrl(snapshot: Snapshot, urlId: string): FoundUrl | undefined {
  let urls = urlsOf.get(snapshot);
  if (urls === undefined) {
    const all = new Map<string, FoundUrl>();
    for (const entry of snapshot.functions.values())
      for (const [qualifier, { urlId: id }] of entry.urls) all.set(id, { entry, qualifier });
    urls = all;
    urlsOf.set(snapshot, urls);
  }
  return urls.get(urlId);
}

/** At the address that Lambda's API gives out, a URL leads to what Lambda says: `$LATEST` or its alias. */
function urlIdSite(host: string, { entry, qualifier }: FoundUrl, authority: UrlAuthority): Site | undefined {
  const config = entry.urls.get(qualifier);
  if (config === undefined) return undefined;
  const { name: functionName, policies } = entry;
  return {
    host,
    contextHead: contextHead({ host, apiId: config.urlId }),
    url: urlSite(authority, { functionName, qualifier, config, policy: policies.get(qualifier) }),
    closed: null,
    target: { kind: 'function', functionName, qualifier: qualifier === '' ? LATEST : qualifier },
  };
}

function appSite(host: string, app: string, router: Router): Site {
  const head = contextHead({ host, accountId: ACCOUNT_ID, apiId: app });
  return { host, contextHead: head, url: null, closed: null, target: { kind: 'app', router } };
}

export interface ContextFacts {
  readonly host: string;
  readonly apiId: string;
  /** Default `anonymous`, as at a function URL without authentication: the caller has no account. */
  readonly accountId?: string;
  /** JSON of who calls, where that is known. */
  readonly authorizer?: string;
}

/** The beginning of a request context, up to the method. */
export function contextHead({ host, apiId, accountId = 'anonymous', authorizer }: ContextFacts): string {
  const prefix = host.includes('.') ? host.slice(0, host.indexOf('.')) : host;
  return (
    `{"accountId":"${accountId}","apiId":${JSON.stringify(apiId)}` +
    (authorizer === undefined ? '' : `,"authentication":null,"authorizer":${authorizer}`) +
    `,"domainName":${JSON.stringify(host)},"domainPrefix":${JSON.stringify(prefix)},"http":{"method":"`
  );
}
