import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { MessageAttributeValue } from '../models/sqs.types.ts';
import { attributeBytes, checkAttributes, chosen, forbiddenIn } from './message-attributes.ts';

const text = (StringValue: string, DataType = 'String'): MessageAttributeValue => ({ StringValue, DataType });

suite('attributes that are sent', () => {
  for (const [what, attributes] of Object.entries({
    text: { a: text('b') },
    'letters beyond ASCII in a name': { 'attr.1øßä': text('Valida') },
    'numbers, with a label too': { a: text('-1.5e3', 'Number'), b: text('1', 'Number.euro') },
    bytes: { a: { BinaryValue: Buffer.from('x'), DataType: 'Binary.png' } },
    'ten of them': Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`a${index}`, text('b')])),
  })) {
    test(`may be ${what}`, () => checkAttributes(attributes));
  }

  for (const [what, attributes, message] of [
    [
      'no value',
      { a: text('') },
      "Message (user) attribute 'a' must contain a non-empty value of type 'String'.",
    ],
    ['no bytes', { a: { DataType: 'Binary' } }, /non-empty value of type 'Binary'/],
    ['no type', { a: { StringValue: 'b' } }, /'a' must contain non-empty message attribute type/],
    ['a type of its own', { a: text('b', 'Text') }, /prefixes is Binary, Number, and String/],
    [
      'a word for a number',
      { a: text('one', 'Number') },
      "Can't cast the value of message (user) attribute 'a' to a number.",
    ],
    ['two values', { a: { ...text('b'), BinaryValue: Buffer.from('c') } }, /one type only/],
    ['lists', { a: { DataType: 'String', StringListValues: ['b'] } }, /list values .* not supported/],
    ['a reserved name', { 'AWS.a': text('b') }, /beginning with 'AWS\.'/],
    ['a name that ends with a dot', { 'a.': text('b') }, /cannot start or end with/],
    ['a name with a space', { 'a b': text('b') }, /name can only contain/],
    ['a name that is too long', { ['a'.repeat(257)]: text('b') }, /shorter than 256/],
    ['a character that no message may have', { a: text('\u0001') }, /'#x1'/],
    [
      'eleven of them',
      Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`a${index}`, text('b')])),
      'Number of message attributes [11] exceeds the allowed maximum [10].',
    ],
  ] as const) {
    test(`may not be ${what}`, () => {
      assert.throws(() => checkAttributes(attributes), { code: 'InvalidParameterValueException', message });
    });
  }

  test('count with their names and types', () => {
    assert.equal(
      attributeBytes({ ab: text('cde'), f: { BinaryValue: Buffer.from('gh'), DataType: 'Binary' } }),
      20,
    );
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

suite('characters of messages', () => {
  test('are those of XML', () => {
    assert.equal(forbiddenIn('a\t\n\r \ud7ff\ue000\ufffd\u{1f600}'), null);
    assert.deepEqual(['\u0000', '\u000b', '\ufffe', '\ud800'].map(forbiddenIn), [
      '#x0',
      '#xB',
      '#xFFFE',
      '#xD800',
    ]);
  });
});
