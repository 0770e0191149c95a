/** What docs/database.md promises, on a real node: its example, and hundreds of instances on a few connections. */
import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { appFolder } from '../support/app-folder.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLE = /```js\n(.*?)```/s.exec(readFileSync(join(ROOT, 'docs/database.md'), 'utf8'))?.[1] ?? '';

const CROWD = `
import postgres from 'postgres';
const sql = postgres(process.env.DATABASE_URL, { max: 1, onnotice: () => {} });
export async function handler() {
  return await sql.begin(async (sql) => {
    await sql\`insert into visits default values\`;
    await sql\`select pg_sleep(0.05)\`;
    const [row] = await sql\`select count(*)::int as connections from pg_stat_activity where usename = current_user\`;
    return row;
  });
}
`;

const MANIFEST = `
app: shop
databases: { main: {} }
functions:
  visits: { runtime: nodejs24.x, handler: index.handler, code: ./visits, timeout: 30s, database: main }
  crowd: { runtime: nodejs24.x, handler: index.handler, code: ./crowd, timeout: 60s, database: main }
`;

suite('a database of an app', () => {
  let node: RealNode;
  before(async () => {
    node = await startRealNode();
    using folder = appFolder({
      'skein.yaml': MANIFEST,
      'visits/index.mjs': EXAMPLE,
      'crowd/index.mjs': CROWD,
    });
    symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
    await node.skein(['deploy', folder.path]);
  });
  after(() => node?.[Symbol.asyncDispose]());

  test('the example of the documentation counts', async () => {
    for (const visits of [1, 2, 3]) {
      const { functionError, payload } = await node.invoke('shop-visits');
      assert.deepEqual({ functionError, payload }, { functionError: null, payload: { visits } });
    }
  });

  test('60 instances at once share ten connections, and all are served', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => node.invoke('shop-crowd')));
    for (const { functionError, payload } of answers) {
      assert.equal(functionError, null, JSON.stringify(payload));
      const { connections } = payload as { connections: number };
      assert.ok(connections <= 10 + 1, `${connections} connections`); // one may be the other function's
    }
    const { payload } = await node.invoke('shop-visits');
    assert.deepEqual(payload, { visits: 64 });
  });
});
