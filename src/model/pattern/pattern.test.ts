import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { compilePattern } from './compile.ts';
import { PatternError } from './error.ts';
import { matches } from './match.ts';

const VECTORS = process.env.SKEIN_VECTORS ?? join(import.meta.dirname, '../../../../shared/vectors');
const RECORDED = join(VECTORS, 'eventbridge-patterns.json');

/** The operation that was recorded also checks the event around; that is not the language's affair. */
const ABOUT_THE_EVENT = 'Parameter Event is not valid.';

interface AwsError {
  readonly Message: string;
  /** With the place, which the recording took out of `Message`. */
  readonly MessageRaw?: string;
}

interface Verdict {
  readonly id: string;
  readonly request: { readonly Event: string; readonly EventPattern: string };
  readonly expected?: boolean | 'error';
  readonly response: {
    readonly exception_message?: { readonly Error: AwsError };
    readonly Error?: AwsError;
    readonly Result?: boolean;
  } | null;
}

function verdictOf({ expected, response }: Verdict): boolean | string {
  const error = response?.exception_message?.Error ?? response?.Error;
  if (error !== undefined) return error.MessageRaw ?? error.Message;
  const verdict = expected ?? response?.Result;
  assert.ok(typeof verdict === 'boolean');
  return verdict;
}

function ask(pattern: string, event: string): boolean | string {
  try {
    return matches(compilePattern(pattern), JSON.parse(event));
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}

/** A verdict with the words that the recording stands in for what differs from account to account. */
function recorded(verdict: boolean | string): boolean | string {
  if (typeof verdict === 'boolean') return verdict;
  return verdict.replaceAll('arn:aws:', 'arn:<partition>:').replaceAll(':us-east-1:', ':<region>:');
}

suite('patterns', () => {
  const skip = existsSync(RECORDED) ? false : `there are no vectors at ${RECORDED} (set SKEIN_VECTORS)`;

  test('every verdict that was recorded of AWS is ours, errors to the letter', { skip }, (t) => {
    const all: Verdict[] = JSON.parse(readFileSync(RECORDED, 'utf8'));
    const verdicts = all.filter((verdict) => verdictOf(verdict) !== ABOUT_THE_EVENT);
    assert.equal(all.length - verdicts.length, 3);
    for (const verdict of verdicts) {
      const { id, request } = verdict;
      assert.equal(recorded(ask(request.EventPattern, request.Event)), verdictOf(verdict), id);
    }
    t.diagnostic(`${verdicts.length} verdicts`);
  });

  test('fields in arrays of objects are looked for in one and the same element', () => {
    const pattern = compilePattern('{"a": {"x": [1], "y": [2]}}');
    assert.equal(matches(pattern, { a: [{ x: 1, y: 2 }, { x: 3 }] }), true);
    assert.equal(matches(pattern, { a: [{ x: 1 }, { y: 2 }] }), false);
    assert.equal(matches(pattern, { a: [{ x: 1 }, [{ x: 1, y: 2 }]] }), true);
  });

  test('many elements cost many looks, not many combinations', () => {
    const names = Array.from({ length: 12 }, (_, at) => `f${at}`);
    const fields = Object.fromEntries(names.map((name) => [name, ['1']]));
    const pattern = compilePattern(JSON.stringify({ a: fields, b: fields, c: fields }));
    const all = Object.fromEntries(names.map((name) => [name, '1']));
    const list = Array.from({ length: 3_000 }, () => ({ ...all, f11: '2' }));
    assert.equal(matches(pattern, { a: list, b: list, c: list }), false);
    assert.equal(matches(pattern, { a: [...list, all], b: [...list, all], c: [...list, all] }), true);
  });

  test('wildcards look at a long string once, however much of it nearly matches', () => {
    const pattern = compilePattern(JSON.stringify({ a: [{ wildcard: `*${'a'.repeat(8)}b*` }] }));
    assert.equal(matches(pattern, { a: 'a'.repeat(1_000_000) }), false);
    assert.equal(matches(pattern, { a: `${'a'.repeat(1_000_000)}b` }), true);
  });

  test('a pattern is refused above its size, and above the combinations of its $or', () => {
    const long = JSON.stringify({ a: ['x'.repeat(5_000)] });
    assert.throws(() => compilePattern(long), /Pattern is too long: 5010 characters, at most 4096/);
    const or = Array.from({ length: 11 }, (_, at) => `"$or": [{"a${at}": [1]}, {"b${at}": [1]}]`);
    assert.throws(() => compilePattern(`{${or.join(', ')}}`), /more than 1000 combinations/);
  });

  test('names of what every object has mean nothing', () => {
    const pattern = compilePattern('{"constructor": {"name": ["Object"]}, "__proto__": [{"exists": false}]}');
    assert.equal(matches(pattern, {}), false);
    assert.equal(matches(compilePattern('{"__proto__": [1]}'), JSON.parse('{"__proto__": 1}')), true);
  });
});
