/** Tests of strings: wildcards, and letters of either case. Both take a time that grows with the string, not faster. */
import { PatternError } from './error.ts';

/** How many partial matches of one field may be under way at once (as AWS refuses them; see `wildcardCost`). */
const MAX_UNDER_WAY = 10;
/** Situations that are looked at before a pattern is called too complex without knowing. */
const MAX_SITUATIONS = 20_000;

const STAR = null;
/** Characters, and null for each `*`. */
export type Wildcard = readonly (string | typeof STAR)[];

/** @throws {PatternError} for two `*` in a row, or a backslash before anything but `*` and itself */
export function parseWildcard(text: string): Wildcard {
  const quoted = `"${text}"`;
  const parts: (string | null)[] = [];
  for (let at = 1; at < quoted.length - 1; at += 1) {
    const character = quoted.charAt(at);
    const next = quoted.charAt(at + 1);
    if (character === '*') {
      if (next === '*') throw new PatternError(`Consecutive wildcard characters at pos ${bytesBefore(quoted, at)}`);
      parts.push(STAR);
    } else if (character === '\\') {
      if (next !== '*' && next !== '\\') {
        throw new PatternError(`Invalid escape character at pos ${bytesBefore(quoted, at)}`);
      }
      parts.push(next);
      at += 1;
    } else parts.push(character);
  }
  return parts;
}

function bytesBefore(text: string, at: number): number {
  return Buffer.byteLength(text.slice(0, at));
}

/** The pieces between the stars are looked for one after the other, each as early as it can be. */
export function wildcardTest(wildcard: Wildcard): (value: string) => boolean {
  const pieces = [''];
  for (const part of wildcard) {
    if (part === STAR) pieces.push('');
    else pieces[pieces.length - 1] += part;
  }
  const [head = '', ...rest] = pieces;
  const tail = rest.pop();
  if (tail === undefined) return (value) => value === head;
  return (value) => {
    const end = value.length - tail.length;
    if (end < head.length || !value.startsWith(head) || !value.endsWith(tail)) return false;
    let from = head.length;
    for (const piece of rest) {
      const found = value.indexOf(piece, from);
      if (found === -1) return false;
      from = found + piece.length;
    }
    return from <= end;
  };
}

/**
 * Refuses wildcards of one field that AWS refuses: those for which some string keeps more than `MAX_UNDER_WAY` partial
 * matches alive at once. A match that stands before a `*` counts twice, as it has also passed it.
 *
 * @throws {PatternError} too complex
 */
export function checkWildcards(wildcards: readonly Wildcard[]): void {
  const texts = wildcards.map((wildcard) => ['"', ...wildcard, '"']);
  const alphabet = new Set(texts.flat().filter((part) => part !== STAR));
  alphabet.add(''); // stands for every character that no pattern names
  const pending: string[][] = [[]];
  const seen = new Set<string>();
  const start = (byte: string) => texts.flatMap((text, which) => (text[0] === byte ? [`${which}:0`] : []));
  for (let situation = pending.pop(); situation !== undefined; situation = pending.pop()) {
    for (const byte of alphabet) {
      const next = situation.length === 0 ? start(byte) : [...step(texts, situation, byte)].sort();
      const key = next.join();
      if (next.length === 0 || seen.has(key)) continue;
      seen.add(key);
      if (underWay(texts, next) > MAX_UNDER_WAY || seen.size > MAX_SITUATIONS) {
        throw new PatternError(
          'Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character',
        );
      }
      pending.push(next);
    }
  }
}

/** Where each partial match is after one more character. */
function step(texts: readonly Wildcard[], situation: readonly string[], byte: string): Set<string> {
  const next = new Set<string>();
  for (const place of situation) {
    const [which = 0, at = 0] = place.split(':').map(Number);
    const text = texts[which] ?? [];
    if (text[at] === STAR) next.add(place);
    if (text[at + 1] === STAR) next.add(`${which}:${at + 1}`);
    const literal = text[at + 1] === STAR ? at + 2 : at + 1;
    if (text[literal] === byte) next.add(`${which}:${literal}`);
  }
  return next;
}

function underWay(texts: readonly Wildcard[], situation: readonly string[]): number {
  const present = new Set(situation);
  const passed = situation.filter((place) => {
    const [which = 0, at = 0] = place.split(':').map(Number);
    return texts[which]?.[at + 1] === STAR && !present.has(`${which}:${at + 1}`);
  });
  return situation.length + passed.length;
}

/**
 * A character equals its capital and its small letter, each as one or more characters.
 *
 * @param where which part of the value has to be the text
 */
export function ignoringCase(text: string, where: 'all' | 'start' | 'end'): (value: string) => boolean {
  const source = Array.from({ length: text.length }, (_, at) => eitherCase(text.charAt(at))).join('');
  const expression = new RegExp(`${where === 'end' ? '' : '^'}${source}${where === 'start' ? '' : '$'}`);
  return (value) => expression.test(where === 'end' ? value.slice(-3 * text.length - 1) : value);
}

function eitherCase(character: string): string {
  const forms = new Set([character.toLowerCase(), character.toUpperCase()]);
  return `(?:${[...forms].map((form) => form.replace(/[^\p{L}\p{N}]/gu, escapeUnit)).join('|')})`;
}

function escapeUnit(text: string): string {
  return Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
    '',
  );
}
