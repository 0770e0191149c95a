import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type ApiEvent, type ApiState, AWS_STATE, step } from './runtime-state.ts';

const STATES = Object.keys(AWS_STATE) as ApiState[];
const EVENTS: ApiEvent[] = ['next', 'pollLost', 'invoke', 'answer', 'answerLost', 'answered', 'initError'];

/** The table of the module's header, written a second time: state, event, next. Everything else is refused or a bug. */
const ALLOWED = new Set([
  'starting next waiting',
  'starting initError failed',
  'waiting next waiting',
  'waiting pollLost away',
  'waiting invoke running',
  'away next waiting',
  'away invoke due',
  'due next running',
  'running next running',
  'running answer answering',
  'answering answerLost running',
  'answering answered away',
]);

suite('the states of a runtime', () => {
  test('what the guest may not do is refused, what we may not do is a bug', () => {
    const seen = new Set<string>();
    for (const state of STATES) {
      for (const event of EVENTS) {
        const ofTheGuest = ['next', 'answer', 'initError'].includes(event);
        const found = [...ALLOWED].find((row) => row.startsWith(`${state} ${event} `));
        if (found !== undefined) {
          assert.equal(`${state} ${event} ${step(state, event)}`, found);
          seen.add(found);
        } else if (ofTheGuest) assert.equal(step(state, event), null);
        else assert.throws(() => step(state, event), assert.AssertionError);
      }
    }
    assert.deepEqual(seen, ALLOWED);
  });
});
