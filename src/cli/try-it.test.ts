import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configByHand } from '../model/testing.ts';
import { curlFor } from './output.ts';
import { tryIt } from './try-it.ts';

const config = configByHand();

function curl(...routes: string[]): string | null {
  const github = { scheme: 'github', secrets: ['KEY'], toleranceMs: null, hmac: null } as const;
  const split = routes.map((route) => {
    const [method = '', path = '', webhook] = route.split(' ');
    return { method, path, ...(webhook !== undefined && { webhook: github }) };
  });
  const functions = [{ key: 'orders', config, reserved: null, provisioned: 0, routes: split }];
  const answer = {
    app: 'bakery',
    url: 'http://bakery.localhost:8080/',
    functions: [
      { name: 'bakery-orders', version: '1', changed: true, url: 'http://bakery-orders.localhost:8080/' },
    ],
  };
  const found = tryIt({ app: 'bakery', hosts: [], databases: [], functions }, answer);
  return found && curlFor(found.url, 'http://127.0.0.1:8080', found.method);
}

test('what to try after a deploy is a request that one of the app’s routes answers', () => {
  const host = "-H 'Host: bakery.localhost:8080'";
  const orders = ['POST /orders', 'GET /orders', 'GET /orders/{id}', 'PATCH /orders/{id}'];
  assert.equal(curl(...orders), `curl ${host} 'http://127.0.0.1:8080/orders'`);
  assert.equal(curl('ANY /{proxy+}', 'GET /menu'), `curl ${host} 'http://127.0.0.1:8080/menu'`);
  assert.equal(curl('POST /a', 'ANY /{proxy+}'), `curl ${host} 'http://127.0.0.1:8080/1'`);
  assert.equal(curl('POST /orders'), `curl -X POST ${host} 'http://127.0.0.1:8080/orders'`);
});

test('without routes, it is the function’s own URL', () => {
  assert.equal(curl(), "curl -H 'Host: bakery-orders.localhost:8080' 'http://127.0.0.1:8080/'");
});

test('a webhook is nothing to try', () => {
  assert.equal(curl('POST /hook webhook'), null);
  assert.match(String(curl('POST /hook webhook', 'GET /seen')), /\/seen'$/);
});
