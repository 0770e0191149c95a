/**
 * What a function may call, by real SDKs inside it: other functions and AWS's APIs with the credentials of its own
 * role, which it fetches from its node; and nothing beyond. Under every driver that this machine has.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { problem } from '../../src/sandbox/oci/driver-fixture.ts';
import { appFolder } from '../support/app-folder.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const ROOT = join(import.meta.dirname, '../..');
const PYTHON_PACKAGES = join(ROOT, 'test/clients/.cache/python');
const noPython = existsSync(join(PYTHON_PACKAGES, 'boto3'))
  ? false
  : 'boto3 is not installed (test/clients/install.sh)';

const CALLER = `
import http from 'node:http';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
const client = new LambdaClient({ maxAttempts: 1 });
const asks = {
  async sdk({ name }) {
    const answer = await client.send(new InvokeCommand({ FunctionName: name, Payload: '{"n":1}' }));
    return { status: answer.StatusCode, payload: JSON.parse(Buffer.from(answer.Payload)) };
  },
  async signed({ keys }) {
    const other = new LambdaClient({ maxAttempts: 1, credentials: keys });
    return await other.send(new InvokeCommand({ FunctionName: 'shop-price' }));
  },
  async credentials() {
    const { credentials } = client.config;
    const found = await credentials();
    const names = Object.keys(process.env).filter((name) => /^AWS_(ACCESS|SECRET|SESSION)/.test(name));
    return { expiration: found.expiration, id: found.accessKeyId.slice(0, 4), names };
  },
  async uncredited() {
    const answer = await fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI);
    return { status: answer.status };
  },
  async raw() {
    const headers = { authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN };
    return await (await fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, { headers })).json();
  },
  async inside({ host, path = '/', how, body }) {
    if (how === 'name') {
      const answer = await fetch('http://' + host + path, body === undefined ? {} : { method: 'POST', body });
      return { status: answer.status, body: await answer.json() };
    }
    const url = new URL(path, process.env.AWS_ENDPOINT_URL);
    return await new Promise((resolve, reject) => {
      http.get(url, { headers: { host } }, async (answer) => {
        const chunks = await Array.fromAsync(answer);
        resolve({ status: answer.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) });
      }).on('error', reject);
    });
  },
  async native({ token }) {
    const url = process.env.AWS_ENDPOINT_URL + '/api/v1/functions';
    return { status: (await fetch(url, { headers: { authorization: 'Bearer ' + token } })).status };
  },
};
export async function handler(event) {
  try {
    return await asks[event.ask](event);
  } catch (error) {
    return { error: error.name, message: error.message };
  }
}
`;

const PRICE = `exports.handler = async (event) => event.requestContext === undefined
  ? { price: 7, event }
  : { path: event.rawPath, caller: event.requestContext.authorizer?.iam?.userArn, body: event.body };`;

const EVERY_ACTION = readFileSync(join(import.meta.dirname, 'every-action.py'), 'utf8');

const MANIFEST = `
app: shop
functions:
  cart:
    runtime: nodejs24.x
    handler: index.handler
    code: ./cart
    timeout: 30s
    memory: 512MB
    uses: [ { function: price, allow: [ invoke ] } ]
  price: { runtime: nodejs24.x, handler: index.handler, code: ./price }
  other: { runtime: nodejs24.x, handler: index.handler, code: ./price }
`;

const PYTHON_MANIFEST = `
app: snake
functions:
  caller:
    runtime: python3.11
    handler: every_action.handler
    code: ./caller
    timeout: 2m
    memory: 512MB
    layers: [ ./packages ]
    uses: [ { function: shop-price, allow: [ invoke ] } ]
`;

interface Called {
  readonly status?: number;
  readonly payload?: Record<string, unknown>;
  readonly body?: Record<string, unknown>;
  readonly error?: string;
  readonly message?: string;
}

for (const driver of ['process', 'oci'] as const) {
  const skip = driver === 'oci' ? (problem ?? false) : false;
  suite(`a function's calls, under ${driver}`, { skip }, () => {
    let node: RealNode;
    const ask = async (event: object) => (await node.invoke('shop-cart', event)).payload as Called;
    const inside = (host: string, more: object = {}) =>
      ask({ ask: 'inside', host, how: driver === 'oci' ? 'name' : 'header', ...more });
    const written = () => JSON.parse(readFileSync(join(node.home, 'node.json'), 'utf8'));

    before(async () => {
      node = await startRealNode(['--driver', driver]);
      using folder = appFolder({ 'skein.yaml': MANIFEST, 'cart/index.mjs': CALLER, 'price/index.js': PRICE });
      symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'cart/node_modules'));
      await node.skein(['deploy', folder.path]);
    });
    after(() => node[Symbol.asyncDispose]());

    test('by the SDK, with nothing configured, where its role allows it', async () => {
      const answer = await ask({ ask: 'sdk', name: 'shop-price' });
      assert.deepEqual(answer, { status: 200, payload: { price: 7, event: { n: 1 } } });
      const refused = await ask({ ask: 'sdk', name: 'shop-other' });
      assert.equal(refused.error, 'AccessDeniedException');
      assert.match(
        refused.message ?? '',
        /assumed-role\/skein-shop-cart\/shop-cart is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:000000000000:function:shop-other/,
      );
    });

    test('with credentials of its own, renewed by the SDK, and with no others', async () => {
      const found = (await ask({ ask: 'credentials' })) as unknown as Record<string, unknown>;
      assert.deepEqual(found.names, [], 'variables would come before the credentials that are renewed');
      assert.equal(found.id, 'ASIA');
      const leftMs = Date.parse(found.expiration as string) - Date.now();
      assert.ok(leftMs > 50 * 60_000 && leftMs <= 60 * 60_000, `${leftMs} ms left`);
      const raw = (await ask({ ask: 'raw' })) as unknown as Record<string, string>;
      assert.equal(raw.RoleArn, 'arn:aws:iam::000000000000:role/skein/skein-shop-cart');
      assert.deepEqual(Object.keys(raw), [
        'AccessKeyId',
        'SecretAccessKey',
        'Token',
        'Expiration',
        'RoleArn',
      ]);
      assert.equal((await ask({ ask: 'uncredited' })).status, 401);
      const { accessKeyId, secretAccessKey } = written();
      const asOwner = await ask({ ask: 'signed', keys: { accessKeyId, secretAccessKey } });
      assert.equal(asOwner.error, 'UnrecognizedClientException');
      const { AccessKeyId, SecretAccessKey } = raw;
      const forged = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: 'forged' };
      assert.equal((await ask({ ask: 'signed', keys: forged })).error, 'UnrecognizedClientException');
    });

    test("never the node's own API, whatever token it has", async () => {
      assert.equal((await ask({ ask: 'native', token: written().token })).status, 404);
    });

    test('other functions over HTTP by name, where its role allows it', async () => {
      const answer = await inside('price.internal', { path: '/quote?n=2' });
      assert.deepEqual(answer, {
        status: 200,
        body: { path: '/quote', caller: 'arn:aws:sts::000000000000:assumed-role/skein-shop-cart/shop-cart' },
      });
      assert.equal((await inside('shop-price.internal')).status, 200);
      const refused = await inside('other.internal');
      assert.equal(refused.status, 403);
      assert.match(
        String(refused.body?.message),
        /"shop-cart" may not call "shop-other".*uses: \[ \{ function/,
      );
      assert.equal((await inside('nobody.internal')).status, 404);
    });

    test('may another one once its manifest says so, and not when it no longer does', async () => {
      using folder = appFolder({ 'skein.yaml': MANIFEST.replace('function: price', 'function: other') });
      for (const [name, content] of [
        ['cart/index.mjs', CALLER],
        ['price/index.js', PRICE],
      ] as const)
        folder.write(name, content);
      symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'cart/node_modules'));
      await node.skein(['deploy', folder.path]);
      assert.equal((await inside('other.internal')).status, 200);
      assert.equal((await inside('price.internal')).status, 403);
      assert.equal((await ask({ ask: 'sdk', name: 'shop-price' })).error, 'AccessDeniedException');
      await node.skein(['rollback', 'shop-cart']);
      assert.equal((await inside('price.internal')).status, 200);
      assert.equal((await inside('other.internal')).status, 403);
    });

    test('only what its role says: one refused call for each action of Lambda, by boto3', {
      skip: noPython,
    }, async (t) => {
      using folder = appFolder({ 'skein.yaml': PYTHON_MANIFEST, 'caller/every_action.py': EVERY_ACTION });
      cpSync(PYTHON_PACKAGES, join(folder.path, 'packages/python'), { recursive: true });
      await node.skein(['deploy', folder.path]);
      const { payload } = await node.invoke('snake-caller', {});
      const { allowed, refused, missing, others } = payload as Record<string, Record<string, string>>;
      t.diagnostic(
        `${Object.keys(refused ?? {}).length} refused; not here: ${Object.keys(missing ?? {}).join(', ')}`,
      );
      assert.deepEqual(others, {});
      assert.deepEqual(Object.keys(allowed ?? {}), ['Invoke']);
      assert.ok(Object.keys(refused ?? {}).length >= 60);
      for (const [operation, message] of Object.entries(refused ?? {})) {
        assert.match(
          message,
          /assumed-role\/skein-snake-caller\/snake-caller is not authorized to perform: lambda:\w+ on resource: /,
          operation,
        );
      }
    });
  });
}
