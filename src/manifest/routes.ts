import type { AppRoute, Webhook } from '../model/index.ts';
import { required } from './fields.ts';
import { isMap, kindOf, type Path, type Rule, record, report, type Spot, shown } from './rules.ts';
import { checkWebhook, toWebhook, type WebhookText, webhookFields, webhookWrittenBack } from './webhook.ts';

export type RouteKey = AppRoute;

const METHODS = ['ANY', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const;

/** Stand-in of a route that could not be read. */
const NONE: RouteKey = { method: '', path: '' };

/** `POST /orders`, or `/orders` for every method: the grammar of API Gateway's HTTP APIs. */
const plainRoute: Rule<RouteKey> = {
  schema: {
    type: 'string',
    pattern: `^((${METHODS.join('|')}) )?/[^\\s?#]*$`,
    examples: ['POST /orders', 'GET /orders/{id}', 'ANY /files/{proxy+}'],
  },
  read(value, spot) {
    if (typeof value !== 'string') {
      report(spot, `must be a text such as "POST /orders", was ${kindOf(value)}`);
      return NONE;
    }
    const parts = value.split(' ');
    const [method, path] = parts.length === 1 ? ['ANY', value] : parts;
    if (value === '$default') {
      report(spot, '`$default` is written `ANY /{proxy+}` here');
    } else if (parts.length > 2 || method === undefined || path === undefined) {
      report(spot, `${shown(value)} must be a method, one space and a path, such as "POST /orders"`);
    } else {
      const wrong = wrongMethod(method) ?? wrongPath(path);
      if (wrong === null) return { method, path };
      report(spot, wrong);
    }
    return NONE;
  },
};

const webhookRoute = record<WebhookText & { route: RouteKey }>(
  { route: required(plainRoute), ...webhookFields },
  { what: 'a map such as { route: "POST /pay", webhook: stripe, secret: STRIPE_KEY }', across: checkWebhook },
);

/** `POST /orders`, or a map with the same as `route` and how its sender proves itself. */
export const route: Rule<RouteKey> = {
  schema: { oneOf: [plainRoute.schema, webhookRoute.schema] },
  read(value, spot) {
    if (!isMap(value)) return plainRoute.read(value, spot);
    const found = webhookRoute.read(value, spot);
    return { ...found.route, webhook: toWebhook(found) };
  },
};

/** A route as it is in JSON: `{method, path}`, and `webhook` where it is one. */
export const routeObject: Rule<RouteKey> = {
  schema: { type: 'object' },
  read(value, spot) {
    const { method, path, webhook } = (value ?? {}) as Record<string, unknown>;
    const proof = webhook == null ? null : readWebhook(webhook, { ...spot, path: [...spot.path, 'webhook'] });
    const wrong =
      typeof method !== 'string' || typeof path !== 'string'
        ? `must be {"method","path"}, was ${kindOf(value)}`
        : (wrongMethod(method) ?? wrongPath(path));
    const key = { method: method as string, path: path as string };
    if (wrong === null) return proof === null ? key : { ...key, webhook: proof };
    report(spot, wrong);
    return NONE;
  },
};

const webhookRule = record<WebhookText>(webhookFields, { what: 'a webhook', across: checkWebhook });

function readWebhook(value: unknown, spot: Spot): Webhook {
  return toWebhook(webhookRule.read(webhookWrittenBack(value), spot));
}

function wrongMethod(method: string): string | null {
  if ((METHODS as readonly string[]).includes(method)) return null;
  const upper = method.toUpperCase();
  const hint = (METHODS as readonly string[]).includes(upper) ? `; write ${upper}` : '';
  return `${shown(method)} is not a method a route can have; allowed: ${METHODS.join(', ')}${hint}`;
}

function wrongPath(path: string): string | null {
  if (!path.startsWith('/')) return `the path ${shown(path)} must begin with /`;
  if (path.length > 512) return `the path is ${path.length} characters long; at most 512 are allowed`;
  const segments = path.slice(1).split('/');
  const seen = new Set<string>();
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === '' && !last) return `the path ${shown(path)} has an empty part between two slashes`;
    if (segment === '.' || segment === '..')
      return `the path ${shown(path)} must not contain ${segment} as a part`;
    if (!/[{}]/.test(segment)) {
      const odd = /[^A-Za-z0-9._~!$&'()+,;=:@%-]/.exec(segment);
      if (odd !== null) return `the path ${shown(path)} must not contain ${shown(odd[0])}; percent-encode it`;
      continue;
    }
    const variable = /^\{([A-Za-z0-9._:-]+)(\+?)\}$/.exec(segment);
    if (variable === null) return `${shown(segment)} must be {name}, or {name+} as the last part of the path`;
    if (variable[2] === '+' && !last)
      return `${shown(segment)} takes the whole rest of the path, so it must be its last part`;
    if (seen.has(variable[1]!)) return `the path ${shown(path)} names {${variable[1]}} twice`;
    seen.add(variable[1]!);
  }
  return null;
}

/**
 * Reports routes that no request could tell apart: the same method, and the same path but for the
 * names of its variables.
 *
 * @param routes with the path of each within the document
 * @param lineOf where it stands, for the message: ` on line 12`, or empty
 */
export function reportDuplicates(
  routes: readonly { readonly at: Path; readonly key: RouteKey }[],
  spot: Spot,
  lineOf: (path: Path) => string,
): void {
  const first = new Map<string, { at: Path; key: RouteKey }>();
  for (const { at, key } of routes) {
    if (key.path === '') continue;
    const shape = `${key.method} ${key.path.replace(/\{[^}+]+(\+?)\}/g, '{$1}')}`;
    const other = first.get(shape);
    if (other === undefined) {
      first.set(shape, { at, key });
      continue;
    }
    const same = other.key.path === key.path ? '' : ` as \`${other.key.method} ${other.key.path}\``;
    const where = `${pathText(other.at.slice(0, 2))}${lineOf(other.at)}`;
    const message = `the route \`${key.method} ${key.path}\` is already taken by ${where}${same}`;
    report({ ...spot, path: at }, message);
  }
}

/** `functions.orders.routes[0]` */
export function pathText(path: Path): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${part}`))
    .join('');
}
