/**
 * Wildcards and variables of IAM's policy language: `*` any run of characters, `?` any one, `${key}` what the
 * request says under that key. Patterns are taken apart once; matching is linear in practice and never backtracks
 * over more than one star, so that no policy can make a decision slow.
 */

/** Stand in for the wildcards, so that a star out of `${*}` or out of a request's value is only a star. */
const STAR = '\uE000';
const ANY = '\uE001';

/** What the request says under a key, in lower case; undefined: nothing, or several things. */
export type Lookup = (key: string) => string | undefined;

/** A pattern with its variables still in it; a plain string when it has none. */
export type Template = string | readonly (string | Variable)[];

interface Variable {
  readonly key: string;
  readonly otherwise: string | null;
}

const ESCAPES: Readonly<Record<string, string>> = { '*': '*', '?': '?', $: '$' };

/**
 * @param options.variables whether `${…}` means something: only in policies of version 2012-10-17
 * @param options.wildcards whether `*` and `?` do
 */
export function compileTemplate(
  text: string,
  options: { readonly variables: boolean; readonly wildcards: boolean },
): Template {
  const literal = (part: string) =>
    options.wildcards ? part.replaceAll('*', STAR).replaceAll('?', ANY) : part;
  if (!options.variables || !text.includes('${')) return literal(text);
  const parts: (string | Variable)[] = [];
  let at = 0;
  for (const match of text.matchAll(/\$\{([^}]*)\}/g)) {
    parts.push(literal(text.slice(at, match.index)), variableOf(match[1] as string));
    at = match.index + match[0].length;
  }
  parts.push(literal(text.slice(at)));
  return parts.every((part) => typeof part === 'string') ? parts.join('') : parts;
}

function variableOf(inner: string): string | Variable {
  const escaped = ESCAPES[inner];
  if (escaped !== undefined) return escaped;
  const match = /^\s*([^,]+?)\s*(?:,\s*'([^']*)'\s*)?$/.exec(inner);
  return { key: (match?.[1] ?? inner).toLowerCase(), otherwise: match?.[2] ?? null };
}

/** @returns the pattern with its variables filled in; null when one has no value, so that nothing matches */
export function fill(template: Template, lookup: Lookup): string | null {
  if (typeof template === 'string') return template;
  let filled = '';
  for (const part of template) {
    if (typeof part === 'string') {
      filled += part;
      continue;
    }
    const value = lookup(part.key) ?? part.otherwise;
    if (value === null) return null;
    filled += value;
  }
  return filled;
}

/** Whether the whole text is what the pattern says. */
export function matches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let starText = 0;
  while (t < text.length) {
    const char = pattern[p];
    if (char === STAR) {
      star = p++;
      starText = t;
    } else if (char !== undefined && (char === ANY || char === text[t])) {
      p++;
      t++;
    } else if (star !== -1) {
      p = star + 1;
      t = ++starText;
    } else return false;
  }
  while (pattern[p] === STAR) p++;
  return p === pattern.length;
}

/** A pattern of ARNs: each of the six parts between colons is matched by itself, the last one may hold colons. */
export type ArnPattern = 'everything' | readonly Template[];

/** A pattern of fewer than six parts is completed with stars, as IAM does. */
export function compileArn(text: string, variables: boolean): ArnPattern {
  if (/^\*+$/.test(text)) return 'everything';
  const parts = splitArn(text, '${', '}').map((part) =>
    compileTemplate(part, { variables, wildcards: true }),
  );
  while (parts.length < 6) parts.push(STAR);
  return parts;
}

export function matchesArn(pattern: ArnPattern, arn: string, lookup: Lookup): boolean {
  if (pattern === 'everything') return true;
  const parts = splitArn(arn);
  if (parts.length < 6) return false;
  return pattern.every((template, index) => {
    if (template === STAR) return true;
    const filled = fill(template, lookup);
    return filled !== null && matches(filled, parts[index] as string);
  });
}

/** At the first five colons; those between `open` and `close` (a variable's name has some) do not count. */
function splitArn(text: string, open?: string, close?: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length && parts.length < 5; at++) {
    if (open !== undefined && close !== undefined && text.startsWith(open, at)) {
      const end = text.indexOf(close, at);
      if (end !== -1) at = end;
    } else if (text[at] === ':') {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}
