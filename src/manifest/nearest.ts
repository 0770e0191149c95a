/** Longer words are not compared: nobody misspells them, and the cost grows with the square. */
const LONGEST = 100;

/**
 * The word that someone most likely meant.
 *
 * @param word as written
 * @param words the valid ones
 * @returns the nearest by edits (insert, remove, replace, swap neighbours), or null when none is near:
 *   at most one edit per three characters, and always one
 * @example nearest('memroy', ['memory', 'runtime']) // 'memory'
 */
export function nearest(word: string, words: Iterable<string>): string | null {
  if (word.length > LONGEST) return null;
  let best: string | null = null;
  let bestEdits = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of words) {
    if (Math.abs(candidate.length - word.length) >= bestEdits) continue;
    const found = edits(word.toLowerCase(), candidate.toLowerCase());
    if (found < bestEdits) {
      best = candidate;
      bestEdits = found;
    }
  }
  return best;
}

/** Optimal string alignment distance. */
function edits(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replace = previous[column - 1]! + Number(a[row - 1] !== b[column - 1]);
      let least = Math.min(replace, previous[column]! + 1, current[column - 1]! + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) least = Math.min(least, older[column - 2]! + 1);
      current.push(least);
    }
    older = previous;
    previous = current;
  }
  return previous[b.length]!;
}
