/** Tests of strings: wildcards, and letters of either case. Both take a time that grows with the string, not faster. */
import { PatternError } from './error.ts';

export const STAR = null;
/** Characters, and `STAR` for each `*`. */
export type Wildcard = readonly (string | typeof STAR)[];

/** @throws {PatternError} for two `*` in a row, or a backslash before anything but `*` and itself */
export function parseWildcard(text: string): Wildcard {
  const quoted = `"${text}"`;
  const parts: (string | null)[] = [];
  for (let at = 1; at < quoted.length - 1; at += 1) {
    const character = quoted.charAt(at);
    const next = quoted.charAt(at + 1);
    if (character === '*') {
      if (next === '*')
        throw new PatternError(`Consecutive wildcard characters at pos ${bytesBefore(quoted, at)}`);
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
  return Array.from(
    { length: text.length },
    (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
}
