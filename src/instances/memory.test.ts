import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { defaultReserveMb, evictionsFor, Memory, needMb } from './memory.ts';
import { openMemoryReader } from './memory-reading.ts';
import { testVersion } from './pool-fixture.ts';

const { config } = testVersion();

suite('memory', () => {
  test('is never short where it cannot be read', () => {
    const memory = new Memory(1_000);
    memory.reading()(null);
    assert.equal(memory.freeMb, Number.POSITIVE_INFINITY);
  });

  test('leaves the reserve, and what starts under way are about to take', () => {
    const memory = new Memory(1_000);
    memory.reading()({ availableMb: 1_500 });
    assert.equal(memory.freeMb, 500);
    const over = memory.begin(100);
    assert.equal(memory.freeMb, 400);
    const take = memory.reading();
    over();
    take({ availableMb: 1_450 });
    assert.equal(memory.freeMb, 350, 'it was over after the reading had begun: counted once more');
    memory.reading()({ availableMb: 1_400 });
    assert.equal(memory.freeMb, 400, 'now the reading knows');
  });

  test('a start needs what others of its version used, or what its runtime takes, and no more than its limit', () => {
    assert.equal(needMb(config, 0, false), 32);
    assert.equal(needMb(config, 90, false), 90);
    assert.equal(needMb(config, 500, false), 128);
    assert.equal(needMb(config, 90, true), 58, 'a blank one has its runtime already');
    assert.equal(needMb(config, 0, true), 0);
  });

  test('the reserve is a twentieth of the machine within bounds', () => {
    assert.deepEqual([2_000, 8_000, 64_000].map(defaultReserveMb), [256, 400, 1_024]);
  });

  test('evictions are some at once, and never none', () => {
    assert.deepEqual([0.1, 24, 5_000].map(evictionsFor), [1, 2, 16]);
  });
});

/** A file system with these files, relative to its root. */
function machine(files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'skein-memory-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

const MEMINFO = 'MemTotal: 8388608 kB\nMemFree: 1 kB\nMemAvailable:    4194304 kB\n';
const MB = 2 ** 20;

suite('reading memory', () => {
  test('takes what the kernel calls available', async () => {
    using disk = machine({ 'proc/meminfo': MEMINFO, 'proc/self/cgroup': '0::/\n' });
    assert.deepEqual(await (await openMemoryReader(disk.root)).read(), { availableMb: 4_096 });
  });

  test('less, where a control group around it has less left: v1', async () => {
    const group = 'sys/fs/cgroup/memory/a';
    using disk = machine({
      'proc/meminfo': MEMINFO,
      'proc/self/cgroup': '4:memory:/a/b\n1:cpu:/\n',
      [`${group}/memory.limit_in_bytes`]: `${1_000 * MB}\n`,
      [`${group}/memory.usage_in_bytes`]: `${700 * MB}\n`,
      [`${group}/memory.stat`]: `inactive_file 1\ntotal_inactive_file ${100 * MB}\ntotal_active_file ${20 * MB}\n`,
      [`${group}/b/memory.limit_in_bytes`]: '9223372036854771712\n',
      [`${group}/b/memory.usage_in_bytes`]: '0\n',
    });
    assert.deepEqual(await (await openMemoryReader(disk.root)).read(), { availableMb: 410 });
  });

  test('less, where a control group around it has less left: v2', async () => {
    const group = 'sys/fs/cgroup/a';
    using disk = machine({
      'proc/meminfo': MEMINFO,
      'proc/self/cgroup': '0::/a\n',
      [`${group}/memory.max`]: `${1_000 * MB}\n`,
      [`${group}/memory.current`]: `${700 * MB}\n`,
      [`${group}/memory.stat`]: `anon 5\ninactive_file ${100 * MB}\nactive_file 0\n`,
    });
    assert.deepEqual(await (await openMemoryReader(disk.root)).read(), { availableMb: 400 });
  });

  test('tells nothing on a machine that does not tell', async () => {
    using disk = machine({});
    assert.equal(await (await openMemoryReader(disk.root)).read(), null);
  });
});
