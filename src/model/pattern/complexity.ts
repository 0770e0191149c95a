/**
 * How much work the wildcards of one field can be: the most partial matches that any string keeps alive at once. AWS
 * refuses patterns above a number of them, and judges as event-ruler does: the beginning of a wildcard, up to its first
 * `*`, and its end count once for all wildcards of one condition; a partial match that stands before a `*` counts
 * for that one, too.
 */
import { PatternError } from './error.ts';
import { STAR, type Wildcard } from './text-tests.ts';

/** Partial matches of one field (found by what AWS lets through and what not; it names no number). */
const MAX_UNDER_WAY = 10;
/** Sets of partial matches that are looked at before a pattern is called too complex without knowing. */
const MAX_SETS = 20_000;

/** A place within wildcards: what has been read ends here. */
interface Place {
  readonly id: number;
  /** What may be read next. */
  readonly next: Map<string, Place[]>;
  /** Whatever is read next, this place is reached: the `*` that follows, and for a `*` itself. */
  star: Place | null;
}

/**
 * @param conditions the wildcards of each condition of a field
 * @throws {PatternError} too complex
 */
export function checkWildcards(conditions: readonly (readonly Wildcard[])[]): void {
  const { start, alphabet } = placesOf(conditions);
  if (start.next.size === 0) return;
  const seen = new Set<string>();
  const pending: (readonly Place[])[] = [[start]];
  for (let places = pending.pop(); places !== undefined; places = pending.pop()) {
    for (const character of alphabet) {
      const next = step(places, character);
      const key = next.map(({ id }) => id).join();
      if (next.length === 0 || seen.has(key)) continue;
      seen.add(key);
      if (underWay(next) > MAX_UNDER_WAY || seen.size > MAX_SETS) {
        throw new PatternError(
          'Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character',
        );
      }
      pending.push(next);
    }
  }
}

function step(places: readonly Place[], character: string): Place[] {
  const next = new Set<Place>();
  for (const place of places) {
    if (place.star !== null) next.add(place.star);
    for (const reached of place.next.get(character) ?? []) next.add(reached);
  }
  return [...next].sort((a, b) => a.id - b.id);
}

function underWay(places: readonly Place[]): number {
  const present = new Set(places);
  return places.length + places.filter(({ star }) => star !== null && !present.has(star)).length;
}

class Places {
  readonly #shared = new Map<string, Place>();
  #made = 0;

  make(): Place {
    return { id: this.#made++, next: new Map(), star: null };
  }

  /** The place that everything with this key shares. */
  at(key: string): Place {
    const known = this.#shared.get(key) ?? this.make();
    this.#shared.set(key, known);
    return known;
  }
}

/** @returns where reading begins, and all characters that make a difference; the empty one stands for all others */
function placesOf(conditions: readonly (readonly Wildcard[])[]) {
  const places = new Places();
  const start = places.make();
  const alphabet = new Set(['']);
  for (const wildcards of conditions) {
    const texts = [...new Set(wildcards.map((wildcard) => JSON.stringify(wildcard)))].sort();
    for (const text of texts) {
      const parts: Wildcard = ['"', ...(JSON.parse(text) as Wildcard), '"'];
      for (const part of parts) if (part !== STAR) alphabet.add(part);
      addWildcard({ places, start, condition: texts.join() }, parts);
    }
  }
  return { start, alphabet };
}

function addWildcard(
  { places, start, condition }: { places: Places; start: Place; condition: string },
  parts: Wildcard,
): void {
  const firstStar = parts.indexOf(STAR);
  let before: Place | null = null;
  let here = start;
  for (const [at, part] of parts.entries()) {
    const there: Place =
      at === parts.length - 1
        ? places.at(`${condition} end`)
        : at <= firstStar || firstStar === -1
          ? places.at(`${condition} ${JSON.stringify(parts.slice(0, at + 1))}`)
          : places.make();
    if (part === STAR) {
      here.star = there;
      there.star = there;
    } else {
      addStep(here, part, there);
      if (before !== null && parts[at - 1] === STAR) addStep(before, part, there);
    }
    before = here;
    here = there;
  }
}

function addStep(from: Place, character: string, to: Place): void {
  const known = from.next.get(character) ?? [];
  if (!known.includes(to)) from.next.set(character, [...known, to]);
}
