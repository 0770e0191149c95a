/** What docs/secrets.md promises, on a real node: values reach the code, and nobody else. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const MANIFEST = `
app: shop
functions:
  pay: { runtime: nodejs24.x, handler: index.handler, code: ./pay, secrets: [ STRIPE_KEY ] }
  flags: { runtime: nodejs24.x, handler: index.handler, code: ./pay, secrets: [ NODE_OPTIONS ] }
  plain: { runtime: nodejs24.x, handler: index.handler, code: ./pay }
`;
const CODE = `const atInit = process.env.STRIPE_KEY;
const pid = process.pid;
exports.handler = async () => ({ atInit, now: process.env.STRIPE_KEY, flag: process.execArgv, option: process.env.NODE_OPTIONS, pid });`;

interface Seen {
  readonly atInit?: string;
  readonly now?: string;
  readonly option?: string;
  readonly pid: number;
}

suite('secrets of functions', () => {
  let node: RealNode;
  const files = { 'skein.yaml': MANIFEST, 'pay/index.js': CODE };
  const see = async (name: string) => (await node.invoke(name)).payload as Seen;
  const first = 'sk_live_first_51Hx';
  const second = 'sk_live_second_51Hx';

  before(async () => {
    node = await startRealNode(['--driver', 'process']);
  });
  after(() => node[Symbol.asyncDispose]());

  test('a deploy that lacks one is refused, and says how to set it', async () => {
    const { code, stderr } = await node.deploy(files, { allowFailure: true });
    assert.equal(code, 1);
    assert.match(stderr, /secret "STRIPE_KEY" of shop-pay \(".*skein secret set STRIPE_KEY"\)/);
    assert.match(stderr, /secret "NODE_OPTIONS" of shop-flags/);
    const { stdout } = await node.skein(['list', '--json']);
    assert.deepEqual(JSON.parse(stdout), { functions: [] });
  });

  test('one is in the environment from the first line of code on, of who names it only', async () => {
    await node.skein(['secret', 'set', 'STRIPE_KEY', first]);
    const file = join(node.home, 'flag.txt');
    writeFileSync(file, '--no-warnings\n');
    await node.skein(['secret', 'set', 'NODE_OPTIONS', `@${file}`, '--app', 'shop']);
    await node.deploy(files);
    const { atInit, now } = await see('shop-pay');
    assert.deepEqual([atInit, now], [first, first]);
    assert.equal((await see('shop-plain')).now, undefined);
    assert.equal((await see('shop-flags')).option, '--no-warnings');
  });

  test('a value that changes reaches the next instance, and no instance has the old one', async () => {
    const { pid } = await see('shop-pay');
    await node.skein(['secret', 'set', 'STRIPE_KEY', '--value', first]);
    assert.equal((await see('shop-pay')).pid, pid, 'the same value changes nothing');
    await node.skein(['secret', 'set', 'STRIPE_KEY', second]);
    const seen = await see('shop-pay');
    assert.deepEqual([seen.atInit, seen.now], [second, second]);
    assert.notEqual(seen.pid, pid);
  });

  test('no command, answer, log or file of the node shows one', async () => {
    const commands = [
      ['secret', 'list'],
      ['list'],
      ['logs', 'shop-pay'],
      ['usage'],
      ['status'],
      ['versions', 'shop-pay'],
    ];
    for (const words of commands) {
      const { stdout, stderr } = await node.skein([...words, '--json']);
      assert.ok(!`${stdout}${stderr}`.includes('sk_live'), words.join(' '));
    }
    const listed = JSON.parse((await node.skein(['secret', 'list', '--json'])).stdout);
    assert.deepEqual(
      listed.secrets.map(({ updatedAt, ...secret }: { updatedAt: string }) => secret),
      [
        { app: null, name: 'STRIPE_KEY', functions: ['shop-pay'] },
        { app: 'shop', name: 'NODE_OPTIONS', functions: ['shop-flags'] },
      ],
    );
    const wrong = await node.control('PUT', '/api/v1/secrets/STRIPE_KEY', { value: 7, also: 'sk_live' });
    assert.equal(wrong.status, 400);
    assert.ok(!wrong.body.toString().includes('sk_live'));
    assert.equal(statSync(join(node.home, 'encryption.key')).mode & 0o777, 0o600);
  });

  test('one that functions name is not removed by mistake', async () => {
    const { code, stderr } = await node.skein(['secret', 'rm', 'STRIPE_KEY'], { allowFailure: true });
    assert.equal(code, 1);
    assert.match(stderr, /is named by shop-pay/);
    await node.skein(['secret', 'rm', 'STRIPE_KEY', '--force']);
    const answer = await node.invoke('shop-pay').catch((error: Error) => error);
    assert.match(
      JSON.stringify(answer instanceof Error ? answer.message : answer),
      /skein secret set STRIPE_KEY/,
    );
    await node.skein(['secret', 'set', 'STRIPE_KEY', second]);
    assert.equal((await see('shop-pay')).now, second);
  });

  test('all are encrypted anew under a new key, and the old key is gone', async () => {
    const path = join(node.home, 'encryption.key');
    const before = readFileSync(path, 'utf8');
    const { stdout } = await node.skein(['secret', 'rotate', '--json']);
    assert.deepEqual(JSON.parse(stdout), { resealed: 2 });
    const after = readFileSync(path, 'utf8');
    assert.notEqual(after, before);
    assert.equal(after.trim().split('\n').length, 1);
    assert.ok(existsSync(path));
    await node.skein(['down']);
    await node.up();
    assert.equal((await see('shop-pay')).now, second);
  });
});
