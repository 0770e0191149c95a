import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { favourLoop } from './loop-share.ts';

const groupLine = /^\d+:(?:[^:]+,)?cpu(?:,[^:]+)?:(.*)$/m;
const mine = () => groupLine.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '';
const possible = process.platform === 'linux' && process.getuid?.() === 0 && mine() !== '';

test('the main loop has a group of its own, a thread that gives way is not in it, and nothing stays', {
  skip: possible ? false : 'needs root and control groups of version 1',
}, async () => {
  const before = mine();
  const end = favourLoop();
  assert.ok(end !== null);
  assert.ok(mine().endsWith(`/skein-loop-${process.pid}`), mine());
  const thread = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const { readFileSync } = require('node:fs');
     const group = () => ${groupLine}.exec(readFileSync('/proc/thread-self/cgroup', 'utf8'))[1];
     const began = group();
     import(${JSON.stringify(new URL('./priority.ts', import.meta.url).href)}).then(({ giveWay }) => {
       giveWay(0);
       parentPort.postMessage([began, group()]);
     });`,
    { eval: true },
  );
  const groups = await new Promise<string[]>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
  await new Promise((resolve) => thread.once('exit', resolve));
  assert.deepEqual([groups[0]?.includes('skein-loop-'), groups[1]], [true, before]);
  end();
  assert.equal(mine(), before);
  const folder = /^(?:\S+ ){4}(\S+) .* - cgroup \S+ (?:\S+,)?cpu(?:,\S+)?$/m.exec(
    readFileSync('/proc/self/mountinfo', 'utf8'),
  )?.[1];
  assert.deepEqual(
    readdirSync(`${folder}${before}`).filter((name) => name.endsWith(`-loop-${process.pid}`)),
    [],
  );
});
