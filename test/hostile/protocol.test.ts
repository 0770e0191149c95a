/** Attackers that lie to the node in its own protocols. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type Arena, cannot, errorOf, openArena } from './arena.ts';

suite('a runtime that lies', { skip: cannot ?? false }, () => {
  let arena: Arena;
  before(async () => {
    arena = await openArena({
      liar: { runtime: 'lying' },
      late: { runtime: 'lying', timeout: '1s' },
      channel: { runtime: 'node' },
      slow: { runtime: 'node', memory: '1769MB' },
    });
  });
  after(() => arena?.[Symbol.asyncDispose]());

  const fine = async (fn: string) => assert.equal((await arena.attack(fn, 'nothing')).payload, 'fine');

  test('answers for other requests are refused', async () => {
    await fine('liar');
    const { payload } = await arena.attack('liar', 'other ids');
    const statuses = payload as (number | string)[];
    assert.equal(statuses.length, 4);
    for (const status of statuses) {
      assert.ok(typeof status === 'string' || (status >= 400 && status < 500), JSON.stringify(statuses));
    }
    await fine('liar');
  });

  test('of two answers the first counts, and the next request gets its own', async () => {
    assert.equal((await arena.attack('liar', 'two answers')).payload, 'first');
    await fine('liar');
    const { functionError } = await arena.attack('liar', 'both');
    assert.equal(functionError, 'Unhandled');
    await fine('liar');
  });

  test('an answer beyond all bounds is told as that', async () => {
    assert.equal(errorOf(await arena.attack('liar', 'oversize'))[0], 'Function.ResponseSizeTooLarge');
    await fine('liar');
    assert.equal(errorOf(await arena.attack('liar', 'chunks'))[0], 'Function.ResponseSizeTooLarge');
    await fine('liar');
  });

  test('garbage is answered with 400, and harms nobody', async () => {
    const { payload } = await arena.attack('liar', 'garbage');
    assert.match(String(payload), /^HTTP\/1\.1 400|Error$/);
    await fine('liar');
  });

  test('an answer after the timeout is nobody’s', async () => {
    assert.equal(errorOf(await arena.attack('late', 'late'))[0], 'Sandbox.Timedout');
    await fine('late');
    await arena.nothingSurvives();
  });

  test('garbage on the channel ends that instance, and the next request is served', async () => {
    const failed = await arena.attack('channel', 'garbage on the channel');
    assert.equal(failed.functionError, 'Unhandled', JSON.stringify(failed.payload));
    await fine('channel');
    await arena.nothingSurvives();
  });

  test('a crowd of slow requests at the guest address keeps nobody out', async () => {
    await fine('liar');
    const slow = arena.attack('slow', 'slow requests', { count: 900, ms: 5_000 });
    for (let n = 0; n < 5; n++) {
      await arena.neighbours();
      await fine('liar');
    }
    const { payload } = await slow;
    const { open } = payload as { open: number };
    assert.ok(open < 900, `${open} connections of one instance are still open`);
  });
});
