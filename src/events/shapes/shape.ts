/** The form of a payload: which keys it has and of which types, without any value. Pure. */
import type { EventShape } from '../../store/index.ts';

/** Paths of one shape; a payload with more is described by the first. */
const MAX_PATHS = 300;
const MAX_DEPTH = 12;

/**
 * @param payload JSON text
 * @returns null when it is none
 *
 * @example
 * shapeOf('{"id":1,"items":[{"price":2},{"price":null}]}')
 * // { '$': 'object', '$.id': 'number', '$.items': 'array', '$.items[]': 'object', '$.items[].price': 'null|number' }
 */
export function shapeOf(payload: string): EventShape | null {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return null;
  }
  const types = new Map<string, Set<string>>();
  note(value, { path: '$', depth: 0 }, types);
  return Object.fromEntries([...types].map(([path, of]) => [path, [...of].toSorted().join('|')]));
}

function note(value: unknown, at: { path: string; depth: number }, types: Map<string, Set<string>>): void {
  const { path, depth } = at;
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const known = types.get(path);
  if (known !== undefined) known.add(type);
  else if (types.size < MAX_PATHS) types.set(path, new Set([type]));
  if (depth >= MAX_DEPTH || typeof value !== 'object' || value === null) return;
  const inner = { depth: depth + 1 };
  if (Array.isArray(value)) {
    for (const item of value.slice(0, MAX_PATHS)) note(item, { ...inner, path: `${path}[]` }, types);
  } else {
    for (const [key, item] of Object.entries(value).slice(0, MAX_PATHS))
      note(item, { ...inner, path: path + step(key) }, types);
  }
}

function step(key: string): string {
  return /^[A-Za-z_][\w-]{0,99}$/.test(key) ? `.${key}` : `[${JSON.stringify(key.slice(0, 100))}]`;
}

/** How a payload differs in form from those that were handled. */
export interface ShapeDifferences {
  /** Payloads that it was compared with; 0: there is nothing to compare with. */
  readonly compared: number;
  /** What no other has. */
  readonly added: readonly { readonly path: string; readonly type: string }[];
  /** What every other has. */
  readonly missing: readonly { readonly path: string; readonly type: string }[];
  /** What is of a type that it is in no other. */
  readonly changed: readonly { readonly path: string; readonly type: string; readonly before: string }[];
}

/** @param handled forms of payloads that were handled */
export function shapeDifferences(shape: EventShape, handled: readonly EventShape[]): ShapeDifferences {
  const before = new Map<string, { types: Set<string>; count: number }>();
  for (const other of handled) {
    for (const [path, types] of Object.entries(other)) {
      const known = before.get(path) ?? { types: new Set(), count: 0 };
      for (const type of types.split('|')) known.types.add(type);
      before.set(path, { ...known, count: known.count + 1 });
    }
  }
  const written = (types: Set<string>) => [...types].toSorted().join('|');
  const own = Object.entries(shape);
  return {
    compared: handled.length,
    added:
      handled.length === 0 ? [] : own.flatMap(([path, type]) => (before.has(path) ? [] : [{ path, type }])),
    missing: [...before].flatMap(([path, { types, count }]) =>
      count === handled.length && !Object.hasOwn(shape, path) ? [{ path, type: written(types) }] : [],
    ),
    changed: own.flatMap(([path, type]) => {
      const types = before.get(path)?.types;
      const isNew = types !== undefined && type.split('|').some((one) => !types.has(one));
      return isNew ? [{ path, type, before: written(types) }] : [];
    }),
  };
}
