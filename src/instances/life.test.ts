import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '../base/index.ts';
import { testSeed } from '../base/testing.ts';
import { type Life, type LifeEvent, next } from './life.ts';

const EVENTS: readonly LifeEvent[] = ['ready', 'lease', 'release', 'freeze', 'thaw', 'drain', 'exited'];

/** The table at the top of life.ts, row by row: what each state makes of each event; null: refused. */
const TABLE: readonly (readonly [Life, Record<LifeEvent, Life['at'] | null>])[] = [
  [{ at: 'starting' }, row({ ready: 'idle', drain: 'stopping' })],
  [{ at: 'idle', sinceMs: 1 }, row({ lease: 'busy', freeze: 'frozen', drain: 'stopping' })],
  [{ at: 'busy', inFlight: 1 }, row({ lease: 'busy', release: 'idle', drain: 'draining' })],
  [{ at: 'busy', inFlight: 2 }, row({ lease: 'busy', release: 'busy', drain: 'draining' })],
  [{ at: 'frozen', sinceMs: 1 }, row({ thaw: 'idle', drain: 'stopping' })],
  [{ at: 'draining', inFlight: 1 }, row({ release: 'stopping', drain: 'draining' })],
  [{ at: 'draining', inFlight: 2 }, row({ release: 'draining', drain: 'draining' })],
  [{ at: 'stopping' }, row({ drain: 'stopping' })],
  [{ at: 'gone', why: 'stopped' }, row({ exited: null })],
];

function row(allowed: Partial<Record<LifeEvent, Life['at'] | null>>): Record<LifeEvent, Life['at'] | null> {
  const refused = Object.fromEntries(EVENTS.map((event) => [event, null])) as Record<LifeEvent, null>;
  return { ...refused, exited: 'gone', ...allowed };
}

suite('the life of an instance', () => {
  for (const [life, expected] of TABLE) {
    for (const event of EVENTS) {
      const to = expected[event];
      test(`${JSON.stringify(life)} ${to === null ? 'refuses' : 'takes'} ${event}`, () => {
        if (to === null) assert.throws(() => next(life, event, 5), assert.AssertionError);
        else assert.equal(next(life, event, 5).at, to);
      });
    }
  }

  test('an instance that exits unasked has crashed, one that was stopping has stopped', () => {
    assert.deepEqual(next({ at: 'idle', sinceMs: 0 }, 'exited', 1), { at: 'gone', why: 'crashed' });
    assert.deepEqual(next({ at: 'stopping' }, 'exited', 1), { at: 'gone', why: 'stopped' });
  });

  test('a frozen instance keeps the time since which it is unused', () => {
    assert.deepEqual(next({ at: 'idle', sinceMs: 3 }, 'freeze', 9), { at: 'frozen', sinceMs: 3 });
    assert.deepEqual(next({ at: 'frozen', sinceMs: 3 }, 'thaw', 9), { at: 'idle', sinceMs: 3 });
  });

  test('in-flight always equals leases minus releases, whatever the order of events', (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    for (let run = 0; run < 1_000; run++) {
      let life: Life = { at: 'starting' };
      let held = 0;
      for (let step = 0; step < 30 && life.at !== 'gone'; step++) {
        const event: LifeEvent = EVENTS[Math.floor(random() * EVENTS.length)]!;
        try {
          life = next(life, event, step);
        } catch (error) {
          if (error instanceof assert.AssertionError) continue; // refused, so nothing changed
          throw error;
        }
        held += Number(event === 'lease') - Number(event === 'release');
        if (life.at !== 'gone') assert.equal('inFlight' in life ? life.inFlight : 0, held);
      }
    }
  });
});
