import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, suite, test } from 'node:test';
import { totalsReporter } from './test-totals.ts';

async function runOf(
  source: string,
): Promise<{ text: string; totals: ReturnType<ReturnType<typeof totalsReporter>['totals']> }> {
  const file = join(mkdtempSync(join(tmpdir(), 'totals-')), 'sample.test.mjs');
  writeFileSync(file, `import { suite, test } from 'node:test';\n${source}`);
  let text = '';
  const reporter = totalsReporter((part) => {
    text += part;
  });
  // the variable tells a nested run that it is one, and it would answer in another format
  delete process.env.NODE_TEST_CONTEXT;
  for await (const event of run({ files: [file], forceExit: false })) reporter.take(event);
  const totals = reporter.totals();
  return { text, totals };
}

suite('the totals of a test run', () => {
  test('count tests, not the suites around them', async () => {
    const { totals } = await runOf("suite('s', () => { test('a', () => {}); test('b', () => {}); });");
    assert.deepEqual(totals, { passed: 2, failed: 0, skipped: [], failures: [] });
  });

  test('show a failure with its message, and the output of its file', async () => {
    const { text, totals } = await runOf(
      "test('a', () => { console.log('heard'); throw new Error('broken cake'); });",
    );
    assert.equal(totals.failed, 1);
    assert.match(text, /broken cake/);
    assert.match(text, /heard/);
    assert.match(totals.failures[0] ?? '', /sample\.test\.mjs: ✖ a\n.*broken cake/);
  });

  test('show both failures where a test and what it puts away have failed', async () => {
    const { text } = await runOf(
      "test('a', () => { using left = { [Symbol.dispose]() { throw new Error('left'); } }; throw new Error('first'); });",
    );
    assert.match(text, /Error: left[\s\S]*and before that: Error: first/);
  });

  test('count a file that cannot be loaded as a failure', async () => {
    const { text, totals } = await runOf("import './missing.js';");
    assert.equal(totals.failed, 1);
    assert.match(text, /missing\.js/);
  });

  test('name a suite that was skipped as a whole', async () => {
    const { totals } = await runOf("suite('s', { skip: 'no oven here' }, () => { test('a', () => {}); });");
    assert.match(totals.skipped.join(), /s .*: no oven here/);
  });

  test('name what was skipped, and why', async () => {
    const { totals } = await runOf("test('a', { skip: 'no oven here' }, () => {});");
    assert.equal(totals.passed, 0);
    assert.match(totals.skipped[0] ?? '', /^a .*: no oven here$/);
  });
});
