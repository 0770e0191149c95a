/**
 * A web page that means harm, open in a real browser on the operator's machine: it can reach the
 * control listener, and can neither change nor read anything there.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, suite, test } from 'node:test';
import { appFolder } from '../support/app-folder.ts';
import { findBrowser, openPage } from '../support/browser.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const PAGE = readFileSync(join(import.meta.dirname, 'hostile-page/page.html'));
const FOREIGN_HOST = 'cakes.example';
const MANIFEST =
  'app: victim\nfunctions:\n  f:\n    runtime: nodejs24.x\n    handler: index.handler\n    code: ./f\n';

type Told = Record<'naive' | 'control', Record<string, string>>;

const browser = findBrowser();
const skip = browser === null && process.env.CI !== 'true' ? 'no Chromium on this machine' : false;

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Trusts everybody: what gets through to it gets through to any server. */
function naiveServer(seen: Set<string>): Server {
  const note = ({ method, url, headers }: IncomingMessage) =>
    seen.add(`${method} ${url?.split('?', 1)[0]} ${headers['content-type']?.split(';', 1)[0] ?? '-'}`);
  return createServer((request, response) => {
    note(request);
    request.resume();
    response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('access-control-allow-methods', 'GET, POST, PUT, DELETE');
    response.setHeader('access-control-allow-headers', 'authorization, content-type');
    response.setHeader(
      'content-type',
      request.headers.accept === 'text/event-stream' ? 'text/event-stream' : 'text/css',
    );
    response.end('data: secret\n\n');
  }).on('upgrade', (request, socket) => {
    note(request);
    socket.destroy();
  });
}

suite('a hostile web page', { skip, timeout: 90_000 }, () => {
  let node: RealNode;
  let control: URL;
  let token: string;
  let told: Told;
  const seenByNaive = new Set<string>();

  const state = async () => ({
    functions: (await node.control('GET', '/api/v1/functions')).json(),
    versions: (await node.control('GET', '/api/v1/functions/victim-f/versions')).json(),
    usage: (await node.control('GET', '/api/v1/usage')).json(),
  });
  let stateBefore: Awaited<ReturnType<typeof state>>;

  before(async () => {
    node = await startRealNode();
    ({ token, control } = (({ token, control }) => ({ token, control: new URL(control) }))(
      JSON.parse(readFileSync(join(node.home, 'node.json'), 'utf8')),
    ));
    using app = appFolder({ 'skein.yaml': MANIFEST, 'f/index.js': 'exports.handler = async () => 1;' });
    await node.skein(['deploy', app.path]);
    app.write('f/index.js', 'exports.handler = async () => 2;'); // so that there is a version to go back to
    await node.skein(['deploy', app.path]);
    stateBefore = await state();
    told = await visit();
  });
  after(() => node?.[Symbol.asyncDispose]());

  /** Opens the page and waits until it has told what it could do. */
  async function visit(): Promise<Told> {
    const naive = naiveServer(seenByNaive);
    const { promise, resolve } = Promise.withResolvers<Told>();
    const own = createServer(async (request, response) => {
      if (request.method === 'POST') resolve(JSON.parse(await text(request)));
      response.setHeader('content-type', 'text/html').end(PAGE);
    });
    const targets = { naive: `http://127.0.0.1:${await listening(naive)}`, control: control.origin };
    const url = `http://${FOREIGN_HOST}:${await listening(own)}/#${encodeURIComponent(JSON.stringify({ targets, token }))}`;
    try {
      await using _page = openPage(browser ?? 'chromium', url, FOREIGN_HOST);
      return await promise;
    } finally {
      for (const server of [naive, own]) {
        server.closeAllConnections();
        server.close();
      }
    }
  }

  test('its attacks are real: a server that trusts everybody falls for all of them', () => {
    for (const attack of [
      'fetch',
      'fetch with the token',
      'post of json with the token',
      'delete',
      'put',
      'event stream',
    ]) {
      assert.match(String(told.naive[attack]), /^READ/, attack);
    }
    const [shutdown, victim] = ['/api/v1/shutdown', '/api/v1/functions/victim-f'];
    for (const attack of [
      `POST ${shutdown} text/plain`,
      `POST ${shutdown} application/json`,
      `POST ${shutdown} application/x-www-form-urlencoded`,
      `POST ${victim}/invocations text/plain`,
      `POST ${victim}/rollback multipart/form-data`,
      'DELETE /api/v1/apps/victim -',
      'GET /api/v1/status -',
    ]) {
      assert.ok(seenByNaive.has(attack), `${attack} did not arrive: ${[...seenByNaive].join('\n')}`);
    }
  });

  test('it reads nothing from the control listener, not even with the token', () => {
    assert.equal(Object.keys(told.control).length, Object.keys(told.naive).length);
    for (const [attack, outcome] of Object.entries(told.control)) {
      assert.doesNotMatch(outcome, /READ/, attack);
    }
  });

  test('it changes nothing: the node runs, and apps, versions and usage are as they were', async () => {
    assert.deepEqual(await state(), stateBefore);
    assert.equal((await node.control('GET', '/api/v1/status')).json().ready, true);
  });

  suite('what a browser would send', () => {
    /** A request with exactly these headers; `host` and `origin` are what a page cannot choose freely. */
    function ask(headers: Record<string, string>, method = 'GET', path = '/api/v1/status') {
      const { promise, resolve, reject } = Promise.withResolvers<{
        status: number;
        headers: IncomingMessage['headers'];
      }>();
      httpRequest(
        { host: control.hostname, port: control.port, method, path, headers, agent: false },
        (answer) => {
          answer.resume();
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers });
        },
      )
        .on('upgrade', (answer, socket) => {
          socket.destroy();
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers });
        })
        .on('error', reject)
        .end();
      return promise;
    }
    const authorization = () => ({ authorization: `Bearer ${token}` });

    test('a name that was made to lead here (DNS rebinding) is refused, even with the token', async () => {
      for (const host of [`${FOREIGN_HOST}:${control.port}`, 'cakes.example', `localhost.${FOREIGN_HOST}`]) {
        assert.equal((await ask({ host, ...authorization() })).status, 403, host);
      }
      assert.equal((await ask({ host: control.host, ...authorization() })).status, 200);
    });

    test('a foreign page, an opaque one and a preflight are refused without any CORS header', async () => {
      for (const origin of [`http://${FOREIGN_HOST}`, 'null', 'https://localhost.cakes.example']) {
        const preflight = { 'access-control-request-method': 'POST' };
        for (const answer of [
          await ask({ host: control.host, origin, ...authorization() }),
          await ask({ host: control.host, origin, ...preflight }, 'OPTIONS'),
        ]) {
          assert.ok(answer.status >= 400, `${origin}: ${answer.status}`);
          assert.deepEqual(
            Object.keys(answer.headers).filter((name) => name.startsWith('access-control')),
            [],
          );
        }
      }
    });

    test('a web socket is not opened', async () => {
      const upgrade = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      };
      const answer = await ask({ host: control.host, origin: `http://${FOREIGN_HOST}`, ...upgrade });
      assert.notEqual(answer.status, 101);
    });
  });
});
