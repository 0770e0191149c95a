/** What is written into which file, in a folder that stands for the kernel's. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { type Dialect, dialectOf } from './dialect.ts';

const MB = 1024 * 1024;

interface Kernel extends Disposable {
  readonly dialect: Dialect;
  read(file: string): string;
  write(file: string, text: string): void;
}

/** @param files that the kernel would have made in a group, with what they say at first */
function kernel(version: 1 | 2, files: Readonly<Record<string, string>>): Kernel {
  const root = mkdtempSync(join(tmpdir(), 'skein-dialect-'));
  const names = ['memory', 'cpu', 'pids', 'freezer'] as const;
  const folderOf = (name: string) => (version === 1 ? join(root, name) : root);
  const controllers = Object.fromEntries(names.map((name) => [name, folderOf(name)]));
  const place = (file: string) => {
    const controller = file.split('.')[0]!;
    return join(folderOf(controller in controllers ? controller : 'memory'), 'group', file);
  };
  for (const name of names) mkdirSync(join(folderOf(name), 'group'), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(place(file), text);
  return {
    dialect: dialectOf({ version, controllers: controllers as never, all: [root] }),
    read: (file) => readFileSync(place(file), 'utf8'),
    write: (file, text) => writeFileSync(place(file), text),
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  };
}

suite('control groups of version 1', () => {
  test('memory and swap are bounded together, in the order that the kernel takes', () => {
    using group = kernel(1, {
      'memory.limit_in_bytes': String(128 * MB),
      'memory.memsw.limit_in_bytes': String(128 * MB),
    });
    for (const mb of [512, 256]) {
      assert.ok(group.dialect.setMemoryMb('group', mb));
      assert.equal(group.read('memory.limit_in_bytes'), String(mb * MB));
      assert.equal(group.read('memory.memsw.limit_in_bytes'), String(mb * MB));
    }
  });

  test('a kernel that does not account for swap is bounded all the same', () => {
    using group = kernel(1, { 'memory.limit_in_bytes': '0' });
    assert.ok(group.dialect.setMemoryMb('group', 128));
    assert.equal(group.read('memory.limit_in_bytes'), String(128 * MB));
  });

  test('processors are slices of 20 ms; frost has words', () => {
    using group = kernel(1, { 'cpu.cfs_period_us': '', 'cpu.cfs_quota_us': '', 'freezer.state': '' });
    group.dialect.setProcessors('group', 128 / 1_769);
    assert.deepEqual([group.read('cpu.cfs_period_us'), group.read('cpu.cfs_quota_us')], ['20000', '1447']);
    group.dialect.setFrozen('group', true);
    assert.equal(group.read('freezer.state'), 'FROZEN');
  });

  test('the peak leaves out pages of files, which the kernel can drop', () => {
    using group = kernel(1, {
      'memory.stat': `total_cache ${60 * MB}\ntotal_shmem ${10 * MB}\ntotal_rss ${20 * MB}`,
      'memory.max_usage_in_bytes': String(100 * MB),
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 3',
    });
    assert.equal(group.dialect.peakMb('group'), 50);
    assert.equal(group.dialect.memoryKills('group'), 3);
  });
});

suite('control groups of version 2', () => {
  test('memory, swap, processes, processors and frost have their own words', () => {
    const files = ['memory.max', 'memory.swap.max', 'pids.max', 'cpu.max', 'cgroup.freeze'];
    using group = kernel(2, Object.fromEntries(files.map((file) => [file, ''])));
    assert.ok(group.dialect.setMemoryMb('group', 128));
    group.dialect.setPids('group', 1_024);
    group.dialect.setProcessors('group', 1);
    group.dialect.setFrozen('group', true);
    assert.deepEqual(
      files.map((file) => group.read(file)),
      [String(128 * MB), '0', '1024', '20000 20000', '1'],
    );
    group.dialect.setFrozen('group', false);
    assert.equal(group.read('cgroup.freeze'), '0');
  });

  test('the peak is read where the kernel keeps one, and is what is in use where it does not', () => {
    using group = kernel(2, {
      'memory.stat': `anon ${20 * MB}\nfile ${30 * MB}\nshmem 0`,
      'memory.current': String(60 * MB),
      'memory.events': 'low 0\noom 1\noom_kill 2',
    });
    assert.equal(group.dialect.peakMb('group'), 30);
    group.write('memory.peak', String(90 * MB));
    assert.equal(group.dialect.peakMb('group'), 60);
    assert.equal(group.dialect.memoryKills('group'), 2);
  });

  test('a group that is gone refuses, and says nothing', () => {
    using group = kernel(2, {});
    assert.equal(group.dialect.setMemoryMb('elsewhere', 128), false);
    assert.deepEqual([group.dialect.peakMb('elsewhere'), group.dialect.memoryKills('elsewhere')], [0, 0]);
  });
});
