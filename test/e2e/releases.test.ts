/** What is deployed changes under load: nobody is turned away, and it is all of it or nothing. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import postgres from 'postgres';
import { startBarrier } from '../support/barrier.ts';
import { eventually } from '../support/eventually.ts';
import { steadyLoad } from '../support/load.ts';
import { type HttpAnswer, type RealNode, startRealNode } from '../support/real-node.ts';

const CONNECTIONS = 16;

/** Answers its release, after a visit to `url` if the event names one. */
const code = (release: string) => `
const http = require('node:http');
exports.handler = async (event) => {
  const url = event.queryStringParameters?.url;
  if (url) await new Promise((resolve) => http.get(url, (answer) => answer.resume().on('end', resolve)));
  return { statusCode: 200, body: '${release}' };
};
`;

/** @param functions lines by key, added to those that all have, or taking the place of one with the same key */
function manifest(app: string, functions: Record<string, readonly string[]>, top = ''): string {
  const parts = Object.entries(functions).map(([key, lines]) => {
    const all = ['runtime: nodejs24.x', 'handler: index.handler', `code: ./${key}`, ...lines];
    const byKey = new Map(all.map((line) => [line.split(':', 1)[0], line]));
    return [`  ${key}:\n`, ...[...byKey.values()].map((line) => `    ${line}\n`)].join('');
  });
  return `app: ${app}\n${top}functions:\n${parts.join('')}`;
}

const release = (app: string, text: string) => ({
  'skein.yaml': manifest(app, { f: ['stopAfter: 60s', 'timeout: 30s'] }),
  'f/index.js': code(text),
});

interface Timed {
  readonly sentMs: number;
  readonly answer: HttpAnswer;
}

function loadOn(node: RealNode, host: string) {
  return steadyLoad(CONNECTIONS, async (): Promise<Timed> => {
    const sentMs = performance.now();
    return { sentMs, answer: await node.request(host, {}) };
  });
}

const text = (answer: HttpAnswer) => `${answer.status} ${answer.body}`;

/** Nobody was refused, and who asked after `switchedMs` got `release`. */
function assertSwitched(answers: readonly Timed[], switchedMs: number, wanted: string): void {
  const failed = answers.filter(({ answer }) => answer.status !== 200);
  assert.deepEqual(
    failed.map(({ answer }) => text(answer)),
    [],
  );
  const late = answers.filter(({ sentMs }) => sentMs >= switchedMs);
  assert.ok(late.length > 0);
  assert.deepEqual([...new Set(late.map(({ answer }) => text(answer)))], [`200 ${wanted}`]);
}

suite('releases', () => {
  let node: RealNode;
  before(async () => {
    node = await startRealNode();
  });
  after(() => node?.[Symbol.asyncDispose]());

  const versions = async (name: string) =>
    (JSON.parse((await node.skein(['versions', name, '--json'])).stdout) as { versions: unknown[] }).versions
      .length;

  test('a deploy under load: no request fails, the answers switch, and who is still running finishes', async () => {
    await using barrier = await startBarrier();
    await node.deploy(release('steady', 'one'));
    const long = node.request('steady-f.localhost', { path: `/?url=${encodeURIComponent(barrier.url)}` });
    await barrier.arrived(1, [long]);
    const load = loadOn(node, 'steady-f.localhost');
    await load.more(100);
    for (const name of ['two', 'three']) {
      await node.deploy(release('steady', name));
      const switchedMs = performance.now();
      await load.more(200);
      assertSwitched(load.answers, switchedMs, name);
    }
    barrier.open();
    assert.equal(text(await long), '200 one', 'the old instance was not ended under its request');
    await load.stop();
    assert.ok(load.answers.every(({ answer }) => answer.status === 200));
  });

  test('instances of an old version are gone when they have nothing more to do', async () => {
    await using barrier = await startBarrier();
    await node.deploy(release('drained', 'one'));
    const long = node.request('drained-f.localhost', { path: `/?url=${encodeURIComponent(barrier.url)}` });
    await barrier.arrived(1, [long]);
    await node.deploy(release('drained', 'two'));
    const instances = async () => {
      const { functions } = JSON.parse((await node.skein(['list', '--json'])).stdout) as {
        functions: { name: string; instances: number }[];
      };
      return functions.find(({ name }) => name === 'drained-f')?.instances;
    };
    assert.equal(await instances(), 1, 'the busy one');
    barrier.open();
    await long;
    await eventually('the old instance is gone', async () => (await instances()) === 0);
  });

  test('a rollback under load switches back, and no request fails', async (t) => {
    await node.deploy(release('back', 'one'));
    await node.deploy(release('back', 'two'));
    const load = loadOn(node, 'back-f.localhost');
    await load.more(100);
    for (const [args, wanted] of [
      [['rollback', 'back-f'], 'one'],
      [['rollback', 'back-f', '--to', '2'], 'two'],
    ] as const) {
      const began = performance.now();
      await node.skein(args);
      const switchedMs = performance.now();
      t.diagnostic(`${args.join(' ')}: ${Math.round(switchedMs - began)} ms with the command's own start`);
      await load.more(200);
      assertSwitched(load.answers, switchedMs, wanted);
    }
    await load.stop();
  });

  test('of two deploys at once each is whole: the second waits, or says clearly that it cannot', async () => {
    const both = (name: string) => ({
      'skein.yaml': manifest('twice', { a: [], b: [] }),
      'a/index.js': code(name),
      'b/index.js': code(name),
    });
    await node.deploy(both('zero'));
    const results = await Promise.all(
      ['one', 'two'].map((name) => node.deploy(both(name), { allowFailure: true })),
    );
    const refused = results.filter(({ code }) => code !== 0);
    assert.ok(refused.length <= 1, refused.map(({ stderr }) => stderr).join());
    for (const { code, stderr } of refused) {
      assert.equal(code, 1);
      assert.match(stderr, /deploy/i);
    }
    const answers = await Promise.all(['a', 'b'].map((key) => node.request(`twice-${key}.localhost`, {})));
    assert.equal(text(answers[0]!), text(answers[1]!), 'never one of each');
    assert.match(text(answers[0]!), /^200 (one|two)$/);
  });

  test('one bad function in an app changes nothing, whoever finds out', async () => {
    const good = {
      'skein.yaml': manifest('whole', { a: [], b: ['routes: ["GET /b"]'] }),
      'a/index.js': code('old'),
      'b/index.js': code('old'),
    };
    await node.deploy(good);
    await node.deploy({ ...release('other', 'theirs'), 'skein.yaml': manifest('whole-a-taken', { f: [] }) });
    const wrong: [number, Record<string, string>][] = [
      [2, { 'skein.yaml': manifest('whole', { a: [], b: ['memory: 1KB'] }) }],
      [
        2,
        {
          'skein.yaml': manifest('whole', { a: [], b: ['handler: none.handler'] }),
        },
      ],
      // The node finds this one: the name belongs to another app's function.
      [1, { 'skein.yaml': manifest('whole-a', { 'taken-f': [], b: [] }), 'taken-f/index.js': code('new') }],
    ];
    for (const [exit, files] of wrong) {
      const result = await node.deploy(
        { ...good, 'a/index.js': code('new'), ...files },
        { allowFailure: true },
      );
      assert.equal(result.code, exit, `${result.stdout}${result.stderr}`);
    }
    assert.equal(await versions('whole-a'), 1);
    assert.equal(text(await node.request('whole-a.localhost', {})), '200 old');
    assert.equal(text(await node.request('whole.localhost', { path: '/b' })), '200 old');
    assert.equal((await node.request('whole-a-b.localhost', {})).status, 404, 'nor is anything half there');
  });

  test('what is taken out of the manifest goes, but a database stays until destroy --data', async () => {
    const url = { 'keep/index.js': 'exports.handler = async () => process.env.DATABASE_URL;' };
    const with_ = (keys: Record<string, readonly string[]>, top = '') => ({
      'skein.yaml': manifest('tidy', keys, top),
      'gone/index.js': code('here'),
      ...url,
    });
    const database = 'databases: { main: {} }\n';
    const keep = ['database: main'];
    await node.deploy(with_({ keep, gone: ['routes: ["GET /gone", "GET /stays"]'] }, database));
    const { payload } = await node.invoke('tidy-keep');
    await query(payload as string, 'create table cakes as select 7 as left_over');

    await node.deploy(with_({ keep, gone: ['routes: ["GET /stays"]'] }, database));
    assert.equal((await node.request('tidy.localhost', { path: '/gone' })).status, 404);
    assert.equal((await node.request('tidy.localhost', { path: '/stays' })).status, 200);
    await node.deploy(with_({ keep: [] }));
    assert.equal((await node.request('tidy-gone.localhost', {})).status, 404);
    assert.equal((await node.request('tidy.localhost', { path: '/stays' })).status, 404);
    await node.skein(['destroy', 'tidy']);
    assert.equal((await node.request('tidy-keep.localhost', {})).status, 404);

    await node.deploy(with_({ keep }, database));
    const again = (await node.invoke('tidy-keep')).payload as string;
    assert.equal(await query(again, 'select left_over from cakes'), 7);
    await node.skein(['destroy', 'tidy', '--data']);
    await assert.rejects(query(again, 'select 1'));
  });
});

async function query(url: string, statement: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return Object.values((await sql.unsafe(statement))[0] ?? {})[0];
  } finally {
    await sql.end();
  }
}
