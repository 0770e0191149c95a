/**
 * EventBridge's event patterns, as Lambda's filters use them too: from JSON to something that can be asked.
 *
 * A pattern is kept as its alternatives: without `$or` one, with it one for each way through. An alternative is a list of
 * fields, by their path with dots and sorted by it, all of which must match. The order matters where arrays are: see
 * match.ts. What is accepted and what each error says is that of AWS's own library (event-ruler), which the tests ask.
 */
import { LIMITS } from '../limits.ts';
import { checkWildcards } from './complexity.ts';
import { type Condition, readCondition } from './condition.ts';
import { PatternError } from './error.ts';
import { JsonReader } from './json-reader.ts';
import type { Test } from './scalar.ts';

/** One field of an alternative. */
export interface FieldRule {
  readonly path: string;
  readonly tests: readonly Test[];
  /** Whether it matches too when the event has no such field. */
  readonly absent: boolean;
}

/** A compiled pattern; made by `compilePattern`, asked by `matches`. */
export interface Pattern {
  readonly alternatives: readonly (readonly FieldRule[])[];
}

type Alternative = Map<string, readonly Condition[]>;

interface Reading {
  readonly reader: JsonReader;
  /** Whether `$or` is the operator or a name like any other. */
  readonly withOr: boolean;
}

const OR = '$or';

/** Names that may not stand inside `$or`, because somebody would mean the operator of that name. */
const RESERVED = new Set([
  ...['exactly', 'equals-ignore-case', 'prefix', 'suffix', 'anything-but', 'exists', 'wildcard', 'numeric'],
  ...['cidr', '=', '<', '<=', '>', '>=', 'regex', 'not-wildcard', 'not-equals-ignore-case', 'date-after'],
  ...['date-on-or-after', 'date-before', 'date-on-or-before', 'in-date-range', 'ip-address-in-range'],
  'ip-address-not-in-range',
]);

/**
 * Reads a pattern.
 *
 * @param text JSON, at most `LIMITS.patternCharacters` long
 * @throws {PatternError} with EventBridge's message, if it is not one
 *
 * @example
 * matches(compilePattern('{"size": [{"numeric": [">", 10]}]}'), { size: 12 }) // true
 */
export function compilePattern(text: string): Pattern {
  if (text.length > LIMITS.patternCharacters) {
    throw new PatternError(
      `Pattern is too long: ${text.length} characters, at most ${LIMITS.patternCharacters}`,
    );
  }
  const alternatives = text.includes(OR) ? readEither(text) : read(text, false);
  return {
    alternatives: alternatives.map((fields) =>
      [...fields]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([path, conditions]) => fieldRule(path, conditions)),
    ),
  };
}

/** A pattern older than the operator may use its name as a field's. */
function readEither(text: string): Alternative[] {
  try {
    return read(text, true);
  } catch (error) {
    try {
      return read(text, false);
    } catch {
      throw error;
    }
  }
}

function read(text: string, withOr: boolean): Alternative[] {
  const reader = new JsonReader(text);
  if (reader.next() !== '{') reader.fail('Filter is not an object');
  return readFields({ reader, withOr }, { path: '', alternatives: [], inOr: false });
}

function fieldRule(path: string, conditions: readonly Condition[]): FieldRule {
  checkWildcards(conditions.map(({ wildcards }) => wildcards));
  return {
    path,
    tests: conditions.flatMap(({ test }) => (test === null ? [] : [test])),
    absent: conditions.some(({ test }) => test === null),
  };
}

interface Place {
  readonly path: string;
  readonly alternatives: readonly Alternative[];
  readonly inOr: boolean;
}

/** Reads an object to its end. @returns the alternatives, with its fields added to each */
function readFields(reading: Reading, { path, alternatives, inOr }: Place): Alternative[] {
  const { reader, withOr } = reading;
  let found = [...alternatives];
  let empty = true;
  for (let token = reader.next(); token !== '}'; token = reader.next()) {
    empty = false;
    const { name } = reader;
    if (withOr && name === OR) {
      found = readOr(reading, path, found);
      continue;
    }
    if (inOr && RESERVED.has(name)) {
      reader.fail(`${name} is Ruler reserved fieldName which cannot be used inside ${OR}.`);
    }
    const inner = path === '' ? name : `${path}.${name}`;
    const opened = reader.next();
    if (opened === '{') found = readFields(reading, { path: inner, alternatives: found, inOr });
    else if (opened === '[') found = readField(reader, inner, found);
    else reader.fail(`"${name}" must be an object or an array`);
  }
  if (empty) reader.fail('Empty objects are not allowed');
  return found;
}

function readField(reader: JsonReader, path: string, alternatives: Alternative[]): Alternative[] {
  const conditions: Condition[] = [];
  for (let token = reader.next(); token !== ']'; token = reader.next()) {
    conditions.push(readCondition(reader, token));
  }
  if (conditions.length === 0) reader.fail('Empty arrays are not allowed');
  const found = alternatives.length === 0 ? [new Map()] : alternatives;
  for (const alternative of found) alternative.set(path, conditions);
  return found;
}

/** Each object in the list is one way to go on from every way that led here. */
function readOr(reading: Reading, path: string, before: readonly Alternative[]): Alternative[] {
  const { reader } = reading;
  if (reader.next() !== '[') reader.fail(`It must be an Array followed with ${OR}.`);
  const found: Alternative[] = [];
  let ways = 0;
  for (let token = reader.next(); token !== ']'; token = reader.next()) {
    ways += 1;
    if (token !== '{') reader.fail(`Only JSON object is allowed in array of ${OR} relationship.`);
    const copies = before.length === 0 ? [new Map()] : before.map((fields) => new Map(fields));
    found.push(...readFields(reading, { path, alternatives: copies, inOr: true }));
    if (found.length > LIMITS.patternAlternatives) {
      reader.fail(
        `Rule is too complex - ${OR} leads to more than ${LIMITS.patternAlternatives} combinations`,
      );
    }
  }
  if (ways < 2) reader.fail(`There must have at least 2 Objects in ${OR} relationship.`);
  return found;
}
