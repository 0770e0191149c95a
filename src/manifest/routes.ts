import { kindOf, type Path, type Rule, report, type Spot, shown } from './rules.ts';

export interface RouteKey {
  readonly method: string;
  readonly path: string;
}

const METHODS = ['ANY', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const;

/** Stand-in of a route that could not be read. */
const NONE: RouteKey = { method: '', path: '' };

/** `POST /orders`, or `/orders` for every method: the grammar of API Gateway's HTTP APIs. */
export const route: Rule<RouteKey> = {
  schema: {
    type: 'string',
    pattern: `^((${METHODS.join('|')}) )?/[^\\s?#]*$`,
    examples: ['POST /orders', 'GET /orders/{id}', 'ANY /files/{proxy+}'],
  },
  read(value, spot) {
    if (typeof value === 'object' && value !== null && 'webhook' in value) {
      report(spot, '`webhook` routes are not available in this version of Skein');
      return NONE;
    }
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

/** A route as it is in JSON: `{method, path}`. */
export const routeObject: Rule<RouteKey> = {
  schema: { type: 'object' },
  read(value, spot) {
    const { method, path } = (value ?? {}) as Record<string, unknown>;
    const wrong =
      typeof method !== 'string' || typeof path !== 'string'
        ? `must be {"method","path"}, was ${kindOf(value)}`
        : (wrongMethod(method) ?? wrongPath(path));
    if (wrong === null) return { method: method as string, path: path as string };
    report(spot, wrong);
    return NONE;
  },
};

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
