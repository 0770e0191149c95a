/**
 * Forms (`Action=…&Tag.1.Key=…`) of the protocols `query` and `ec2` to values of a model's types.
 *
 * The names are first made a tree, one level a dot; the model then says which branches mean what.
 */
import { MAX_DEPTH, serializationError, tooDeep } from './refuse.ts';
import { scalarFromText } from './scalars.ts';
import type { Shape } from './shape.ts';

interface Branch {
  text: string | null;
  readonly branches: Map<string, Branch>;
}

/** Names and values of one form. */
const MAX_PAIRS = 20_000;

/** @throws {AwsError} `SerializationException` for a bad percent-encoding or too many pairs */
export function parseForm(text: string): Map<string, string> {
  const pairs = text === '' ? [] : text.split('&');
  if (pairs.length > MAX_PAIRS) throw serializationError(`The request has more than ${MAX_PAIRS} parameters`);
  return new Map(
    pairs
      .filter((pair) => pair !== '')
      .map((pair) => {
        const at = pair.indexOf('=');
        return at === -1 ? [decode(pair), ''] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))];
      }),
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw serializationError('A parameter is not valid percent-encoded UTF-8');
  }
}

export type FormDialect = 'query' | 'ec2';

export function readForm(shape: Shape, form: ReadonlyMap<string, string>, dialect: FormDialect): object {
  const root: Branch = { text: null, branches: new Map() };
  for (const [name, value] of form) plant(root, name, value);
  return new FormReader(dialect).structure(shape, root, 0);
}

function plant(root: Branch, name: string, value: string): void {
  let at = root;
  const parts = name.split('.');
  if (parts.length > 3 * MAX_DEPTH) throw tooDeep();
  for (const part of parts) {
    let next = at.branches.get(part);
    if (next === undefined) {
      next = { text: null, branches: new Map() };
      at.branches.set(part, next);
    }
    at = next;
  }
  at.text = value;
}

class FormReader {
  readonly #dialect: FormDialect;

  constructor(dialect: FormDialect) {
    this.#dialect = dialect;
  }

  structure(shape: Shape, branch: Branch, depth: number): object {
    const entries: [string, unknown][] = [];
    for (const [name, member] of shape.members) {
      const found = this.#memberBranch(branch, name, member);
      const value = found === undefined ? undefined : this.#read(member, found, depth + 1);
      if (value !== undefined) entries.push([name, value]);
    }
    return Object.fromEntries(entries);
  }

  #memberBranch({ branches }: Branch, name: string, member: Shape): Branch | undefined {
    if (this.#dialect === 'ec2') return branches.get(ec2Name(name, member));
    const flat = member.type === 'list' && member.traits.flattened === true;
    const inner = flat ? member.member.traits.locationName : undefined;
    const own = branches.get(member.traits.locationName ?? name);
    return inner === undefined ? own : (branches.get(inner) ?? own);
  }

  #read(shape: Shape, branch: Branch, depth: number): unknown {
    if (depth > MAX_DEPTH) throw tooDeep();
    switch (shape.type) {
      case 'structure':
        return this.structure(shape, branch, depth);
      case 'list':
        return this.#list(shape, branch, depth);
      case 'map':
        return this.#map(shape, branch, depth);
      default:
        return branch.text === null ? undefined : scalarFromText(shape, branch.text, 'iso8601');
    }
  }

  /** `Name.member.1=…`, flattened `Name.1=…`; `Name=` alone is an empty list. */
  #list(shape: Shape, branch: Branch, depth: number): unknown[] {
    const flat = this.#dialect === 'ec2' || shape.traits.flattened === true;
    const { locationName = 'member' } = shape.member.traits;
    const items = flat ? branch : (branch.branches.get(locationName) ?? branch.branches.get('member'));
    return numbered(items)
      .map((item) => this.#read(shape.member, item, depth + 1))
      .filter((item) => item !== undefined);
  }

  /** `Name.entry.1.key=…&Name.entry.1.value=…`, flattened without `entry`. */
  #map(shape: Shape, branch: Branch, depth: number): object {
    const entries = shape.traits.flattened === true ? branch : branch.branches.get('entry');
    const { key, value } = shape;
    const read = numbered(entries).map(({ branches }) => {
      const item = branches.get(value.traits.locationName ?? 'value');
      const name = branches.get(key.traits.locationName ?? 'key')?.text ?? '';
      return [name, item === undefined ? undefined : this.#read(value, item, depth + 1)];
    });
    return Object.fromEntries(read.filter(([, item]) => item !== undefined));
  }
}

/** The branches named by numbers, in their order; gaps are closed, as AWS closes them. */
function numbered(branch: Branch | undefined): Branch[] {
  const found = [...(branch?.branches ?? [])].filter(([name]) => /^\d{1,9}$/.test(name));
  return found.sort(([a], [b]) => Number(a) - Number(b)).map(([, item]) => item);
}

function ec2Name(name: string, { traits: { queryName, locationName } }: Shape): string {
  if (queryName !== undefined) return queryName;
  const said = locationName ?? name;
  return `${said[0]?.toUpperCase()}${said.slice(1)}`;
}
