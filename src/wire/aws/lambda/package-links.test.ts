import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { createPackageLinks } from './package-links.ts';

const DIGEST = 'a'.repeat(64);

suite('links to packages', () => {
  let nowMs = 1_000_000;
  const links = createPackageLinks({
    key: Buffer.from('key'),
    clock: { wallMs: () => nowMs },
    async *read() {
      yield Buffer.from('the ');
      yield Buffer.from('package');
    },
    onProblem: (error) => assert.fail(String(error)),
  });
  let server: Server;
  let host = '';
  before(async () => {
    server = createServer((request, response) => {
      if (!links.answers(request, response)) response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  test('have the package behind them, until they expire', async () => {
    const url = links.urlOf(DIGEST, host);
    const answer = await fetch(url);
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), 'the package');
    nowMs += 600_000;
    assert.equal((await fetch(url)).status, 403);
  });

  test('of another package, another time or another hand are refused', async () => {
    const url = new URL(links.urlOf(DIGEST, host));
    const forged = [
      url.href.replace(DIGEST, 'b'.repeat(64)),
      url.href.replace(/until=\d+/, 'until=99999999999'),
      url.href.replace(/signature=.*/, 'signature=x'),
      `http://${host}/packages/../${DIGEST}`,
      `http://${host}/packages/${DIGEST}`,
    ];
    for (const link of forged) assert.ok([403, 404].includes((await fetch(link)).status), link);
    assert.equal((await fetch(`http://${host}/elsewhere`)).status, 404);
  });
});
