/**
 * What a model demands of an input beyond its types, checked after it was read, in AWS's words:
 *
 *   1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must
 *   satisfy regular expression pattern: …
 *
 * Paths are in lower camel case (`code.s3Bucket`, `tags.1.member.key`); the values of what the model calls
 * sensitive are left out. For one value the order is null, enumeration, pattern, length. Elements of lists
 * and the keys and values of maps are reported together, with all that is demanded of them.
 */
import { AwsError } from './error.ts';
import type { Shape } from './shape.ts';

/** An error names at most so many; nobody repairs more at once. */
const MAX_VIOLATIONS = 50;
/** A value is shown so far. */
const MAX_SHOWN = 4_096;
/** A pattern is tried on text up to this length (or the member's own maximum): AWS's patterns are not all cheap. */
const MAX_MATCHED = 8_192;

/** @throws {AwsError} `ValidationException` naming everything that is wrong */
export function checkConstraints(input: Shape, value: unknown): void {
  const checker = new Checker();
  checker.structure(input, value as Readonly<Record<string, unknown>>, '');
  const { found } = checker;
  if (found.length === 0) return;
  const errors = found.length === 1 ? '1 validation error' : `${found.length} validation errors`;
  throw new AwsError('ValidationException', `${errors} detected: ${found.join('; ')}`, { status: 400 });
}

class Checker {
  readonly found: string[] = [];

  structure(shape: Shape, value: Readonly<Record<string, unknown>>, path: string): void {
    const required = new Set(shape.traits.union === true ? [] : shape.traits.required);
    for (const [name, member] of shape.members) {
      const at = `${path === '' ? '' : `${path}.`}${lowerFirst(name)}`;
      const item = value[name];
      if (item !== undefined) this.#value(member, item, at);
      else if (required.has(name)) this.#report(`Value null at '${at}'`, 'Member must not be null');
    }
  }

  #value(shape: Shape, value: unknown, path: string): void {
    if (shape.traits.document === true) return;
    if (shape.type === 'structure' && shape.traits.eventstream !== true) {
      this.structure(shape, value as Readonly<Record<string, unknown>>, path);
      return;
    }
    if (isStream(value)) return;
    const shown = () => (isSensitive(shape) ? `Value at '${path}'` : `Value ${quoted(value)} at '${path}'`);
    for (const { words, holds } of constraintsOf(shape)) if (!holds(value)) this.#report(shown(), words);
    if (shape.type === 'list') this.#list(shape, value as readonly unknown[], { path, shown });
    if (shape.type === 'map') this.#map(shape, value as Readonly<Record<string, unknown>>, { path, shown });
  }

  #list(shape: Shape, items: readonly unknown[], { path, shown }: Place): void {
    const { member } = shape;
    if (isContainer(member)) {
      items.forEach((item, index) => {
        this.#value(member, item, `${path}.${index + 1}.member`);
      });
    } else this.#each(member, items, { shown, words: 'Member must satisfy constraint' });
  }

  #map(shape: Shape, map: Readonly<Record<string, unknown>>, { path, shown }: Place): void {
    this.#each(shape.key, Object.keys(map), { shown, words: 'Map keys must satisfy constraint' });
    const { value } = shape;
    if (isContainer(value)) {
      for (const [key, item] of Object.entries(map))
        this.#value(value, item, `${path}.${key.slice(0, 256)}.member`);
    } else this.#each(value, Object.values(map), { shown, words: 'Map value must satisfy constraint' });
  }

  /** Elements without a path of their own: one of them fails, all that is demanded is said. */
  #each(
    shape: Shape,
    items: readonly unknown[],
    { shown, words }: { shown: () => string; words: string },
  ): void {
    const constraints = constraintsOf(shape);
    if (items.every((item) => constraints.every(({ holds }) => holds(item)))) return;
    const all = [...constraints].sort((a, b) => a.place - b.place).map((constraint) => constraint.words);
    this.#report(shown(), `${words}: [${[...all, 'Member must not be null'].join(', ')}]`);
  }

  #report(value: string, words: string): void {
    if (this.found.length < MAX_VIOLATIONS)
      this.found.push(`${value} failed to satisfy constraint: ${words}`);
  }
}

interface Place {
  readonly path: string;
  readonly shown: () => string;
}

interface Constraint {
  readonly words: string;
  /** Among the constraints of an element: enumeration, maximum, minimum, pattern. */
  readonly place: number;
  readonly holds: (value: unknown) => boolean;
}

const known = new WeakMap<Shape['traits'], readonly Constraint[]>();

function constraintsOf(shape: Shape): readonly Constraint[] {
  let constraints = known.get(shape.traits);
  if (constraints === undefined) {
    constraints = [...textConstraints(shape), ...sizeConstraints(shape)];
    known.set(shape.traits, constraints);
  }
  return constraints;
}

function textConstraints({ type, traits }: Shape): Constraint[] {
  if (type !== 'string' && type !== 'character') return [];
  const found: Constraint[] = [];
  if (traits.enum !== undefined && traits.openEnum !== true) {
    const values = new Set<unknown>(traits.enum);
    const words = `Member must satisfy enum value set: [${traits.enum.join(', ')}]`;
    found.push({ words, place: 0, holds: (value) => values.has(value) });
  }
  if (traits.pattern !== undefined) {
    const pattern = compiled(traits.pattern);
    const longest = Math.max(MAX_MATCHED, Math.min(traits.max ?? 0, 1_000_000));
    const words = `Member must satisfy regular expression pattern: ${traits.pattern}`;
    const holds = (value: unknown) => (value as string).length > longest || pattern.test(value as string);
    found.push({ words, place: 3, holds });
  }
  return found;
}

function sizeConstraints({ type, traits: { min, max } }: Shape): Constraint[] {
  if (type === 'structure' || type === 'boolean' || type === 'timestamp') return [];
  const isNumber = type === 'integer' || type === 'long' || type === 'float' || type === 'double';
  const what = isNumber ? 'value' : 'length';
  const measure = isNumber ? (value: unknown) => value as number : sizeOf;
  const found: Constraint[] = [];
  if (max !== undefined) {
    const words = `Member must have ${what} less than or equal to ${max}`;
    found.push({ words, place: 1, holds: (value) => measure(value) <= max });
  }
  if (min !== undefined) {
    const words = `Member must have ${what} greater than or equal to ${min}`;
    found.push({ words, place: 2, holds: (value) => measure(value) >= min });
  }
  return found;
}

/** Characters of text, bytes of blobs, elements of lists, entries of maps. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length;
  return Object.keys(value as object).length;
}

/** Not read yet, so there is nothing to measure. */
function isStream(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** AWS matches whole values. Patterns are Java's; those that only an older dialect understands get that. */
function compiled(pattern: string): { test(text: string): boolean } {
  for (const flags of ['u', '']) {
    try {
      return new RegExp(`^(?:${pattern})$`, flags);
    } catch {
      // the next dialect
    }
  }
  return { test: () => true };
}

function isContainer({ type, traits }: Shape): boolean {
  return (type === 'structure' && traits.document !== true) || type === 'list' || type === 'map';
}

/** Sensitive itself, or holding what is. */
function isSensitive(shape: Shape): boolean {
  if (shape.traits.sensitive === true) return true;
  if (shape.type === 'list') return isSensitive(shape.member);
  return shape.type === 'map' && (isSensitive(shape.key) || isSensitive(shape.value));
}

/** A value as Java prints it. */
function quoted(value: unknown): string {
  const text = printed(value);
  return `'${text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text}'`;
}

function printed(value: unknown): string {
  if (Array.isArray(value)) return `[${value.slice(0, MAX_SHOWN).map(printed).join(', ')}]`;
  if (value instanceof Uint8Array) {
    return `java.nio.HeapByteBuffer[pos=0 lim=${value.length} cap=${value.length}]`;
  }
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object' || value === null) return String(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${key}=${printed(item)}`)
    .join(', ')}}`;
}

function lowerFirst(name: string): string {
  return `${name[0]?.toLowerCase()}${name.slice(1)}`;
}
