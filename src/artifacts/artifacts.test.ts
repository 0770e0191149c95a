import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { fakeClock } from '../base/fake-clock.ts';
import { Fault, type FaultCode } from '../base/index.ts';
import { versionByHand } from '../model/testing.ts';
import { hasArtifact } from '../store/index.ts';
import { testDatabase } from '../store/testing.ts';
import { dockerSave } from './image/image-by-hand.ts';
import { createArtifacts } from './index.ts';
import { zipByHand } from './zip-by-hand.ts';

const ZIP = zipByHand([{ name: 'index.js', content: 'exports.handler = () => 1;', deflate: true }]);
const DIGEST = createHash('sha256').update(ZIP).digest('hex');
const IDLE_MS = 5_000;

async function setup(options: { threads?: number; queueLength?: number } = {}) {
  const home = await mkdtemp(join(tmpdir(), 'skein-artifacts-'));
  const storeDir = await mkdtemp(join(home, 'store-'));
  const cacheDir = join(home, 'cache');
  const clock = fakeClock();
  const open = () =>
    createArtifacts({
      store: {
        has: async (digest) => existsSync(join(storeDir, digest)),
        url: `${pathToFileURL(storeDir).href}/`,
        module: new URL('./fake-store.ts', import.meta.url),
      },
      cacheDir,
      imagesDir: join(home, 'images'),
      clock,
      engine: 'v24-x64',
      onProblem: (problem) => assert.fail(String(problem)),
      idleMs: IDLE_MS,
      ...options,
    });
  const artifacts = open();
  await artifacts.start();
  return {
    artifacts,
    cacheDir,
    storeDir,
    clock,
    open,
    incoming: () => readdir(join(cacheDir, '.incoming')),
    log: () => readFile(join(storeDir, 'log'), 'utf8'),
    async [Symbol.asyncDispose]() {
      await artifacts.stop();
      assert.equal(artifacts.threads, 0);
      await rm(home, { recursive: true });
    },
  };
}

function refusedAs(code: FaultCode): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Fault, String((error as Error).stack));
    assert.equal(error.code, code);
    return true;
  };
}

suite('artifacts', () => {
  test('a package is stored in pieces by its SHA-256, and is in the cache at once', async () => {
    await using at = await setup();
    const noise = Buffer.alloc(2_500_000, 1);
    const zip = zipByHand([{ name: 'noise', content: noise }]);
    const stored = await at.artifacts.put(Readable.from([zip.subarray(0, 9), zip.subarray(9)]));
    const digest = createHash('sha256').update(zip).digest('hex');
    assert.deepEqual(stored, { digest, bytes: zip.length, unpackedBytes: noise.length });
    assert.equal(await at.artifacts.has(stored.digest), true);
    assert.equal(await at.artifacts.has(DIGEST), false);
    assert.equal(await at.log(), 'write 3\n');
    const folder = await at.artifacts.ensure(stored.digest);
    assert.ok((await readFile(join(folder, 'noise'))).equals(noise));
    assert.equal((await stat(folder)).mode & 0o777, 0o755);
    assert.deepEqual(await at.incoming(), []);
  });

  test('a cached package needs no store; callers at once share one fetch', async () => {
    await using at = await setup();
    await writeFile(join(at.storeDir, DIGEST), ZIP);
    const folders = await Promise.all(Array.from({ length: 20 }, () => at.artifacts.ensure(DIGEST)));
    assert.equal(new Set(folders).size, 1);
    assert.equal(await readFile(join(folders[0]!, 'index.js'), 'utf8'), 'exports.handler = () => 1;');
    assert.equal(await at.log(), 'read\n');
    await writeFile(join(at.storeDir, 'away'), '');
    assert.equal(await at.artifacts.ensure(DIGEST), folders[0]);
  });

  test('a store that is away is said clearly, and the next try succeeds', async () => {
    await using at = await setup();
    await writeFile(join(at.storeDir, 'away'), '');
    await assert.rejects(at.artifacts.put(Readable.from([ZIP])), refusedAs('database-unavailable'));
    assert.equal(await at.artifacts.has(DIGEST), false);
    await unlink(join(at.storeDir, 'away'));
    assert.equal((await at.artifacts.put(Readable.from([ZIP]))).digest, DIGEST);
    assert.equal(await at.artifacts.has(DIGEST), true);
  });

  test('what is stored but damaged, and what is not there, is not unpacked', async () => {
    await using at = await setup();
    await assert.rejects(at.artifacts.ensure(DIGEST), refusedAs('artifact-not-found'));
    await assert.rejects(at.artifacts.ensure('../../etc'), refusedAs('artifact-not-found'));
    await writeFile(join(at.storeDir, DIGEST), ZIP.subarray(0, ZIP.length - 1));
    await assert.rejects(at.artifacts.ensure(DIGEST), refusedAs('package-invalid'));
    assert.deepEqual(await at.incoming(), []);
    await writeFile(join(at.storeDir, DIGEST), ZIP);
    assert.ok(await at.artifacts.ensure(DIGEST));
  });

  test('a bad package leaves nothing behind', async () => {
    await using at = await setup();
    const evil = zipByHand([{ name: 'ok' }, { name: '../evil' }]);
    await assert.rejects(at.artifacts.put(Readable.from([evil])), refusedAs('package-invalid'));
    await assert.rejects(
      at.artifacts.put(Readable.from([ZIP]), { maxBytes: 50 }),
      refusedAs('package-too-large'),
    );
    await assert.rejects(
      at.artifacts.put(Readable.from([ZIP]), { expected: 'f'.repeat(64) }),
      refusedAs('package-invalid'),
    );
    const broken = new Readable({ read: () => broken.destroy(new Error('the sender went away')) });
    await assert.rejects(at.artifacts.put(broken), /the sender went away/);
    assert.deepEqual(await at.incoming(), []);
    assert.deepEqual((await readdir(at.cacheDir)).sort(), ['.boot', '.compiled', '.incoming', '.layers']);
    assert.deepEqual(await readdir(at.storeDir), []);
  });

  test('the thread ends when it has been idle for idleMs, and not before', async () => {
    await using at = await setup();
    assert.equal(at.artifacts.threads, 0);
    await at.artifacts.put(Readable.from([ZIP]));
    await at.clock.advance(IDLE_MS - 1);
    assert.equal(at.artifacts.threads, 1);
    await at.clock.advance(1);
    assert.equal(at.artifacts.threads, 0);
    assert.equal((await at.artifacts.put(Readable.from([ZIP]))).digest, DIGEST);
  });

  test('a bug in the store and the death of a thread cost their job only', async () => {
    await using at = await setup();
    await writeFile(join(at.storeDir, 'broken'), '');
    await assert.rejects(at.artifacts.put(Readable.from([ZIP])), /TypeError: the store is broken/);
    await unlink(join(at.storeDir, 'broken'));
    await writeFile(join(at.storeDir, 'deadly'), '');
    await assert.rejects(at.artifacts.put(Readable.from([ZIP])), /thread .* ended/);
    await unlink(join(at.storeDir, 'deadly'));
    assert.equal((await at.artifacts.put(Readable.from([ZIP]))).digest, DIGEST);
  });

  test('more packages than may wait are refused at once', async () => {
    await using at = await setup({ threads: 1, queueLength: 1 });
    const digests = ['1', '2', '3'].map((digit) => digit.repeat(64));
    const outcomes = await Promise.allSettled(digests.map((digest) => at.artifacts.ensure(digest)));
    const codes = outcomes.map((outcome) =>
      outcome.status === 'rejected' ? (outcome.reason as Fault).code : '',
    );
    assert.deepEqual(codes.sort(), ['artifact-not-found', 'artifact-not-found', 'no-capacity']);
  });

  test('uploads at once are bounded', async () => {
    await using at = await setup();
    const slow = Array.from({ length: 16 }, () => new Readable({ read() {} }));
    const waiting = slow.map((body) => assert.rejects(at.artifacts.put(body), /given up/));
    await assert.rejects(at.artifacts.put(Readable.from([ZIP])), refusedAs('no-capacity'));
    for (const body of slow) body.destroy(new Error('given up'));
    await Promise.all(waiting);
    assert.equal((await at.artifacts.put(Readable.from([ZIP]))).digest, DIGEST);
  });

  test('after stop nothing is taken in, and stopping twice is fine', async () => {
    await using at = await setup();
    const putting = at.artifacts.put(Readable.from([ZIP]));
    await putting;
    await Promise.all([at.artifacts.stop(), at.artifacts.stop()]);
    await assert.rejects(at.artifacts.put(Readable.from([ZIP])), refusedAs('shutting-down'));
  });

  test('what nobody needs is forgotten, and fetched again when it is wanted', async () => {
    await using at = await setup();
    await at.artifacts.put(Readable.from([ZIP]));
    const other = await at.artifacts.put(Readable.from([zipByHand([{ name: 'other' }])]));
    const old = new Date(0);
    await utimes(join(at.cacheDir, other.digest), old, old);
    await at.artifacts.forgetAllBut([versionByHand({ artifact: other.digest })]);
    assert.ok(existsSync(join(at.cacheDir, DIGEST)), 'a young one may belong to a deploy on its way');
    await utimes(join(at.cacheDir, DIGEST), old, old);
    await at.artifacts.forgetAllBut([versionByHand({ artifact: other.digest })]);
    assert.ok(existsSync(join(at.cacheDir, other.digest)));
    assert.ok(!existsSync(join(at.cacheDir, DIGEST)));
    assert.ok(existsSync(await at.artifacts.ensure(DIGEST)));
  });

  test('a start clears what a crash left, keeps the cache, and drops it after a boot of the machine', async () => {
    await using at = await setup();
    await at.artifacts.put(Readable.from([ZIP]));
    await writeFile(join(at.cacheDir, '.incoming', 'half.zip'), 'x');
    await at.open().start();
    assert.deepEqual(await at.incoming(), []);
    assert.ok(existsSync(join(at.cacheDir, DIGEST)));
    await writeFile(join(at.cacheDir, '.boot'), 'another boot');
    await at.open().start();
    assert.ok(!existsSync(join(at.cacheDir, DIGEST)));
  });

  test('PostgreSQL keeps a package, from which another cache is filled', async () => {
    await using db = await testDatabase();
    const home = await mkdtemp(join(tmpdir(), 'skein-artifacts-'));
    const store = { has: (digest: string) => hasArtifact(db.sql, digest), url: db.url };
    const parts = {
      store,
      imagesDir: join(home, 'images'),
      clock: fakeClock(),
      engine: 'v24-x64',
      onProblem: (problem: unknown) => assert.fail(String(problem)),
    };
    const open = (name: string) => createArtifacts({ ...parts, cacheDir: join(home, name) });
    const [one, two] = [open('one'), open('two')];
    try {
      await Promise.all([one.start(), two.start()]);
      assert.equal(await one.has(DIGEST), false);
      await one.put(Readable.from([ZIP]));
      await one.put(Readable.from([ZIP]));
      assert.equal(await two.has(DIGEST), true);
      const folder = await two.ensure(DIGEST);
      assert.equal(await readFile(join(folder, 'index.js'), 'utf8'), 'exports.handler = () => 1;');
      await assert.rejects(two.ensure('0'.repeat(64)), refusedAs('artifact-not-found'));
      const image = dockerSave({ layers: [[{ path: 'hello', content: 'hi' }]] });
      const { digest } = await one.put(Readable.from([image]), { what: 'image' });
      assert.equal(await readFile(join(await two.ensure(digest), 'root/hello'), 'utf8'), 'hi');
      await assert.rejects(one.put(Readable.from([ZIP]), { what: 'image' }), refusedAs('package-invalid'));
    } finally {
      await Promise.all([one.stop(), two.stop()]);
      await rm(home, { recursive: true });
    }
  });
});
