import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { writeNodeFile } from '../../config/index.ts';

const MAIN = join(import.meta.dirname, '../main.ts');

/** A node and its functions in one: it has every package, and the REPORT line when asked again. */
function fakeNode() {
  let asked = 0;
  return createServer((request, response) => {
    const { method = '', url = '' } = request;
    request.resume();
    if (url === '/orders') {
      response.writeHead(201, { 'x-amzn-requestid': 'r-1' }).end('{"id":"1"}');
    } else if (url.includes('/logs')) {
      const entries = asked++ === 0 ? [] : [{ type: 'REPORT', requestId: 'r-1', message: 'REPORT r-1' }];
      response.end(JSON.stringify({ entries }));
    } else {
      response.end(method === 'HEAD' ? '' : '{"url":"http://bakery.localhost/","functions":[]}');
    }
  });
}

suite('start', () => {
  test('uses the node that runs in this home, tells the whole story, and leaves it running', async (t) => {
    const home = mkdtempSync(join(tmpdir(), 'skein-start-'));
    const node = fakeNode().listen(0, '127.0.0.1');
    t.after(() => {
      node.close();
      node.closeAllConnections();
      rmSync(home, { recursive: true });
    });
    await once(node, 'listening');
    const url = `http://127.0.0.1:${(node.address() as AddressInfo).port}`;
    const keys = { accessKeyId: 'a', secretAccessKey: 's', token: 't' };
    writeNodeFile(home, { gateway: url, control: url, pid: process.pid, ...keys });

    const child = spawn(process.execPath, [MAIN, 'start'], {
      env: { PATH: process.env.PATH, SKEIN_HOME: home },
    });
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    assert.equal(code, 0, err);
    assert.match(err, new RegExp(`running already \\(process ${process.pid}\\)`));
    assert.match(
      out,
      /→ 201 \{"id":"1"\}\n {2}after [\d.]+ ms\n[\s\S]*REPORT r-1[\s\S]*goes on running; "skein down" stops it\.\n$/,
    );
  });
});
