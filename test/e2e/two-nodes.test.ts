/** Two nodes on one database: each slot fires once, also where one of them is killed while slots pass. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { startTestServer } from '../../src/store/testing.ts';
import { appFolder } from '../support/app-folder.ts';
import { eventually } from '../support/eventually.ts';
import { killQuietly } from '../support/processes.ts';
import { startRealNode } from '../support/real-node.ts';

const ROOT = join(import.meta.dirname, '../..');
const SLOTS = 12;
const AHEAD_MS = 15_000;

const CODE = `
import postgres from 'postgres';
const sql = postgres(process.env.DATABASE_URL, { max: 1, onnotice: () => {} });
const table = sql\`create table if not exists seen (slot int, request text)\`.catch(() => {});
export async function note({ slot }, { awsRequestId }) {
  await table;
  await sql\`insert into seen values (\${slot}, \${awsRequestId})\`;
}
export async function read() {
  await table;
  return await sql\`select distinct slot, request from seen order by slot\`;
}
`;

function manifest(firstAtMs: number): string {
  const at = (slot: number) => new Date(firstAtMs + slot * 1_000).toISOString().slice(0, 19);
  const triggers = Array.from(
    { length: SLOTS },
    (_, slot) => `      - { schedule: "at(${at(slot)})", input: { slot: ${slot} } }\n`,
  );
  const rest = 'runtime: nodejs24.x, code: ./code, timeout: 30s, database: main';
  return `app: two
databases: { main: {} }
functions:
  note:
    handler: index.note
    ${rest.replaceAll(', ', '\n    ')}
    triggers:
${triggers.join('')}  read: { handler: index.read, ${rest} }
`;
}

suite('two nodes on one database', () => {
  test('fire each slot once, also while one of them is killed', { timeout: 300_000 }, async () => {
    await using all = new AsyncDisposableStack(); // each goes, also where another fails to
    const server = await startTestServer();
    all.defer(() => server.stop());
    const env = { SKEIN_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') };
    const start = async () => all.use(await startRealNode(['--database-url', server.url], env));
    const one = await start();
    const two = await start();
    const firstAtMs = Math.ceil(Date.now() / 1_000) * 1_000 + AHEAD_MS;
    using folder = appFolder({ 'skein.yaml': manifest(firstAtMs), 'code/index.mjs': CODE });
    symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
    await one.skein(['deploy', folder.path]);
    const seen = async () => (await two.invoke('two-read')).payload as { slot: number; request: string }[];
    await eventually('some slots have fired', async () => (await seen()).length >= 3, 90_000);
    killQuietly(one.pid, 'SIGKILL');
    const fired = async () => {
      const slots = new Set((await seen()).map(({ slot }) => slot));
      return slots.size === SLOTS || [...slots];
    };
    await eventually('all slots have fired', fired, 120_000);
    await one.up(); // what it had in hand is over
    assert.equal((await seen()).length, SLOTS, 'one event for each slot');
  });
});
