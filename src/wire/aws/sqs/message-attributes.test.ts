import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { MessageAttributeValue } from '../models/sqs.types.ts';
import { attributeBytes, chosen, keptAttributes, toldAttributes } from './message-attributes.ts';

const text = (StringValue: string, DataType = 'String'): MessageAttributeValue => ({ StringValue, DataType });

suite('attributes of messages', () => {
  test('are told as they were sent', () => {
    const sent = {
      a: text('b'),
      n: text('1', 'Number.euro'),
      raw: { BinaryValue: Buffer.from([0]), DataType: 'Binary' },
    };
    const kept = keptAttributes(sent);
    assert.deepEqual(kept.raw, { dataType: 'Binary', binaryValue: 'AA==' });
    assert.deepEqual(toldAttributes(kept), sent);
  });

  for (const [what, value] of [
    ['values of two kinds', { ...text('b'), BinaryValue: Buffer.from('c') }],
    ['a list', { DataType: 'String', StringListValues: ['b'] }],
  ] as const) {
    test(`may not be ${what}`, () => {
      assert.throws(() => keptAttributes({ a: value }), { code: 'InvalidParameterValueException' });
    });
  }

  test('count with their names and types', () => {
    const raw = { BinaryValue: Buffer.from('gh'), DataType: 'Binary' };
    assert.equal(attributeBytes({ ab: text('cde'), f: raw }), 20);
  });
});

suite('attributes that are asked for', () => {
  const all = { 'bar.one': 1, 'bar.two': 2, baz: 3 };
  for (const [names, found] of [
    [[], undefined],
    [['All'], all],
    [['.*'], all],
    [['*'], all],
    [['bar.*'], { 'bar.one': 1, 'bar.two': 2 }],
    [['baz', 'other'], { baz: 3 }],
    [['other'], undefined],
  ] as const) {
    test(names.join(' ') || 'none', () => assert.deepEqual(chosen(all, names), found));
  }
});
