import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import {
  deleteUnusedArtifacts,
  hasArtifact,
  noteArtifact,
  readArtifact,
  writeArtifact,
} from './artifacts.ts';
import { type TestDatabase, testDatabase } from './testing.ts';

function content(sizes: readonly number[]) {
  const chunks = sizes.map((size) => randomBytes(size));
  const whole = Buffer.concat(chunks);
  return { chunks, bytes: whole.length, whole, digest: createHash('sha256').update(whole).digest('hex') };
}

suite('artifacts', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase();
  });
  after(() => db[Symbol.asyncDispose]());

  const readAll = async (digest: string) =>
    Buffer.concat(await Array.fromAsync(readArtifact(db.sql, digest)));

  test('what was written in chunks is read in the same chunks', async () => {
    const made = content([1_000_000, 1_000_000, 17]);
    assert.equal(await hasArtifact(db.sql, made.digest), false);
    assert.equal(await writeArtifact(db.sql, made), true);
    assert.equal(await hasArtifact(db.sql, made.digest), true);
    const chunks = await Array.fromAsync(readArtifact(db.sql, made.digest));
    assert.deepEqual(chunks, made.chunks);
  });

  test('an empty artifact is an artifact', async () => {
    const made = content([]);
    await writeArtifact(db.sql, made);
    assert.equal((await readAll(made.digest)).length, 0);
  });

  test('the same artifact is written once, by one of several at once', async () => {
    const made = content([300_000, 1]);
    const wrote = await Promise.all([1, 2, 3].map(() => writeArtifact(db.sql, made)));
    assert.deepEqual(wrote.toSorted(), [false, false, true]);
    assert.deepEqual(await readAll(made.digest), made.whole);
  });

  test('an upload that breaks off, or is not as long as announced, leaves nothing', async () => {
    const made = content([1_000, 1_000]);
    async function* broken() {
      yield made.chunks[0]!;
      throw new Error('the line is dead');
    }
    await assert.rejects(writeArtifact(db.sql, { ...made, chunks: broken() }), /the line is dead/);
    await assert.rejects(
      writeArtifact(db.sql, { ...made, bytes: 1_999 }),
      /announced with 1999 bytes and has 2000/,
    );
    assert.equal(await hasArtifact(db.sql, made.digest), false);
    assert.equal(await writeArtifact(db.sql, made), true);
  });

  test('a chunk of more than 4 MB is refused', async () => {
    await assert.rejects(writeArtifact(db.sql, content([4 * 1024 * 1024 + 1])), /more than 4194304/);
  });

  test('what is not there is a fault that says so', async () => {
    await assert.rejects(readAll('0'.repeat(64)), { code: 'artifact-not-found' });
  });

  test('what no version uses is deleted once it is old enough, a batch at a time', async () => {
    await using own = await testDatabase();
    const [used, unused, other] = [content([10]), content([11]), content([12])];
    for (const made of [used, unused, other]) await writeArtifact(own.sql, made);
    await own.sql`insert into skein.apps (name) values ('bakery')`;
    await own.sql`insert into skein.functions (name, app, slug) values ('bakery-orders', 'bakery', 'bakery-orders')`;
    await own.sql`insert into skein.versions (function_name, version, artifact, config, config_digest, details)
      values ('bakery-orders', 1, ${used.digest}, '{}', '', '{}')`;
    assert.deepEqual(await deleteUnusedArtifacts(own.sql, { olderThanMs: 3_600_000, limit: 10 }), []);
    assert.equal((await deleteUnusedArtifacts(own.sql, { olderThanMs: 0, limit: 1 })).length, 1);
    assert.equal((await deleteUnusedArtifacts(own.sql, { olderThanMs: 0, limit: 10 })).length, 1);
    assert.equal(await hasArtifact(own.sql, used.digest), true);
    const [left] = await own.sql`select count(*) as chunks from skein.artifact_chunks`;
    assert.equal(left?.chunks, 1);
  });

  test('one that is sent again is spared as a new one is', async () => {
    await using own = await testDatabase();
    const made = content([17]);
    await writeArtifact(own.sql, made);
    const old = { olderThanMs: 3_600_000, limit: 10 };
    for (const again of [() => writeArtifact(own.sql, made), () => noteArtifact(own.sql, made)]) {
      await own.sql`update skein.artifacts set created_at = now() - interval '1 day'`;
      await again();
      assert.deepEqual(await deleteUnusedArtifacts(own.sql, old), []);
    }
    await own.sql`update skein.artifacts set created_at = now() - interval '1 day'`;
    assert.deepEqual(await deleteUnusedArtifacts(own.sql, old), [made.digest]);
  });
});
