import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../base/fake-clock.ts';
import { type Turn, Turns } from './turns.ts';

function crowd(turns: Turns, size: number): Turn[] {
  const begun: Turn[] = [];
  for (let n = 0; n < size; n++) {
    const turn = turns.take();
    if (turn instanceof Promise) void turn.then((later) => begun.push(later));
    else begun.push(turn);
  }
  return begun;
}

suite('turns', () => {
  test('a few have theirs at once, the next when one has answered, in order', async () => {
    const turns = new Turns(fakeClock(), 2);
    const begun = crowd(turns, 4);
    assert.equal(begun.length, 2);
    begun[0]!.end();
    begun[0]!.end();
    await Promise.resolve();
    assert.equal(begun.length, 3);
  });

  test('who does not answer within two ticks gives its turn up, and a crowd of such is soon under way', async () => {
    const clock = fakeClock();
    const begun = crowd(new Turns(clock, 2), 200);
    for (let tick = 0; tick < 12; tick++) await clock.advance(10);
    assert.equal(begun.length, 200);
  });

  test('quick answers keep it narrow', async () => {
    const clock = fakeClock();
    const turns = new Turns(clock, 2);
    const begun = crowd(turns, 100);
    let ended = 0;
    for (let tick = 0; tick < 20; tick++) {
      await clock.advance(10);
      assert.ok(begun.length - ended <= 2, `${begun.length - ended} at once`);
      while (ended < begun.length) begun[ended++]!.end();
      await Promise.resolve();
    }
    assert.ok(begun.length >= 40);
  });

  test('nobody is left waiting, and a late end changes nothing', async () => {
    const clock = fakeClock();
    const turns = new Turns(clock, 1);
    const begun = crowd(turns, 3);
    for (let tick = 0; tick < 8; tick++) await clock.advance(10);
    for (const turn of begun) turn.end();
    assert.equal(crowd(turns, 1).length, 1);
  });
});
