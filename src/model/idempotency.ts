/** What says that two deliveries are one: a header, or a value in the event. Its language for values is a part of JSONPath. */

export interface IdempotencyRule {
  readonly from: 'header' | 'jsonpath';
  /** The header's name, or the path: `$.detail.id`. */
  readonly name: string;
  /** How long an answer is kept, ms. */
  readonly windowMs: number;
}

const STEP = /\.([A-Za-z_][\w-]*)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y;

/**
 * A path to one value: names and numbers, no wildcards and no filters.
 *
 * @returns its steps; null when it is none
 *
 * @example
 * jsonPathSteps("$.orders[0]['a b']") // ['orders', 0, 'a b']
 */
export function jsonPathSteps(path: string): readonly (string | number)[] | null {
  if (!path.startsWith('$')) return null;
  const steps: (string | number)[] = [];
  let at = 1;
  while (at < path.length) {
    STEP.lastIndex = at;
    const found = STEP.exec(path);
    if (found === null) return null;
    const [whole, name, index, single, double] = found;
    const quoted = (single ?? double)?.replace(/\\(.)/g, '$1');
    steps.push(index === undefined ? (name ?? quoted ?? '') : Number(index));
    at += whole.length;
  }
  return steps;
}

/** @returns undefined where the path leads nowhere */
export function valueAt(value: unknown, steps: readonly (string | number)[]): unknown {
  let here = value;
  for (const step of steps) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}
