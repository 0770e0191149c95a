import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { LIMITS, type QueueEntry } from '../../model/index.ts';
import type { TakenMessage } from '../../store/index.ts';
import { Line, type LineParts, type Place } from './line.ts';
import type { Received } from './queue-store.ts';
import { FIFO, NEVER, PLAIN } from './queues-fixture.ts';

const NOTHING: Received = { messages: [], dueInMs: null };
const PLACE: Place = { max: 1, visibilityTimeoutMs: 1_000, waitMs: 0, attemptId: null };

function taken(number: number): TakenMessage {
  const times = { sentAtMs: 0, firstReceivedAtMs: 0, receivedAtMs: 0 };
  return {
    number,
    id: '',
    receipt: 'r',
    body: String(number),
    bytes: 1,
    details: {},
    buried: null,
    receives: 1,
    ...times,
  };
}

/** A line over a store whose answers a test gives one by one; without any it has nothing. */
function open(over: Partial<QueueEntry> = {}, out = 0) {
  const clock: FakeClock = fakeClock();
  const entry: QueueEntry = {
    ...{
      name: 'jobs',
      id: 1,
      app: null,
      settings: PLAIN,
      policy: null,
      tags: {},
      paused: false,
      revision: 1,
    },
    ...{ createdAtMs: 0, modifiedAtMs: 0, ...over },
  };
  const asked: number[] = [];
  const answers: (Received | Promise<Received>)[] = [];
  const given: unknown[] = [];
  const giveBack = async (changes: unknown) => {
    given.push(changes);
    return [];
  };
  const store: LineParts['store'] = {
    count: async () => ({ visible: 0, inFlight: out, delayed: 0 }),
    changeVisibility: giveBack,
    changeFifoVisibility: giveBack,
    async receive({ max }) {
      asked.push(max);
      return (await answers.shift()) ?? NOTHING;
    },
  };
  const onProblem = (problem: unknown) => assert.fail(String(problem));
  const line = new Line({ store, clock, queue: () => entry, queueNamed: () => entry, onProblem });
  return { line, clock, asked, answers, given };
}

suite('a line', () => {
  test('asks once for all who wait on the same terms', async () => {
    const { line, clock, asked, answers } = open();
    const begun = Promise.withResolvers<Received>();
    answers.push(begun.promise);
    const first = line.join({ ...PLACE, waitMs: 5_000 }, NEVER);
    const others = [2, 3].map((max) => line.join({ ...PLACE, max, waitMs: 5_000 }, NEVER));
    answers.push({ messages: [1, 2, 3, 4].map(taken), dueInMs: null });
    begun.resolve({ messages: [taken(0)], dueInMs: null });
    await clock.advance(0);
    const got = await Promise.all([first, ...others]);
    assert.deepEqual(
      got.map((messages) => messages.map(({ number }) => number)),
      [[0], [1, 2], [3, 4]],
    );
    assert.deepEqual(asked, [1, 5]);
  });

  test('asks again when the next message becomes visible, and not before', async () => {
    const { line, clock, asked, answers } = open();
    answers.push({ messages: [], dueInMs: 700 });
    const waiting = line.join({ ...PLACE, waitMs: 5_000 }, NEVER);
    await clock.advance(699);
    assert.equal(asked.length, 1);
    answers.push({ messages: [taken(1)], dueInMs: null });
    await clock.advance(1);
    assert.equal((await waiting).length, 1);
  });

  test('what comes for somebody who has gone is given back, uncounted', async () => {
    const { line, clock, answers, given } = open();
    const begun = Promise.withResolvers<Received>();
    answers.push(begun.promise);
    const abort = new AbortController();
    const waiting = line.join({ ...PLACE, waitMs: 5_000 }, abort.signal);
    await clock.advance(0);
    abort.abort();
    assert.deepEqual(await waiting, []);
    begun.resolve({ messages: [taken(7)], dueInMs: null });
    await clock.advance(0);
    assert.deepEqual(given, [
      [{ queueId: 1, number: 7, receipt: 'r', visibilityTimeoutMs: 0, uncounted: true }],
    ]);
  });

  test('with as many out as may be, a standard queue refuses and a FIFO queue has nothing', async () => {
    const standard = open({}, LIMITS.queueInFlight);
    await assert.rejects(standard.line.join(PLACE, NEVER), { code: 'queue-over-limit' });
    const fifo = open({ settings: FIFO }, LIMITS.queueInFlight);
    assert.deepEqual(await fifo.line.join(PLACE, NEVER), []);
    const nearly = open({}, LIMITS.queueInFlight - 3);
    await nearly.line.join({ ...PLACE, max: 10 }, NEVER);
    assert.deepEqual(nearly.asked, [3]);
  });

  test('a question that fails is answered to all who wait, and the next may succeed', async () => {
    const { line, answers } = open();
    answers.push(Promise.reject(new Error('away')));
    await assert.rejects(line.join({ ...PLACE, waitMs: 5_000 }, NEVER), { message: 'away' });
    answers.push({ messages: [taken(1)], dueInMs: null });
    assert.equal((await line.join(PLACE, NEVER)).length, 1);
  });
});
