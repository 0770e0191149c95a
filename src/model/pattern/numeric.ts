/** `{ "numeric": [ ">", 0, "<=", 5 ] }`: one comparison, or a range. */
import { PatternError } from './error.ts';
import type { JsonReader, Token } from './json-reader.ts';
import { comparableOrFail, type Test } from './scalar.ts';

const COMPARISONS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
};

/**
 * Reads from after the opening bracket to after the closing one.
 *
 * @throws {PatternError} without a place for numbers that cannot be compared
 */
export function numeric(reader: JsonReader): Test {
  if (reader.next() !== 'string') reader.fail(`Invalid member in numeric match: ${reader.text()}`);
  const operator = reader.text();
  const compare = COMPARISONS[operator];
  const token = reader.next();
  if (compare === undefined) reader.fail(`Unrecognized numeric range operator: ${operator}`);
  if (token !== 'number') reader.fail(`Value of ${operator === '=' ? 'equals' : operator} must be numeric`);
  const text = reader.text();
  const after = reader.next();
  if (after !== ']' && operator !== '>' && operator !== '>=') {
    reader.fail('Too many elements in numeric expression');
  }
  const top = after === ']' ? null : readTop(reader, after);
  const bound = comparableOrFail(text);
  if (top === null) return (value) => typeof value === 'number' && compare(value, bound);
  const limit = comparableOrFail(top.text);
  if (bound >= limit) throw new PatternError('Bottom must be less than top');
  return (value) => typeof value === 'number' && compare(value, bound) && top.compare(value, limit);
}

interface Top {
  readonly text: string;
  compare(value: number, bound: number): boolean;
}

function readTop(reader: JsonReader, token: Token): Top {
  if (token !== 'string') reader.fail(`Bad value in numeric range: ${reader.text()}`);
  const operator = reader.text();
  const compare = operator === '<' || operator === '<=' ? COMPARISONS[operator] : undefined;
  if (compare === undefined) reader.fail(`Bad numeric range operator: ${operator}`);
  if (reader.next() !== 'number') reader.fail(`Value of ${operator} must be numeric`);
  const text = reader.text();
  if (reader.next() !== ']') reader.fail('Too many terms in numeric range expression');
  return { text, compare };
}
