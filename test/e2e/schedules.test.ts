/** Schedules on a real node: what docs/schedules.md promises, by the command, through a restart. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { appFolder } from '../support/app-folder.ts';
import { eventually } from '../support/eventually.ts';
import { killQuietly } from '../support/processes.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Writes down what it was given, in the app's database, which outlives the node. */
const CODE = `
import postgres from 'postgres';
const sql = postgres(process.env.DATABASE_URL, { max: 1, onnotice: () => {} });
const table = sql\`create table if not exists seen (event jsonb, request text)\`.catch(() => {});
export async function note(event, { awsRequestId }) {
  await table;
  await sql\`insert into seen values (\${sql.json(event)}, \${awsRequestId})\`;
}
export async function read() {
  await table;
  return await sql\`select event, request from seen\`;
}
`;

/** @param onceAtMs of its schedule for one time */
function manifest(onceAtMs: number): string {
  return `
app: clock
databases: { main: {} }
functions:
  note:
    runtime: nodejs24.x
    handler: index.note
    code: ./code
    timeout: 30s
    database: main
    triggers:
      - { schedule: "at(${new Date(onceAtMs).toISOString().slice(0, 19)})", name: once, input: { who: once } }
      - { schedule: "rate(1 day)", name: first }
      - { schedule: "cron(0 8 1 1 ? *)", timezone: Europe/Berlin, name: yearly, input: { who: yearly, at: "<aws.scheduler.scheduled-time>" } }
  read: { runtime: nodejs24.x, handler: index.read, code: ./code, timeout: 30s, database: main }
`;
}

interface Seen {
  readonly event: Readonly<Record<string, unknown>>;
  readonly request: string;
}

suite('schedules', () => {
  let node: RealNode;
  let onceAtMs = 0;
  const deploy = async (text: string) => {
    using folder = appFolder({ 'skein.yaml': text, 'code/index.mjs': CODE });
    symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
    return await node.skein(['deploy', folder.path], { allowFailure: true });
  };
  before(async () => {
    node = await startRealNode();
    onceAtMs = Math.ceil(Date.now() / 1_000) * 1_000 + 5_000;
    const { code, stderr } = await deploy(manifest(onceAtMs));
    assert.equal(code, 0, stderr);
  });
  after(() => node?.[Symbol.asyncDispose]());

  const seen = async () => (await node.invoke('clock-read')).payload as unknown as Seen[];
  const json = async (...args: string[]) => JSON.parse((await node.skein([...args, '--json'])).stdout);

  test('are listed with their next times', async () => {
    const { schedules } = await json('schedule', 'list', '--app', 'clock');
    const names = schedules.map(({ name, app }: { name: string; app: string }) => `${app} ${name}`);
    assert.deepEqual(names, ['clock clock-first', 'clock clock-once', 'clock clock-yearly']);
    assert.match(schedules[2].nextAt, /-01-01T07:00:00\.000Z$/);
    const { stdout } = await node.skein(['schedule', 'list']);
    assert.match(
      stdout,
      /clock-yearly +cron\(0 8 1 1 \? \*\) Europe\/Berlin +\d{4}-01-01 07:00:00 +- +clock-note/,
    );
  });

  test('fire: a rate at once, one time at its time, each a single time', async () => {
    await eventually('both have run', async () => (await seen()).length >= 2, 60_000);
    const found = await seen();
    assert.equal(found.length, 2);
    const rule = found.find(({ event }) => event.source === 'aws.events');
    assert.deepEqual(rule?.event.resources, ['arn:aws:events:us-east-1:000000000000:rule/clock-first']);
    assert.equal(rule?.event.id, rule?.request);
    assert.ok(found.some(({ event }) => event.who === 'once'));
    const once = await json('schedule', 'show', 'clock-once');
    assert.deepEqual(
      [once.state, once.nextAt, once.lastAt],
      ['over', null, new Date(onceAtMs).toISOString()],
    );
  });

  test('go on where they stood after a deploy and a kill', async () => {
    const before = await json('schedule', 'list');
    assert.equal((await deploy(manifest(onceAtMs))).code, 0);
    assert.deepEqual(await json('schedule', 'list'), before);
    killQuietly(node.pid, 'SIGKILL');
    await node.up();
    assert.deepEqual(await json('schedule', 'list'), before);
    assert.equal((await seen()).length, 2);
  });

  test('are fired by hand, paused and resumed', async () => {
    const paused = await json('schedule', 'pause', 'clock-yearly');
    assert.deepEqual([paused.state, paused.nextAt], ['paused', null]);
    const { requestId } = await json('schedule', 'run', 'clock-yearly');
    await eventually(
      'it has run',
      async () => (await seen()).some(({ request }) => request === requestId),
      60_000,
    );
    const run = (await seen()).find(({ request }) => request === requestId);
    assert.match(String(run?.event.at), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal((await json('schedule', 'resume', 'clock-yearly')).state, 'active');
    const missing = await node.skein(['schedule', 'show', 'nothing'], { allowFailure: true });
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /There is no schedule "nothing" here/);
    assert.equal((await node.skein(['schedule', 'show'], { allowFailure: true })).code, 2);
  });

  test('go with the app, and a wrong one refuses the deploy', async () => {
    const wrong = await deploy(manifest(onceAtMs).replace('cron(0 8 1 1 ? *)', 'cron(0 8 30 2 ? *)'));
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.stderr,
      /skein\.yaml:14:\d+ functions\.note\.triggers\[2\]\.schedule: .*never happens/,
    );
    assert.equal((await json('schedule', 'list')).schedules.length, 3);
    await node.skein(['destroy', 'clock', '--data']);
    assert.deepEqual(await json('schedule', 'list'), { schedules: [] });
  });
});
