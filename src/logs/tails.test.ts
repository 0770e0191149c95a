import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TAIL_BYTES, Tails, tailOf } from './tails.ts';

const line = (message: string, over: { requestId?: string | null; level?: string | null } = {}) => ({
  requestId: 'one',
  level: null,
  atMs: 0,
  message,
  ...over,
});

suite('the tails of watched requests', () => {
  test('have the lines of their request, once', () => {
    const tails = new Tails();
    tails.add(line('too early'));
    tails.watch('one');
    tails.add(line('a'));
    tails.add(line('of another', { requestId: 'two' }));
    tails.add(line('of nobody', { requestId: null }));
    tails.add(line('b', { level: 'INFO' }));
    assert.equal(tails.take('one'), 'a\n1970-01-01T00:00:00.000Z\tone\tINFO\tb\n');
    assert.equal(tails.take('one'), '');
  });

  test('are no longer in memory than they need to be', () => {
    const tails = new Tails();
    tails.watch('one');
    for (let n = 0; n < 10_000; n++) tails.add(line(`line ${n} ${'x'.repeat(100)}`));
    const text = tails.take('one');
    assert.ok(text.length >= TAIL_BYTES && text.length < TAIL_BYTES + 200, `${text.length}`);
    assert.ok(text.endsWith(`line 9999 ${'x'.repeat(100)}\n`));
  });

  test('of a thousand and one requests the first is forgotten', () => {
    const tails = new Tails();
    for (let n = 0; n <= 1_000; n++) tails.watch(String(n));
    tails.add(line('a', { requestId: '0' }));
    tails.add(line('b', { requestId: '1' }));
    assert.equal(tails.take('0'), '');
    assert.equal(tails.take('1'), 'b\n');
  });

  test('a text is cut at a character', () => {
    const tail = tailOf(`${'é'.repeat(TAIL_BYTES)}x`);
    assert.equal(tail.toString(), `${'é'.repeat(TAIL_BYTES / 2 - 1)}x`);
    assert.equal(tailOf('short').toString(), 'short');
  });
});
