import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import type { Sql } from './connect.ts';
import {
  dropOldKeys,
  endKeys,
  type FoundKey,
  type RecordedAnswer,
  releaseKeys,
  renewKeys,
  takeKeys,
} from './idempotency.ts';
import { testDatabase } from './testing.ts';

const LEASE_MS = 30_000;
const WINDOW_MS = 60_000;

suite('idempotency keys in the database', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let sql: Sql;
  before(async () => {
    database = await testDatabase();
    sql = database.sql;
  });
  after(() => database[Symbol.asyncDispose]());

  async function take(key: string, { holder = 'one', functionName = 'shop' } = {}): Promise<FoundKey> {
    const wanted = [{ functionName, key, lease: randomUUID(), windowMs: WINDOW_MS }];
    const [found] = await takeKeys(sql, { wanted, leaseMs: LEASE_MS, holder });
    return found!;
  }
  const end = (key: string, { lease }: FoundKey, answer: RecordedAnswer | null) =>
    endKeys(sql, [{ functionName: 'shop', key, lease, answer, windowMs: WINDOW_MS }]);
  const answer = (text: string): RecordedAnswer => ({
    ...{ kind: 'result', executedVersion: 3, contentType: null, body: Buffer.from(text) },
  });

  test('are had by one, and hold what was answered for all others', async () => {
    const tries = await Promise.all(Array.from({ length: 5 }, () => take('a')));
    assert.deepEqual(tries.map(({ state }) => state).toSorted(), [
      'mine',
      'running',
      'running',
      'running',
      'running',
    ]);
    const mine = tries.find(({ state }) => state === 'mine')!;
    assert.equal(
      (await take('a', { functionName: 'other' })).state,
      'mine',
      'a function has keys of its own',
    );
    await end('a', tries.find(({ state }) => state === 'running')!, answer('not mine'));
    assert.equal((await take('a')).state, 'running');
    await end('a', mine, answer('{"n":1}\u0000'));
    const again = await take('a', { holder: 'two' });
    assert.equal(again.state, 'done');
    assert.deepEqual(
      { ...again.answer, body: String(again.answer?.body) },
      { ...answer(''), body: '{"n":1}\u0000' },
    );
  });

  test('of one batch, twice the same: one of them has it', async () => {
    const wanted = ['b', 'b', 'c'].map((key) => ({
      ...{ functionName: 'shop', key, lease: randomUUID(), windowMs: WINDOW_MS },
    }));
    const found = await takeKeys(sql, { wanted, leaseMs: LEASE_MS, holder: 'one' });
    assert.deepEqual(found.map(({ state }) => state).toSorted(), ['mine', 'mine', 'running']);
  });

  test('are free after a failure, and when who had them is gone', async () => {
    const failed = await take('d');
    await end('d', failed, null);
    const second = await take('d');
    assert.equal(second.state, 'mine');
    await releaseKeys(sql, 'another');
    assert.equal((await take('d')).state, 'running');
    await releaseKeys(sql, 'one');
    const third = await take('d');
    assert.equal(third.state, 'mine');
    await sql`update skein.idempotency_keys set leased_until = now() - interval '1 s' where key = 'd'`;
    await renewKeys(sql, { leases: [third.lease], leaseMs: LEASE_MS, holder: 'one' });
    assert.equal((await take('d')).state, 'running');
    await sql`update skein.idempotency_keys set leased_until = now() - interval '1 s' where key = 'd'`;
    const fourth = await take('d', { holder: 'two' });
    assert.equal(fourth.state, 'mine');
    await end('d', third, answer('late'));
    assert.equal((await take('d')).state, 'running', 'who lost it can end nothing');
    await end('d', fourth, { ...answer(''), body: null });
    assert.deepEqual(
      (await take('d')).answer?.body,
      null,
      'an answer that was too large is known to have been',
    );
  });

  test('are forgotten when their window is over', async () => {
    const mine = await take('e');
    await end('e', mine, answer('1'));
    await sql`update skein.idempotency_keys set expires_at = now() - interval '1 s' where key = 'e'`;
    assert.equal((await take('e')).state, 'mine');
    await sql`update skein.idempotency_keys set expires_at = now() - interval '1 s'`;
    assert.ok((await dropOldKeys(sql, 100)) > 1);
    assert.equal(await dropOldKeys(sql, 100), 0);
  });
});
