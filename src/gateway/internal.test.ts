import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { type Principal, sessionPrincipal } from '../identity/index.ts';
import { functionByHand } from '../model/testing.ts';
import { call, openDoor, SNAPSHOT } from './testing.ts';

const CALLER: Principal = sessionPrincipal({
  roleName: 'skein-shop-cart',
  roleId: 'AROACART',
  sessionName: 'shop-cart',
  session: { issuedAtMs: 0, expiresAtMs: 1, policy: null, functionArn: 'arn:f' },
});

const names = ['shop-cart', 'shop-price', 'other-price', 'price'];
const entries = names.map((name) => {
  const app = name.includes('-') ? (name.split('-')[0] as string) : null;
  return functionByHand({ app, name, slug: name });
});
const snapshot = {
  ...SNAPSHOT,
  functions: new Map(entries.map((entry) => [entry.name, entry])),
  slugs: new Map(entries.map((entry) => [entry.slug, entry])),
};

type Verdict = 'allow' | 'implicit-deny' | 'explicit-deny';

/** The guest's side of a node: what comes to it is of `shop-cart`, whatever it says. */
async function openGuest(verdicts: Record<string, Verdict>, principal: Principal | null = CALLER) {
  const door = await openDoor(undefined, {
    directory: { current: () => snapshot },
    authority: {
      verify: () => Promise.reject(new Error('nobody signs here')),
      decide: ({ action, resource, principal: who }) => {
        assert.equal(who, CALLER);
        const name = resource.split(':').at(-1) as string;
        const verdict = verdicts[`${action} ${name}`] ?? verdicts[action] ?? 'implicit-deny';
        return { verdict, by: null, statement: null };
      },
    },
  });
  let leftBytes = 1_000;
  const room = {
    take(bytes: number) {
      if (bytes > leftBytes) return false;
      leftBytes -= bytes;
      return true;
    },
    give(bytes: number) {
      leftBytes += bytes;
    },
  };
  const server = createServer((req, res) =>
    door.gateway.serveInternal(req, res, { functionName: 'shop-cart', principal, room }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...door,
    ask: (host: string, more = {}) => call(port, { host, ...more }),
    async [Symbol.asyncDispose]() {
      server.close();
      await door[Symbol.asyncDispose]();
    },
  };
}

suite('a function that calls another by its name inside', () => {
  const all = { 'lambda:InvokeFunction': 'allow' } as const;

  test('holds no more of its bodies here than its share, and has it back with each answer', async () => {
    await using guest = await openGuest(all);
    const post = (bytes: number) =>
      guest.ask('price.internal', { method: 'POST', body: Buffer.alloc(bytes, 'x') });
    for (const [bytes, status] of [
      [1_000, 200],
      [1_001, 503],
      [1_000, 200],
    ] as const)
      assert.equal((await post(bytes)).status, status);
  });

  test('finds one of its own app by key, and any by full name', async () => {
    await using guest = await openGuest(all);
    for (const [host, name, qualifier] of [
      ['price.internal', 'shop-price', null],
      ['PRICE.internal:80', 'shop-price', null],
      ['shop-price.internal', 'shop-price', null],
      ['other-price.internal', 'other-price', null],
    ] as const) {
      assert.equal((await guest.ask(host)).status, 200, host);
      assert.equal(guest.seen.at(-1)?.functionName, name);
      assert.equal(guest.seen.at(-1)?.qualifier, qualifier);
    }
    const missing = await guest.ask('nobody.internal');
    assert.equal(missing.status, 404);
    assert.match(missing.text, /No function answers at \\"nobody\.internal\\"/);
    for (const host of ['shop-price.localhost', 'a.price.internal', 'internal'])
      assert.equal((await guest.ask(host)).status, 404, host);
  });

  test('is told to the called function by its role, and nothing it says counts', async () => {
    await using guest = await openGuest(all);
    const headers = {
      authorization: 'AWS4-HMAC-SHA256 of somebody else',
      'content-type': 'application/json',
    };
    await guest.ask('price.internal', {
      method: 'POST',
      path: '/quote?n=1',
      headers,
      body: '{"cake":"plum"}',
    });
    const event = JSON.parse(guest.seen[0]?.event as string);
    assert.equal(event.rawPath, '/quote');
    assert.equal(event.body, '{"cake":"plum"}');
    assert.equal(event.requestContext.domainName, 'price.internal');
    assert.equal(event.requestContext.authorizer.iam.userArn, CALLER.arn);
    assert.equal(event.requestContext.authorizer.iam.userId, 'AROACART:shop-cart');
  });

  test('may only where its role says so, by either action, and a denial counts more', async () => {
    const cases: [Record<string, Verdict>, number][] = [
      [{}, 403],
      [{ 'lambda:InvokeFunction shop-price': 'allow' }, 200],
      [{ 'lambda:InvokeFunctionUrl shop-price': 'allow' }, 200],
      [{ 'lambda:InvokeFunction other-price': 'allow' }, 403],
      [{ 'lambda:InvokeFunction': 'allow', 'lambda:InvokeFunctionUrl': 'explicit-deny' }, 403],
    ];
    for (const [verdicts, status] of cases) {
      await using guest = await openGuest(verdicts);
      const answer = await guest.ask('price.internal');
      assert.equal(answer.status, status, JSON.stringify(verdicts));
      if (status === 200) continue;
      const { message } = JSON.parse(answer.text);
      assert.match(message, /^Function "shop-cart" may not call "shop-price": .* skein-shop-cart/);
      assert.match(message, /uses: \[ \{ function: shop-price, allow: \[ invoke \] \} \]/);
      assert.equal(guest.seen.length, 0);
    }
  });

  test('may nothing once its role is gone', async () => {
    await using guest = await openGuest(all, null);
    assert.equal((await guest.ask('price.internal')).status, 403);
  });
});
