import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { routerOf } from './router.ts';

function routes(...keys: string[]) {
  return keys.map((key) => {
    const [method = '', path = ''] = key.split(' ');
    return { app: 'bakery', functionName: key, method, path };
  });
}

suite('the router', () => {
  const list = routes(
    'GET /pets/dog/1',
    'GET /pets/dog/{id}',
    'GET /pets/{proxy+}',
    'ANY /{proxy+}',
    'ANY /pets/dog/1',
    'POST /pets/{kind}/{id}',
    'ANY /{first}/b',
    'GET /a/{rest+}',
    'GET /',
  );
  const find = routerOf(list);
  const cases: readonly [request: string, routeKey: string | null, parameters?: Record<string, string>][] = [
    ['GET /pets/dog/1', 'GET /pets/dog/1'],
    ['PUT /pets/dog/1', 'ANY /pets/dog/1'],
    ['GET /pets/dog/2', 'GET /pets/dog/{id}', { id: '2' }],
    ['POST /pets/dog/2', 'POST /pets/{kind}/{id}', { kind: 'dog', id: '2' }],
    ['GET /pets/cat/2', 'GET /pets/{proxy+}', { proxy: 'cat/2' }],
    ['DELETE /pets/cat/2', 'ANY /{proxy+}', { proxy: 'pets/cat/2' }],
    ['GET /a/b', 'ANY /{first}/b', { first: 'a' }],
    ['GET /a/c', 'GET /a/{rest+}', { rest: 'c' }],
    ['GET /pets/dog/', 'GET /pets/{proxy+}', { proxy: 'dog/' }],
    ['GET /', 'GET /'],
    ['GET /pets/dog/caf%C3%A9%2Fbar', 'GET /pets/dog/{id}', { id: 'café/bar' }],
    ['GET /pets/d%6Fg/1', 'GET /pets/dog/1'],
    ['GET /pets/dog/100%', 'GET /pets/dog/{id}', { id: '100%' }],
  ];
  for (const [request, routeKey, parameters] of cases) {
    test(`${request} is answered by ${routeKey}`, () => {
      const [method = '', path = ''] = request.split(' ');
      const match = find(method, path);
      assert.equal(match?.routeKey ?? null, routeKey);
      assert.deepEqual(match?.parameters ? Object.fromEntries(match.parameters) : undefined, parameters);
    });
  }

  test('a path with a slash at its end is another path', () => {
    assert.equal(routerOf(routes('GET /orders'))('GET', '/orders/'), null);
    assert.equal(routerOf(routes('GET /orders/{id}'))('GET', '/orders/'), null);
  });

  test('a method that no route names is no match', () => {
    assert.equal(routerOf(routes('GET /orders'))('POST', '/orders'), null);
  });

  test('the same list is compiled once', () => {
    assert.equal(routerOf(list), routerOf(list));
  });
});
