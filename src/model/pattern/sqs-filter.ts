/**
 * Filters of an event source mapping for a queue: which messages a function gets.
 *
 * A message's body is looked at as JSON where the pattern does so (`{"body": {"kind": ["a"]}}`) and as a string where the
 * pattern does that (`{"body": [{"prefix": "a"}]}`). A body of the one kind never matches a pattern of the other
 * (docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html). JSON means an object or a list: a body such as `12` has
 * nothing that a pattern could name, so it is a string.
 */
import { compilePattern, type FieldRule, type Pattern } from './compile.ts';
import { matches } from './match.ts';
import { parseEvent } from './scalar.ts';

/** What is looked at: a record of Lambda's event for a queue. */
export interface QueueRecord {
  readonly body: string;
}

/**
 * @param patterns of which one has to match; none at all let everything through
 * @throws {PatternError} if one is no pattern
 *
 * @example
 * const wanted = sqsFilter(['{"body": {"kind": ["order"]}}']);
 * wanted({ body: '{"kind":"order"}' }) // true
 */
export function sqsFilter(patterns: readonly string[]): (record: QueueRecord) => boolean {
  if (patterns.length === 0) return () => true;
  const compiled = patterns.map(compilePattern);
  const forText = compiled.map((pattern) => without(pattern, ({ path }) => path.startsWith('body.')));
  const forJson = compiled.map((pattern) => without(pattern, ({ path }) => path === 'body'));
  return (record) => {
    const body = jsonBody(record.body);
    if (body === null) return forText.some((pattern) => matches(pattern, record));
    return forJson.some((pattern) => matches(pattern, { ...record, body }));
  };
}

/** The pattern without the alternatives that ask such a field. */
function without({ alternatives }: Pattern, asks: (field: FieldRule) => boolean): Pattern {
  return { alternatives: alternatives.filter((fields) => !fields.some(asks)) };
}

function jsonBody(body: string): object | null {
  if (!/^\s*[[{]/.test(body)) return null;
  try {
    return parseEvent(body) as object;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
