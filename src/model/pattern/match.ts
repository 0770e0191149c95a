/**
 * Whether an event matches a pattern.
 *
 * Fields are taken in the order of their paths. Where leaves lie in arrays of objects, all fields must be found in the same
 * element: a match carries along which element of which array it has taken (its *membership*), and "no such field" is asked
 * within that. So a pattern can match in one order and not in another; the order of paths is the one AWS's library takes.
 *
 * Bounded: a membership is forgotten once no later field lies in the array, and no place is tried twice, so the work grows
 * with the leaves that the pattern names and not with their combinations.
 */
import type { FieldRule, Pattern } from './compile.ts';
import { type Found, type Leaves, leavesOf, type Wanted, wantedOf } from './leaves.ts';

/** The element that a match has taken of each array. */
type Membership = ReadonlyMap<number, number>;

const NOWHERE: Membership = new Map();

const wantedBy = new WeakMap<Pattern, Wanted>();

/**
 * @param event an object as `JSON.parse` makes it, or `parseEvent` where long numbers matter
 * @returns false too for an event that is nested more than 1,000 deep
 */
export function matches(pattern: Pattern, event: object): boolean {
  let wanted = wantedBy.get(pattern);
  if (wanted === undefined) {
    wanted = wantedOf(pattern.alternatives.flatMap((fields) => fields.map(({ path }) => path)));
    wantedBy.set(pattern, wanted);
  }
  const found = leavesOf(event, wanted);
  return found !== null && pattern.alternatives.some((fields) => new Search(fields, found).from(0, NOWHERE));
}

class Search {
  readonly #fields: readonly FieldRule[];
  readonly #found: Found;
  /** The last field that has leaves in an array. */
  readonly #lastUse = new Map<number, number>();
  /** Where no match was found. */
  readonly #failed = new Set<string>();

  constructor(fields: readonly FieldRule[], found: Found) {
    this.#fields = fields;
    this.#found = found;
    fields.forEach(({ path }, at) => {
      for (const array of found.arraysOf.get(path) ?? []) this.#lastUse.set(array, at);
    });
  }

  /** Whether the fields from `at` on match, given what the ones before have taken. */
  from(at: number, taken: Membership): boolean {
    const field = this.#fields[at];
    if (field === undefined) return true;
    const needed = this.#needed(at, taken);
    const key = `${at}:${[...needed].join(';')}`;
    if (this.#failed.has(key)) return false;
    if (this.#matches(at, field, needed)) return true;
    this.#failed.add(key);
    return false;
  }

  #needed(at: number, taken: Membership): Membership {
    if (taken.size === 0) return taken;
    return new Map(
      [...taken].filter(([array]) => (this.#lastUse.get(array) ?? -1) >= at).sort(([a], [b]) => a - b),
    );
  }

  #matches(at: number, field: FieldRule, taken: Membership): boolean {
    const root = this.#found.byPath.get(field.path);
    let present = false;
    const visit = (leaves: Leaves, membership: Membership): boolean => {
      present ||= leaves.values.length > 0;
      if (leaves.values.some((value) => field.tests.some((test) => test(value)))) {
        if (this.from(at + 1, membership)) return true;
      }
      for (const [array, byIndex] of leaves.arrays) {
        const index = membership.get(array);
        if (index !== undefined) {
          const inner = byIndex.get(index);
          if (inner !== undefined && visit(inner, membership)) return true;
          continue;
        }
        for (const [each, inner] of byIndex) {
          if (visit(inner, new Map([...membership, [array, each]]))) return true;
        }
      }
      return false;
    };
    if (root !== undefined && visit(root, taken)) return true;
    return field.absent && !present && this.from(at + 1, taken);
  }
}
