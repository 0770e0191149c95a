import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { PatternError } from './error.ts';
import { sqsFilter } from './sqs-filter.ts';

/** What of these bodies a filter lets through. */
const through = (pattern: object, ...bodies: string[]) => {
  const wanted = sqsFilter([JSON.stringify(pattern)]);
  return bodies.filter((body) => wanted({ body }));
};

suite('filters of queues', () => {
  test('no filter lets everything through, several let through what one of them wants', () => {
    assert.equal(sqsFilter([])({ body: 'x' }), true);
    const wanted = sqsFilter(['{"body": {"a": [1]}}', '{"body": {"b": [1]}}']);
    assert.deepEqual(
      ['{"a": 1}', '{"b": 1}', '{"c": 1}'].map((body) => wanted({ body })),
      [true, true, false],
    );
  });

  test('a body is JSON to a pattern of JSON, and a string to one of strings', () => {
    assert.deepEqual(through({ body: { a: ['x'] } }, '{"a":"x"}', '{"a":"y"}', 'x', '"x"'), ['{"a":"x"}']);
    assert.deepEqual(through({ body: [{ prefix: 'x' }] }, 'xy', 'yx', '{"x":1}'), ['xy']);
  });

  test('a body of the other kind never passes, not even where something else is asked for than a value', () => {
    assert.deepEqual(through({ body: { a: [{ exists: false }] } }, '{"b":1}', 'text', '{broken'), [
      '{"b":1}',
    ]);
    assert.deepEqual(through({ body: [{ 'anything-but': 'x' }] }, 'y', '["y"]', '{}'), ['y']);
  });

  test('a body without names is a string', () => {
    assert.deepEqual(through({ body: ['12'] }, '12', '13'), ['12']);
  });

  test('what stands beside the body can be asked for, whatever the body is', () => {
    const wanted = sqsFilter(['{"messageAttributes": {"kind": {"stringValue": ["a"]}}}']);
    const record = { body: '{}', messageAttributes: { kind: { stringValue: 'a' } } };
    assert.equal(wanted(record), true);
    assert.equal(wanted({ ...record, body: 'text' }), true);
    assert.equal(wanted({ body: 'text' }), false);
  });

  test('numbers that no double holds are compared digit by digit', () => {
    const wanted = sqsFilter(['{"body": {"id": [12345678901234567891]}}']);
    assert.equal(wanted({ body: '{"id": 12345678901234567891}' }), true);
    assert.equal(wanted({ body: '{"id": 12345678901234567890}' }), false);
  });

  test('what is no pattern is refused', () => {
    assert.throws(() => sqsFilter(['{"body": "a"}']), PatternError);
  });

  test('a body nested without end is no match, and no crash', () => {
    const deep = `{"a":${'['.repeat(200_000)}1${']'.repeat(200_000)}}`;
    assert.deepEqual(through({ body: { a: [1] } }, deep), []);
  });
});
