/**
 * One alternative for a field: a value, or an expression such as `{ "prefix": "a" }`.
 *
 * The order in which things are looked at, and so which error a wrong pattern gets, is EventBridge's.
 */
import { addressDigits, network } from './address.ts';
import { PatternError } from './error.ts';
import type { JsonReader, Token } from './json-reader.ts';
import { numeric } from './numeric.ts';
import { comparable, comparableOrFail, LongNumber, type Test } from './scalar.ts';
import { ignoringCase, parseWildcard, type Wildcard, wildcardTest } from './text-tests.ts';

export interface Condition {
  /** What a value of the field is asked; null: that there is none. */
  readonly test: Test | null;
  /** What its complexity is judged by. */
  readonly wildcards: readonly Wildcard[];
}

type Modifier = 'equals-ignore-case' | 'prefix' | 'suffix' | 'wildcard';

const MODIFIERS: readonly string[] = [
  'equals-ignore-case',
  'prefix',
  'suffix',
  'wildcard',
] satisfies Modifier[];

const NOT_A_STRING: Readonly<Record<Modifier, string>> = {
  'equals-ignore-case':
    'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.',
  prefix: 'prefix/suffix match pattern must be a string',
  suffix: 'prefix/suffix match pattern must be a string',
  wildcard: 'wildcard match pattern must be a string',
};

/** @param token what the reader has just come to, inside the list of a field */
export function readCondition(reader: JsonReader, token: Token): Condition {
  switch (token) {
    case '{':
      return readExpression(reader);
    case 'string':
      return simple(equals(reader.text()));
    case 'number':
      return simple(equalsNumber(reader.text()));
    case 'true':
    case 'false':
      return simple((value) => value === (token === 'true'));
    case 'null':
      return simple((value) => value === null);
    default:
      return reader.fail('Match value must be String, number, true, false, or null');
  }
}

function simple(test: Test | null): Condition {
  return { test, wildcards: [] };
}

/** A string; an address equals every way to write it. */
function equals(text: string): Test {
  const digits = addressDigits(text);
  if (digits === null) return (value) => value === text;
  return (value) => typeof value === 'string' && (value === text || addressDigits(value) === digits);
}

function equalsNumber(text: string): Test {
  const number = comparable(text);
  if (number !== null) return (value) => value === number;
  return (value) => value instanceof LongNumber && value.text === text;
}

function readExpression(reader: JsonReader): Condition {
  if (reader.next() !== 'name') reader.fail('Match expression name not found');
  const { name } = reader;
  switch (name) {
    case 'exactly': {
      const text = readText(reader, 'exact');
      return closed(reader, simple(strings((value) => value === text)));
    }
    case 'prefix':
    case 'suffix':
      return readEdge(reader, name);
    case 'numeric':
      return readNumeric(reader);
    case 'anything-but':
      return readAnythingBut(reader);
    case 'exists':
      return readExists(reader);
    case 'cidr': {
      const test = network(readText(reader, 'prefix'));
      return closed(reader, simple(test));
    }
    case 'equals-ignore-case': {
      const text = readText(reader, name);
      return closed(reader, simple(strings(ignoringCase(text, 'all'))));
    }
    case 'wildcard': {
      const wildcard = placed(reader, () => parseWildcard(readText(reader, name)));
      return closed(reader, { test: strings(wildcardTest(wildcard)), wildcards: [wildcard] });
    }
    default:
      return reader.fail(`Unrecognized match type ${name}`);
  }
}

function strings(test: (value: string) => boolean): Test {
  return (value) => typeof value === 'string' && test(value);
}

function readText(reader: JsonReader, what: string): string {
  if (reader.next() !== 'string') reader.fail(`${what} match pattern must be a string`);
  return reader.text();
}

function closed(reader: JsonReader, condition: Condition): Condition {
  if (reader.next() !== '}') reader.fail('Only one key allowed in match expression');
  return condition;
}

/** `{ "prefix": "a" }` and `{ "prefix": { "equals-ignore-case": "a" } }`. */
function readEdge(reader: JsonReader, edge: 'prefix' | 'suffix'): Condition {
  const token = reader.next();
  if (token === 'string') return closed(reader, simple(strings(edgeTest(edge, reader.text()))));
  if (token !== '{') reader.fail(`${edge} match pattern must be a string`);
  if (reader.next() !== 'name') {
    reader.fail(`${edge === 'prefix' ? 'Prefix' : 'Suffix'} expression name not found`);
  }
  if (reader.name !== 'equals-ignore-case') reader.fail(`Unsupported ${edge} pattern: ${reader.name}`);
  const text = readText(reader, 'equals-ignore-case');
  const condition = simple(strings(ignoringCase(text, edge === 'prefix' ? 'start' : 'end')));
  return closed(reader, closed(reader, condition));
}

function edgeTest(edge: 'prefix' | 'suffix', text: string): (value: string) => boolean {
  return edge === 'prefix' ? (value) => value.startsWith(text) : (value) => value.endsWith(text);
}

function readNumeric(reader: JsonReader): Condition {
  if (reader.next() !== '[') reader.fail('Value of numeric must be an array.');
  const condition = simple(placed(reader, () => numeric(reader)));
  if (reader.next() !== '}') reader.fail('Too many elements in numeric expression');
  return condition;
}

function readExists(reader: JsonReader): Condition {
  const token = reader.next();
  if (token !== 'true' && token !== 'false')
    reader.fail('exists match pattern must be either true or false.');
  return closed(reader, simple(token === 'true' ? () => true : null));
}

function readAnythingBut(reader: JsonReader): Condition {
  let token = reader.next();
  const modified = token === '{';
  if (modified) {
    if (reader.next() !== 'name') reader.fail('Anything-But expression name not found');
    if (!MODIFIERS.includes(reader.name)) reader.fail(`Unsupported anything-but pattern: ${reader.name}`);
    token = reader.next();
  }
  const modifier = modified ? (reader.name as Modifier) : null;
  if (token !== '[' && token !== 'string' && token !== 'number') {
    reader.fail('Value of anything-but must be an array or single string/number value.');
  }
  const condition = modifier === null ? readOthers(reader, token) : readNot(reader, token, modifier);
  for (let open = modified ? 2 : 1; open > 0; open -= 1) {
    if (reader.next() !== '}') reader.fail('Too many elements in numeric expression');
  }
  return condition;
}

/** `{ "anything-but": "a" }`, `{ "anything-but": [ 1, 2 ] }`: strings or numbers, not both. */
function readOthers(reader: JsonReader, token: Token): Condition {
  const unwanted = new Set<string | number>();
  const kinds = new Set<Token>();
  const add = (found: Token) => {
    if (found !== 'string' && found !== 'number') {
      reader.fail('Inside anything but list, start|null|boolean is not supported.');
    }
    kinds.add(found);
    unwanted.add(found === 'string' ? reader.text() : comparableOrFail(reader.text()));
  };
  if (token !== '[') add(token);
  else {
    inList(reader, add);
    if (kinds.size !== 1) {
      reader.fail(
        'Inside anything but list, either all values are number or string, mixed type is not supported',
      );
    }
  }
  return simple((value) => !unwanted.has(value as string));
}

/** `{ "anything-but": { "prefix": [ "a", "b" ] } }` and the like. */
function readNot(reader: JsonReader, token: Token, modifier: Modifier): Condition {
  const texts: string[] = [];
  const add = (found: Token) => {
    if (found !== 'string') reader.fail(NOT_A_STRING[modifier]);
    const text = reader.text();
    if (text === '' && (modifier === 'prefix' || modifier === 'suffix')) {
      reader.fail('Null prefix/suffix not allowed');
    }
    texts.push(text);
  };
  if (token === '[') inList(reader, add);
  else add(token);
  const wildcards =
    modifier === 'wildcard' ? placed(reader, () => texts.map((text) => parseWildcard(text))) : [];
  const tests =
    modifier === 'wildcard' ? wildcards.map(wildcardTest) : texts.map((text) => testOf(modifier, text));
  return {
    test: (value) => typeof value !== 'string' || !tests.some((test) => test(value)),
    wildcards,
  };
}

function testOf(
  modifier: 'equals-ignore-case' | 'prefix' | 'suffix',
  text: string,
): (value: string) => boolean {
  return modifier === 'equals-ignore-case' ? ignoringCase(text, 'all') : edgeTest(modifier, text);
}

/** What is wrong inside such a list is said with its place twice. */
function inList(reader: JsonReader, add: (token: Token) => void): void {
  try {
    for (let token = reader.next(); token !== ']'; token = reader.next()) add(token);
  } catch (error) {
    throw withPlace(reader, error);
  }
}

/** Says where, if what it calls does not. */
function placed<Read>(reader: JsonReader, read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    if (error instanceof PatternError && error.place === '') throw withPlace(reader, error);
    throw error;
  }
}

function withPlace(reader: JsonReader, error: unknown): unknown {
  if (!(error instanceof PatternError)) return error;
  return new PatternError(error.reason, `${error.place}\n at ${reader.place()}`);
}
