import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from './fake-clock.ts';
import { Follower } from './follower.ts';

async function openFollower() {
  const clock = fakeClock();
  const source = { loads: 0, away: false, hold: null as Promise<void> | null, poke: () => {} };
  const troubles: unknown[] = [];
  const follower = new Follower({
    ...{ clock, onTrouble: (trouble) => troubles.push(trouble) },
    async load() {
      source.loads += 1;
      await source.hold;
      if (source.away) throw new Error('away');
    },
    async listen(poke) {
      source.poke = poke;
      return async () => {
        source.poke = () => {};
      };
    },
  });
  await follower.start();
  return { clock, source, troubles, follower, [Symbol.asyncDispose]: () => follower.stop() };
}

suite('a follower', () => {
  test('asked often during a load loads once more, and says once what went wrong', async () => {
    await using open = await openFollower();
    const held = Promise.withResolvers<void>();
    Object.assign(open.source, { hold: held.promise, away: true });
    for (let n = 0; n < 5; n++) open.source.poke();
    const waiting = [open.follower.refresh(), open.follower.refresh()];
    held.resolve();
    for (const one of await Promise.allSettled(waiting)) assert.equal(one.status, 'rejected');
    await open.clock.advance(0);
    assert.deepEqual([open.source.loads, open.troubles.length], [3, 2]);
  });

  test('tries each second while loading fails, and each half minute while it does not', async () => {
    await using open = await openFollower();
    await open.clock.advance(29_999);
    assert.equal(open.source.loads, 1);
    open.source.away = true;
    await open.clock.advance(3_001);
    assert.deepEqual([open.source.loads, open.troubles.length], [5, 4]);
    open.source.away = false;
    await open.clock.advance(1_000 + 30_000);
    assert.deepEqual([open.source.loads, open.troubles.length], [7, 4]);
  });

  test('does nothing and says nothing once it has stopped', async () => {
    const open = await openFollower();
    const held = Promise.withResolvers<void>();
    Object.assign(open.source, { hold: held.promise, away: true });
    open.source.poke();
    const stopped = open.follower.stop();
    held.resolve();
    await stopped;
    open.follower.poke();
    await open.clock.advance(60_000);
    assert.deepEqual([open.source.loads, open.troubles], [2, []]);
  });
});
