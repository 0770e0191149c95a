/** HTTP through the front door of a real node: what functions are told, and what callers get. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type AppFolder, appFolder } from '../support/app-folder.ts';
import { startBarrier } from '../support/barrier.ts';
import { eventually } from '../support/eventually.ts';
import { type HttpAnswer, type HttpRequest, type RealNode, startRealNode } from '../support/real-node.ts';

const MANIFEST = `
app: web
functions:
  echo:
    runtime: nodejs24.x
    handler: index.echo
    code: ./code
    routes: ["GET /users/{id}", "GET /users/me", "ANY /files/{proxy+}", "POST /echo"]
  made:
    runtime: nodejs24.x
    handler: index.made
    code: ./code
    routes: ["POST /made"]
  bad:
    runtime: nodejs24.x
    handler: index.bad
    code: ./code
    timeout: 1s
    routes: ["ANY /bad/{how}"]
  broken:
    runtime: nodejs24.x
    handler: broken.handler
    code: ./code
  one:
    runtime: nodejs24.x
    handler: index.wait
    code: ./code
    concurrency: { reserved: 1 }
    timeout: 30s
`;

/** `made` answers with the result that the request's body describes. */
const CODE = `
exports.echo = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });
exports.made = async (event) => JSON.parse(event.body);
exports.wait = async (event) => ({ statusCode: 200, body: await (await fetch(event.rawQueryString)).text() });
exports.bad = async (event) => {
  const how = event.pathParameters?.how ?? event.rawPath.slice(1);
  if (how === 'throw') throw new RangeError('the oven is too hot');
  if (how === 'exit') process.exit(3);
  if (how === 'hang') await new Promise(() => setInterval(() => {}, 1000));
  if (how === 'huge') return { statusCode: 200, body: 'x'.repeat(7 * 2 ** 20) };
  return 'well';
};
`;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Our own body: a message, and the request id that the header names too. */
function assertRefusal(answer: HttpAnswer, status: number, message: RegExp): void {
  assert.equal(answer.status, status, answer.body.toString());
  assert.match(String(answer.json().message), message);
  assert.match(String(answer.headers['x-amzn-requestid']), UUID);
  assert.equal(answer.json().requestId, answer.headers['x-amzn-requestid']);
}

suite('HTTP through the front door', () => {
  let node: RealNode;
  let app: AppFolder;
  before(async () => {
    app = appFolder({
      'skein.yaml': MANIFEST,
      'code/index.js': CODE,
      'code/broken.js': 'throw new Error("no flour")',
    });
    node = await startRealNode();
    await node.skein(['deploy', app.path]);
  });
  after(async () => {
    await node?.[Symbol.asyncDispose]();
    app[Symbol.dispose]();
  });

  const web = (path: string, request: HttpRequest = {}) =>
    node.request('web.localhost', { ...request, path });
  const at = (fn: string, path: string, request: HttpRequest = {}) =>
    node.request(`web-${fn}.localhost`, { ...request, path });
  const echoed = async (path: string, request: HttpRequest = {}) => {
    const answer = await web(path, request);
    assert.equal(answer.status, 200, answer.body.toString());
    return answer.json();
  };

  suite('what a function is told', () => {
    test('the most specific route wins, and its parameters are decoded', async () => {
      const byId = await echoed('/users/J%C3%BCrgen%2F2');
      assert.equal(byId.routeKey, 'GET /users/{id}');
      assert.deepEqual(byId.pathParameters, { id: 'Jürgen/2' });
      const fixed = await echoed('/users/me');
      assert.equal(fixed.routeKey, 'GET /users/me');
      assert.equal(fixed.pathParameters, undefined);
    });

    test('a greedy route takes every method and all that is left of the path', async () => {
      for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
        const event = await echoed('/files/a/b/c.txt', { method });
        assert.equal(event.routeKey, 'ANY /files/{proxy+}');
        assert.deepEqual(event.pathParameters, { proxy: 'a/b/c.txt' });
        assert.equal((event.requestContext as { http: { method: string } }).http.method, method);
      }
      const head = await web('/files/a', { method: 'HEAD' });
      assert.deepEqual([head.status, head.body.length], [200, 0]);
    });

    test('query keys that are repeated, encoded or empty', async () => {
      const event = await echoed('/users/me?tag=a&tag=b%2Cc&q=two+words&empty=');
      assert.equal(event.rawQueryString, 'tag=a&tag=b%2Cc&q=two+words&empty=');
      assert.deepEqual(event.queryStringParameters, { tag: 'a,b,c', q: 'two words', empty: '' });
    });

    test('cookies are a list of their own', async () => {
      const event = await echoed('/users/me', { headers: { cookie: 'a=1; b=2' } });
      assert.deepEqual(event.cookies, ['a=1', 'b=2']);
      assert.equal((event.headers as Record<string, string>).cookie, undefined);
    });

    test('a binary body is base64, a text one is text', async () => {
      const bytes = Buffer.from([0, 1, 2, 0xff, 0xfe]);
      const type = (value: string) => ({ 'content-type': value });
      const binary = await echoed('/echo', { method: 'POST', headers: type('image/png'), body: bytes });
      assert.deepEqual([binary.body, binary.isBase64Encoded], [bytes.toString('base64'), true]);
      const text = await echoed('/echo', {
        method: 'POST',
        headers: type('application/json'),
        body: '{"ü":1}',
      });
      assert.deepEqual([text.body, text.isBase64Encoded], ['{"ü":1}', false]);
    });

    test('the request id of the answer is the one of the event', async () => {
      const answer = await web('/users/me');
      const { requestId } = answer.json().requestContext as { requestId: string };
      assert.equal(answer.headers['x-amzn-requestid'], requestId);
    });

    test("at a function's own host every path is its own", async () => {
      const answer = await at('echo', '/any/where', { method: 'POST', body: 'x' });
      assert.equal(answer.json().routeKey, '$default');
      assert.equal(answer.json().rawPath, '/any/where');
    });
  });

  suite('what a caller gets', () => {
    const made = (result: unknown) =>
      web('/made', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(result),
      });

    test('anything without a statusCode is the body itself', async () => {
      for (const result of [{ cake: 1 }, [1, 2], 'text', 7, true, null]) {
        const answer = await made(result);
        assert.equal(answer.status, 200);
        assert.equal(answer.headers['content-type'], 'application/json');
        assert.deepEqual(JSON.parse(answer.body.toString()), result);
      }
    });

    test('status, headers and cookies are as the function says', async () => {
      const answer = await made({
        statusCode: '418',
        headers: { 'Content-Type': 'text/teapot', 'X-Pot': 2 },
        cookies: ['a=1; Path=/', 'b=2'],
        body: 'short and stout',
      });
      assert.equal(answer.status, 418);
      assert.equal(answer.headers['content-type'], 'text/teapot');
      assert.equal(answer.headers['x-pot'], '2');
      assert.deepEqual(answer.headers['set-cookie'], ['a=1; Path=/', 'b=2']);
      assert.equal(answer.body.toString(), 'short and stout');
    });

    test('a base64 body arrives as its bytes', async () => {
      const bytes = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0xff]);
      const answer = await made({ statusCode: 200, isBase64Encoded: true, body: bytes.toString('base64') });
      assert.ok(answer.body.equals(bytes));
    });

    test('a malformed result is 502, with what is wrong', async () => {
      assertRefusal(await made({ statusCode: 'fine' }), 502, /statusCode must be/);
      assertRefusal(await made({ statusCode: 200, body: { not: 'text' } }), 502, /body must be a string/);
      assertRefusal(await made({ statusCode: 200, headers: { 'x y': '1' } }), 502, /"x y" is no header name/);
      assertRefusal(await made({ statusCode: 200, isBase64Encoded: true, body: '***' }), 502, /not base64/);
    });
  });

  suite('what is refused', () => {
    test('an unknown host, and a route that there is not: 404', async () => {
      assertRefusal(await node.request('nobody.localhost', {}), 404, /nobody\.localhost/);
      assertRefusal(await node.request('example.com', {}), 404, /example\.com/);
      assertRefusal(await web('/nowhere'), 404, /GET \/nowhere/);
      assertRefusal(await web('/echo', { method: 'GET' }), 404, /GET \/echo/);
    });

    test('a body above 6 MB: 413; one that just fits is taken', async () => {
      const headers = { 'content-type': 'text/plain' };
      const over = Buffer.alloc(6 * 2 ** 20 + 1, 'x');
      assertRefusal(await at('echo', '/', { method: 'POST', headers, body: over }), 413, /6291456 bytes/);
      const fits = Buffer.alloc(6 * 2 ** 20 - 4096, 'x');
      assert.notEqual((await at('bad', '/well', { method: 'POST', headers, body: fits })).status, 413);
    });

    test('more at once than the function may have: 429 with Retry-After', async () => {
      await using barrier = await startBarrier();
      const first = at('one', `/?${barrier.url}`);
      await barrier.arrived(1, [first]);
      const second = await at('one', `/?${barrier.url}`);
      assertRefusal(second, 429, /concurrency/i);
      assert.match(String(second.headers['retry-after']), /^[1-9]\d*$/);
      barrier.open();
      assert.equal((await first).body.toString(), 'go');
    });
  });

  suite('what functions do wrong', () => {
    test('a timeout: 504', async () => {
      assertRefusal(await web('/bad/hang'), 504, /timeout/);
      assertRefusal(await at('bad', '/hang'), 504, /timeout/);
    });

    test('a function that ends: 502', async () => {
      assertRefusal(await web('/bad/exit'), 502, /ended/);
      assertRefusal(await at('bad', '/exit'), 502, /ended/);
    });

    test('a function that does not start: 502', async () => {
      assertRefusal(await at('broken', '/'), 502, /failed to start/);
    });

    test('an answer above 6 MB: 502', async () => {
      assert.equal((await at('bad', '/huge')).status, 502);
    });

    test("an exception: 500 in API Gateway's words on a route, 502 at the function's host; nothing of it leaks", async () => {
      const route = await web('/bad/throw');
      assert.equal(route.status, 500);
      assert.equal(route.body.toString(), '{"message":"Internal Server Error"}');
      assert.match(String(route.headers['x-amzn-requestid']), UUID);

      const host = await at('bad', '/throw');
      assertRefusal(host, 502, /^Internal Server Error$/);
      assert.doesNotMatch(host.body.toString(), /oven|RangeError/);
    });

    test('the next request is served', async () => {
      assert.equal((await web('/bad/well')).body.toString(), '"well"');
    });

    test('the request id of a refusal finds what happened in the logs', async () => {
      const id = String((await web('/bad/throw')).headers['x-amzn-requestid']);
      let story: { type: string; message: string }[] = [];
      await eventually('the request is told from START to REPORT', async () => {
        const { stdout } = await node.skein(['logs', 'web-bad', '--json']);
        const lines = stdout.split('\n').filter((line) => line.includes(`"requestId":"${id}"`));
        story = lines.map((line) => JSON.parse(line));
        return story.length === 4 || lines;
      });
      assert.deepEqual(
        story.map((entry) => entry.type),
        ['START', 'line', 'END', 'REPORT'],
      );
      assert.match(String(story[1]?.message), /the oven is too hot/);
    });
  });
});
