import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createWeather, type WeatherKind } from '../../base/index.ts';
import { testDatabase } from '../../store/testing.ts';
import { NEVER, openQueues } from './queues-fixture.ts';
import { queuesInWeather } from './weather.ts';

const MESSAGES = 100;

/** Sends 100 messages, and receives and deletes until none is left. @returns how often each came, and the strikes */
async function day(name: string, kinds: readonly WeatherKind[]) {
  await using database = await testDatabase();
  await using queues = await openQueues(database);
  await queues.put(name, { visibilityTimeoutMs: 600_000 });
  let strikes = 0;
  const weather = createWeather({ kinds, seed: 7 }, () => strikes++);
  const stormy = queuesInWeather(queues, weather);
  const messages = Array.from({ length: MESSAGES }, (_, n) => ({
    body: String(n),
    ...(name.endsWith('.fifo') && { groupId: 'g' }),
  }));
  await stormy.send(name, messages);
  const came = new Map<string, number>();
  const counts = new Set<number>();
  for (;;) {
    const { visible, inFlight, delayed } = await queues.counts(name);
    if (visible + inFlight + delayed === 0) break;
    const received = await stormy.receive(name, { max: 10, waitMs: 1_000 }, NEVER);
    for (const { body, receiveCount } of received) {
      came.set(body, (came.get(body) ?? 0) + 1);
      counts.add(receiveCount);
    }
    await stormy.delete(
      name,
      received.map(({ receipt }) => receipt),
    );
  }
  return { strikes, came, counts };
}

suite('a queue in fault weather', () => {
  test('hands some out late, uncounted, and all of them once', async () => {
    const { strikes, came, counts } = await day('jobs', ['delay', 'reorder']);
    assert.ok(strikes > 5);
    assert.deepEqual([came.size, ...counts], [MESSAGES, 1]);
    assert.notDeepEqual(
      [...came.keys()],
      Array.from({ length: MESSAGES }, (_, n) => String(n)),
    );
    assert.ok([...came.values()].every((times) => times === 1));
  });

  test('hands some out once more after they were deleted', async () => {
    const { strikes, came } = await day('jobs', ['duplicates']);
    const more = [...came.values()].reduce((sum, times) => sum + times - 1, 0);
    assert.equal(came.size, MESSAGES);
    assert.equal(more, strikes);
    assert.ok(strikes > 3);
  });

  test('keeps what a FIFO queue promises', async () => {
    const { strikes, came } = await day('jobs.fifo', ['delay', 'reorder', 'duplicates']);
    assert.equal(strikes, 0);
    assert.deepEqual(
      [...came.keys()],
      Array.from({ length: MESSAGES }, (_, n) => String(n)),
    );
  });
});
