import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { md5OfText } from '../../../resources/index.ts';
import { md5OfAttributes } from './md5.ts';

const text = (StringValue: string) => ({ StringValue, DataType: 'String' });

/** Digests that Amazon SQS answered with. */
suite('digests', () => {
  test('of a body', () => {
    assert.equal(md5OfText('msg'), '6e2baaf3b97dbeef01c0043275f9a0e7');
  });

  test('of attributes, in the order of their names', () => {
    const attributes = { Hello: text('There'), General: text('Kenobi'), 'Help.Me': text('Me') };
    assert.equal(md5OfAttributes(attributes), '4c360f3fdafd970e05fae2f149d997f5');
  });

  test('of some of them', () => {
    const attributes = { Hello: text('There'), 'Help.Me': text('Me') };
    assert.equal(md5OfAttributes(attributes), '83fee93c1bcd8b9a5a923ffacdc636c7');
  });

  test('of bytes', () => {
    const trace = 'traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01';
    const attributes = { attr1: { BinaryValue: Buffer.from(trace), DataType: 'Binary' } };
    assert.equal(md5OfAttributes(attributes), '8cbe4db156db8a94db8b801b7addb984');
  });

  test('of none', () => assert.equal(md5OfAttributes({}), undefined));
});
