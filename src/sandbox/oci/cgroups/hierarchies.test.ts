import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { findHierarchies } from './hierarchies.ts';

const FIRST = ['memory', 'cpu,cpuacct', 'pids', 'freezer'].map(
  (names, n) =>
    `4${n} 32 0:3${n} / /sys/fs/cgroup/${names} rw,relatime shared:${n} - cgroup cgroup rw,${names}`,
);
const second = (folder: string) => `35 25 0:30 / ${folder} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate`;
const OTHERS = ['22 1 8:1 / / rw - ext4 /dev/sda1 rw', '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw'];
const table = (...lines: string[]) => [...OTHERS, ...lines].join('\n');

suite('control groups, by the table of mounts', () => {
  test('version 1: a folder for each controller', () => {
    const found = findHierarchies(table(...FIRST));
    assert.ok(found.kind === 'usable');
    assert.equal(found.name, 'v1');
    assert.deepEqual(found.hierarchies.controllers, {
      memory: '/sys/fs/cgroup/memory',
      cpu: '/sys/fs/cgroup/cpu,cpuacct',
      pids: '/sys/fs/cgroup/pids',
      freezer: '/sys/fs/cgroup/freezer',
    });
  });

  test('both versions: the controllers are those of version 1, and the tree of version 2 is swept too', () => {
    const found = findHierarchies(table(...FIRST, second('/sys/fs/cgroup/unified')));
    assert.ok(found.kind === 'usable');
    assert.deepEqual([found.name, found.hierarchies.version], ['hybrid', 1]);
    assert.ok(found.hierarchies.all.includes('/sys/fs/cgroup/unified'));
  });

  for (const missing of ['memory', 'freezer']) {
    test(`version 1 without ${missing} is not enough, and says so`, () => {
      const found = findHierarchies(table(...FIRST.filter((line) => !line.includes(missing))));
      assert.ok(found.kind === 'unusable');
      assert.match(found.why, new RegExp(`lack ${missing} \\(cgroup version 1\\)`));
    });
  }

  test('none at all', () => {
    const found = findHierarchies(table());
    assert.ok(found.kind === 'unusable');
    assert.match(found.why, /no control groups are mounted/);
  });

  for (const { offered, lacks } of [
    { offered: 'cpuset cpu io memory pids', lacks: null },
    { offered: 'cpuset cpu io', lacks: 'memory, pids' },
  ]) {
    test(`version 2 that offers ${offered}`, () => {
      const folder = mkdtempSync(join(tmpdir(), 'skein-cgroup2-'));
      try {
        writeFileSync(join(folder, 'cgroup.controllers'), `${offered}\n`);
        const found = findHierarchies(table(second(folder)));
        if (lacks === null) {
          assert.ok(found.kind === 'usable');
          assert.deepEqual([found.name, found.hierarchies.version], ['v2', 2]);
          assert.equal(found.hierarchies.controllers.freezer, folder);
        } else {
          assert.ok(found.kind === 'unusable');
          assert.ok(found.why.includes(`lack ${lacks} (cgroup version 2)`), found.why);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
