import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../base/fake-clock.ts';
import { AppTurns } from './app-turns.ts';

suite('turns of apps', () => {
  /** Changes that run until they are told to end. */
  function start(turns: AppTurns) {
    const begun: string[] = [];
    const change = (app: string) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const done = turns.run(app, () => {
        begun.push(app);
        return promise;
      });
      return { end: resolve, done };
    };
    return { begun, change };
  }

  test('three apps change at once; an app that is busy holds up nobody else', async () => {
    const clock = fakeClock();
    const { begun, change } = start(new AppTurns(clock));
    const all = ['a', 'a', 'b', 'c', 'd'].map(change);
    await clock.advance(0);
    assert.deepEqual(begun, ['a', 'b', 'c']);
    all[0]!.end();
    await clock.advance(0);
    assert.deepEqual(begun, ['a', 'b', 'c', 'a']);
    for (const one of all) one.end();
    await Promise.all(all.map((one) => one.done));
    assert.deepEqual(begun, ['a', 'b', 'c', 'a', 'd']);
  });

  test('a change that fails gives its turn on', async () => {
    const turns = new AppTurns(fakeClock());
    await assert.rejects(
      turns.run('a', () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(await turns.run('a', async () => 1), 1);
  });

  test('so many wait, so long; all others are refused and run nothing', async () => {
    const clock = fakeClock();
    const { begun, change } = start(new AppTurns(clock));
    const first = change('a');
    const waiting = Array.from({ length: 100 }, () => change('a').done);
    await assert.rejects(change('a').done, { code: 'deploy-in-progress', message: /100 changes/ });
    const refused = Promise.allSettled(waiting);
    await clock.advance(30_000);
    assert.ok((await refused).every((outcome) => outcome.status === 'rejected'));
    first.end();
    await first.done;
    assert.deepEqual(begun, ['a']);
  });
});
