/**
 * The leaves of an event that a pattern asks for: by path with dots, and by the elements of arrays they lie in.
 *
 * Objects and arrays are no values: `{ "a": {} }` has no field `a`. A name with dots is the same as names inside each other.
 * Every array of objects or of arrays gets a number; a leaf inside is at an index of each such array around it.
 */
import { LongNumber, type Scalar } from './scalar.ts';

/** Nested deeper than this, an event is not looked at (as the JSON reader of AWS's library). */
const MAX_DEPTH = 1_000;

/** Values of one path, as a tree: those outside of arrays, then by array and index. */
export interface Leaves {
  readonly values: Scalar[];
  readonly arrays: Map<number, Map<number, Leaves>>;
}

/** Paths that are wanted, by their parts. */
export interface Wanted {
  readonly parts: Map<string, Wanted>;
  path: string | null;
}

export interface Found {
  readonly byPath: Map<string, Leaves>;
  /** Which arrays the leaves of a path lie in. */
  readonly arraysOf: Map<string, Set<number>>;
}

export function wantedOf(paths: Iterable<string>): Wanted {
  const root: Wanted = { parts: new Map(), path: null };
  for (const path of paths) {
    let node = root;
    for (const part of path.split('.')) {
      const next = node.parts.get(part) ?? { parts: new Map(), path: null };
      node.parts.set(part, next);
      node = next;
    }
    node.path = path;
  }
  return root;
}

type Place = readonly (readonly [array: number, index: number])[];

interface Walk {
  readonly found: Found;
  arrays: number;
}

/** @returns null for an event that is nested too deeply */
export function leavesOf(event: object, wanted: Wanted): Found | null {
  const walk: Walk = { found: { byPath: new Map(), arraysOf: new Map() }, arrays: 0 };
  return inObject(walk, event, { wanted, place: [], depth: 0 }) ? walk.found : null;
}

interface Here {
  readonly wanted: Wanted;
  readonly place: Place;
  readonly depth: number;
}

function inObject(walk: Walk, object: object, here: Here): boolean {
  if (here.depth > MAX_DEPTH) return false;
  for (const [name, value] of Object.entries(object)) {
    let wanted = here.wanted.parts.get(name);
    if (wanted === undefined && name.includes('.')) {
      wanted = here.wanted;
      for (const part of name.split('.')) wanted = wanted?.parts.get(part);
    }
    if (wanted === undefined) continue;
    if (!inValue(walk, value, { ...here, wanted, depth: here.depth + 1 })) return false;
  }
  return true;
}

function inValue(walk: Walk, value: unknown, here: Here): boolean {
  if (Array.isArray(value)) return inArray(walk, value, here);
  if (typeof value === 'object' && value !== null && !(value instanceof LongNumber)) {
    return inObject(walk, value, here);
  }
  if (value !== undefined) add(walk.found, value as Scalar, here);
  return true;
}

function inArray(walk: Walk, array: readonly unknown[], here: Here): boolean {
  if (here.depth > MAX_DEPTH) return false;
  const number = walk.arrays++;
  return array.every((element, index) => {
    const nested = typeof element === 'object' && element !== null && !(element instanceof LongNumber);
    if (!nested) return inValue(walk, element, here);
    return inValue(walk, element, {
      ...here,
      place: [...here.place, [number, index]],
      depth: here.depth + 1,
    });
  });
}

function add({ byPath, arraysOf }: Found, value: Scalar, { wanted, place }: Here): void {
  const { path } = wanted;
  if (path === null) return;
  let leaves = inMap(byPath, path, newLeaves);
  const arrays = inMap(arraysOf, path, () => new Set<number>());
  for (const [array, index] of place) {
    arrays.add(array);
    leaves = inMap(
      inMap(leaves.arrays, array, () => new Map()),
      index,
      newLeaves,
    );
  }
  leaves.values.push(value);
}

function newLeaves(): Leaves {
  return { values: [], arrays: new Map() };
}

function inMap<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
