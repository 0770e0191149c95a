/** What was accepted is handled or put aside, whatever happens to the node, its database and its instances. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { startRealNode } from '../support/real-node.ts';
import { storm } from '../support/storm.ts';

suite('in a storm', () => {
  test('nothing that was accepted is lost, and what is stored with its key is stored once', async () => {
    await using node = await startRealNode([
      '--driver',
      'process',
      '--event-retry',
      '1s',
      '--weather',
      'all:7',
    ]);
    const tally = await storm(node, { events: 1_000, kills: 2, databaseKills: 1, calmMs: 240_000 });
    assert.equal(tally.accepted, 1_000);
    assert.deepEqual(tally.lost, []);
    const { keys, total } = tally.exact;
    assert.equal(total, keys);
    assert.ok(keys + tally.deadLetters >= 1_000, JSON.stringify(tally));
  });
});
