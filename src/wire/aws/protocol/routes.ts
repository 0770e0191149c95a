/**
 * From method and path to an operation, for the REST protocols: a tree of path segments, so that the
 * cost grows with the depth of the path and not with the number of operations.
 *
 * A literal segment wins over a label, a label over a greedy one (`{Key+}`, always last, which keeps
 * its slashes). Operations that share method and path are told apart by the literals in their query
 * (`?find=LayerVersion`), then by which of their required query members and headers are there.
 */
import type { Shape } from './shape.ts';

export interface Routed {
  readonly name: string;
  readonly method: string;
  readonly requestUri: string;
  readonly input: Shape | null;
}

export interface RouteMatch<T> {
  readonly operation: T;
  /** Label name to its segment, still percent-encoded. */
  readonly labels: ReadonlyMap<string, string>;
}

/** What tells operations on one path apart. */
export interface RouteQuestion {
  readonly method: string;
  /** Percent-encoded path, without query. */
  readonly path: string;
  readonly query: ReadonlyMap<string, readonly string[]>;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

interface Candidate<T> {
  readonly operation: T;
  readonly labelNames: readonly string[];
  readonly literals: readonly (readonly [string, string | null])[];
  readonly required: readonly RequiredPart[];
}

interface RequiredPart {
  readonly location: 'querystring' | 'header';
  readonly name: string;
}

interface Branch<T> {
  readonly literals: Map<string, Branch<T>>;
  label: Branch<T> | null;
  greedy: Map<string, Candidate<T>[]> | null;
  /** By method. */
  readonly here: Map<string, Candidate<T>[]>;
}

export class Routes<T extends Routed> {
  readonly #root = branch<T>();

  constructor(operations: Iterable<T>) {
    for (const operation of operations) this.#add(operation);
  }

  match(question: RouteQuestion): RouteMatch<T> | null {
    const segments = question.path.split('/').slice(1);
    const found = find(this.#root, { segments, at: 0, labels: [], method: question.method });
    if (found === null) return null;
    const best = choose(found.candidates, question);
    if (best === null) return null;
    const labels = new Map(best.labelNames.map((name, index) => [name, found.labels[index] ?? '']));
    return { operation: best.operation, labels };
  }

  #add(operation: T): void {
    const [path = '/', query = ''] = operation.requestUri.split('?', 2);
    const labelNames: string[] = [];
    let at = this.#root;
    let greedy = false;
    for (const segment of path.split('/').slice(1)) {
      const name = /^\{(.+?)(\+?)\}$/.exec(segment);
      if (name !== null) labelNames.push(name[1] as string);
      if (name?.[2] === '+') greedy = true;
      else if (name !== null) at = at.label ??= branch();
      else if (segment !== '') at = into(at.literals, segment, () => branch());
    }
    const candidate = { operation, labelNames, literals: literalsOf(query), required: requiredOf(operation) };
    if (greedy) at.greedy ??= new Map();
    into(greedy ? (at.greedy as Branch<T>['here']) : at.here, operation.method, () => []).push(candidate);
  }
}

interface Walk {
  readonly segments: readonly string[];
  readonly at: number;
  readonly labels: readonly string[];
  readonly method: string;
}

interface Found<T> {
  readonly candidates: readonly Candidate<T>[];
  readonly labels: readonly string[];
}

function find<T>(here: Branch<T>, walk: Walk): Found<T> | null {
  const { segments, at, labels, method } = walk;
  const segment = segments[at];
  const ends = segment === undefined || (segment === '' && at === segments.length - 1);
  if (ends) {
    const candidates = here.here.get(method);
    if (candidates !== undefined) return { candidates, labels };
  }
  if (segment === undefined) return null;
  const literal = here.literals.get(segment);
  const byLiteral = literal === undefined ? null : find(literal, { ...walk, at: at + 1 });
  if (byLiteral !== null) return byLiteral;
  const byLabel =
    here.label === null || segment === ''
      ? null
      : find(here.label, { ...walk, at: at + 1, labels: [...labels, segment] });
  if (byLabel !== null) return byLabel;
  const rest = segments.slice(at).join('/');
  const candidates = here.greedy?.get(method);
  return candidates === undefined || rest === '' ? null : { candidates, labels: [...labels, rest] };
}

function choose<T>(candidates: readonly Candidate<T>[], question: RouteQuestion): Candidate<T> | null {
  let best: Candidate<T> | null = null;
  let bestScore = -1;
  for (const candidate of candidates) {
    const score = scoreOf(candidate, question);
    if (score > bestScore) [best, bestScore] = [candidate, score];
  }
  return best;
}

/** @returns higher is the better fit; -1: a literal of the query is not there */
function scoreOf({ literals, required }: Candidate<unknown>, { query, headers }: RouteQuestion): number {
  for (const [name, value] of literals) {
    const given = query.get(name);
    if (given === undefined || (value !== null && !given.includes(value))) return -1;
  }
  const there = required.filter(({ location, name }) =>
    location === 'header' ? headers[name] !== undefined : query.has(name),
  ).length;
  return literals.length * 1_000 + (there === required.length ? 100 : 0) + there;
}

function literalsOf(query: string): [string, string | null][] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', value] = part.split('=', 2);
      return [
        decodeURIComponent(name),
        value === undefined || value === '' ? null : decodeURIComponent(value),
      ];
    });
}

function requiredOf({ input }: Routed): RequiredPart[] {
  const found: RequiredPart[] = [];
  for (const member of input?.traits.required ?? []) {
    const { location, locationName = member } = input?.members.get(member)?.traits ?? {};
    if (location === 'header') found.push({ location, name: locationName.toLowerCase() });
    if (location === 'querystring') found.push({ location, name: locationName });
  }
  return found;
}

function branch<T>(): Branch<T> {
  return { literals: new Map(), label: null, greedy: null, here: new Map() };
}

function into<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
