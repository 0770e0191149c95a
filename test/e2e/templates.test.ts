/** What `skein init` writes, as it is: deployed, called by the command that it prints. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startRealNode } from '../support/real-node.ts';

suite('the templates of skein init', () => {
  test('run when their queue or schedule calls them', { timeout: 300_000 }, async (t) => {
    await using node = await startRealNode();
    const folder = mkdtempSync(join(tmpdir(), 'skein-templates-'));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const { app, template, runtime, call, said } of [
      {
        ...{ app: 'jobs-js', template: 'queue', runtime: 'nodejs24.x', said: /job.*n.*1/ },
        call: ['queue', 'send', 'jobs-js-jobs', '--data', '{"n":1}'],
      },
      {
        ...{ app: 'jobs-py', template: 'queue', runtime: 'python3.11', said: /job.*n.*1/ },
        call: ['queue', 'send', 'jobs-py-jobs', '--data', '{"n":1}'],
      },
      {
        ...{ app: 'nightly', template: 'schedule', runtime: 'nodejs24.x', said: /report of \d{4}-/ },
        call: ['schedule', 'run', 'nightly-report'],
      },
    ]) {
      const dir = join(folder, app);
      const made = await node.skein(['init', dir, '--template', template, '--runtime', runtime]);
      assert.ok(made.stdout.includes(call.slice(0, 3).join(' ')), made.stdout);
      await node.skein(['deploy', dir]);
      await node.skein(call);
      const name = `${app}-${template === 'queue' ? 'worker' : 'report'}`;
      await eventually(`${name} has run`, async () => {
        const { stdout } = await node.skein(['logs', name]);
        return said.test(stdout) || stdout;
      });
    }
  });
});
