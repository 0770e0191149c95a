import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { suite, test } from 'node:test';
import { GuestGone, NotBegun, type Setup } from '../guest.ts';
import { work } from '../guest-fixture.ts';
import { encodeFrame, TO_HOST } from './frames.ts';
import { NodeGuest } from './node-guest.ts';

function pair(setup: Setup | null = null) {
  const [channel, process] = duplexPair();
  const guest = new NodeGuest({ channel, setup, environmentOf: () => ({}), onClose: async () => {} });
  process.resume();
  return { guest, send: (kind: number, payload = '') => process.write(encodeFrame(kind, payload)) };
}

const HELLO = '{"protocol":1}';
const setup = { handler: 'a.b', taskRoot: '/', functionName: 'f', compileCache: null } as Setup;

suite('a guest that breaks the protocol is given up', () => {
  const cases: Record<string, (send: (kind: number, payload?: string) => void) => void> = {
    'by another version': (send) => send(TO_HOST.hello, '{"protocol":2}'),
    'by a hello that is no JSON': (send) => send(TO_HOST.hello, 'hello'),
    'by an answer before hello': (send) => send(TO_HOST.result, '1'),
    'by an unknown kind': (send) => send(99),
  };
  for (const [how, act] of Object.entries(cases)) {
    test(how, async () => {
      const { guest, send } = pair();
      act(send);
      await assert.rejects(guest.booted(), GuestGone);
      await assert.rejects(guest.invoke(work({})), GuestGone);
      assert.equal(guest.open, false);
    });
  }

  test('by a second answer', async () => {
    const { guest, send } = pair();
    send(TO_HOST.hello, HELLO);
    const init = guest.init(setup);
    await guest.booted();
    await new Promise((resolve) => setImmediate(resolve));
    send(TO_HOST.ready);
    assert.equal(await init, null);
    const answer = guest.invoke(work({}));
    send(TO_HOST.result, '1');
    send(TO_HOST.result, '2');
    assert.equal((await answer).kind, 'result');
    await assert.rejects(guest.invoke(work({})), GuestGone);
  });
});

test('what is on its way to a guest that says goodbye was never begun', async () => {
  const { guest, send } = pair();
  send(TO_HOST.hello, HELLO);
  const init = guest.init(setup);
  await guest.booted();
  await new Promise((resolve) => setImmediate(resolve));
  send(TO_HOST.ready);
  await init;
  const first = guest.invoke(work({}));
  send(TO_HOST.result, '1');
  await first;
  const second = guest.invoke(work({}));
  send(TO_HOST.goodbye);
  await assert.rejects(second, NotBegun);
  assert.equal(guest.open, false);
});
