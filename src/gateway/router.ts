/**
 * Which route of an app answers a method and a path, by the precedence of API Gateway's HTTP APIs: a full
 * match before a greedy one, a literal segment before a parameter, the longest literal prefix of the greedy
 * ones, a named method before ANY. A path that ends in a slash is another path than the one without it.
 *
 * Routes become a tree of segments once per snapshot. Every node is visited at most once in each of the two
 * passes, so the cost of a match is bounded by the number of routes.
 */
import type { Route, Webhook } from '../model/index.ts';

export interface RouteMatch {
  readonly functionName: string;
  /** As AWS writes it: `GET /orders/{id}`. */
  readonly routeKey: string;
  /** Percent-decoded; null when the route has no parameters. */
  readonly parameters: readonly (readonly [name: string, value: string])[] | null;
  /** How the sender must prove itself; absent: it need not. */
  readonly webhook?: Webhook;
}

/** @param path still percent-encoded, beginning with a slash */
export type Router = (method: string, path: string) => RouteMatch | null;

interface Leaf extends Omit<RouteMatch, 'parameters'> {
  /** Parameter names, from left to right. */
  readonly names: readonly string[];
}

interface Node {
  readonly literals: Map<string, Node>;
  parameter: Node | null;
  /** By method: routes that end at this node. */
  readonly full: Map<string, Leaf>;
  /** By method: routes whose `{name+}` follows this node. */
  readonly greedy: Map<string, Leaf>;
}

const compiled = new WeakMap<readonly Route[], Router>();

/**
 * The router of a list of routes, compiled on first use and kept as long as the list lives.
 *
 * @example
 * routerOf(routes)('GET', '/orders/7') // { routeKey: 'GET /orders/{id}', parameters: [['id', '7']], … }
 */
export function routerOf(routes: readonly Route[]): Router {
  let router = compiled.get(routes);
  if (router === undefined) {
    router = compile(routes);
    compiled.set(routes, router);
  }
  return router;
}

function compile(routes: readonly Route[]): Router {
  const root = newNode();
  const literal = new Map<string, RouteMatch>();
  for (const route of routes) {
    insert(root, route);
    if (!route.path.includes('{')) {
      const fixed = fixedPart(route);
      literal.set(fixed.routeKey, { ...fixed, parameters: null });
    }
  }

  return (method, path) =>
    literal.get(`${method} ${path}`) ?? literal.get(`ANY ${path}`) ?? search(root, method, path);
}

function fixedPart({ method, path, functionName, webhook }: Route): Omit<RouteMatch, 'parameters'> {
  return { functionName, routeKey: `${method} ${path}`, ...(webhook !== undefined && { webhook }) };
}

function newNode(): Node {
  return { literals: new Map(), parameter: null, full: new Map(), greedy: new Map() };
}

function insert(root: Node, route: Route): void {
  const names: string[] = [];
  const leaf = { ...fixedPart(route), names };
  let node = root;
  for (const segment of route.path.slice(1).split('/')) {
    if (!segment.startsWith('{')) {
      const next = node.literals.get(segment) ?? newNode();
      node.literals.set(segment, next);
      node = next;
    } else if (segment.endsWith('+}')) {
      names.push(segment.slice(1, -2));
      node.greedy.set(route.method, leaf);
      return;
    } else {
      names.push(segment.slice(1, -1));
      node.parameter ??= newNode();
      node = node.parameter;
    }
  }
  node.full.set(route.method, leaf);
}

function search(root: Node, method: string, path: string): RouteMatch | null {
  const encoded = path.slice(1).split('/');
  const segments = path.includes('%') ? encoded.map(decodeSegment) : encoded;
  const values: string[] = [];
  const leaf =
    walk(root, { method, segments, values, greedy: false }, 0) ??
    walk(root, { method, segments, values, greedy: true }, 0);
  if (leaf === null) return null;
  const parameters =
    leaf.names.length === 0 ? null : leaf.names.map((name, at) => [name, values[at] ?? ''] as const);
  const { names: _, ...fixed } = leaf;
  return { ...fixed, parameters };
}

interface Walk {
  readonly method: string;
  readonly segments: readonly string[];
  readonly values: string[];
  readonly greedy: boolean;
}

/** Depth first, so that the deepest, most literal match is found first. Leaves `values` as the match needs them. */
function walk(node: Node, search: Walk, depth: number): Leaf | null {
  const segment = search.segments[depth];
  if (segment === undefined) return search.greedy ? null : pick(node.full, search.method);

  const next = node.literals.get(segment);
  const below = next === undefined ? null : walk(next, search, depth + 1);
  if (below !== null) return below;

  if (node.parameter !== null && segment !== '') {
    search.values.push(segment);
    const found = walk(node.parameter, search, depth + 1);
    if (found !== null) return found;
    search.values.pop();
  }

  const leaf = search.greedy ? pick(node.greedy, search.method) : null;
  if (leaf !== null) search.values.push(search.segments.slice(depth).join('/'));
  return leaf;
}

function pick(leaves: Map<string, Leaf>, method: string): Leaf | null {
  return leaves.get(method) ?? leaves.get('ANY') ?? null;
}

/**
 * Percent-decodes a segment or a path; what is not valid stays as it was sent.
 */
export function decodeSegment(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
