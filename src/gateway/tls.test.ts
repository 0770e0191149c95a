import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { openDoor } from './testing.ts';

const OPENSSL = 'openssl';
const skip =
  spawnSync(OPENSSL, ['version']).status === 0 ? false : 'there is no openssl here to make a certificate';

suite('a gateway with a certificate', () => {
  test('speaks HTTPS and says so to the function', { skip }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'skein-tls-'));
    const tls = { certPath: join(folder, 'cert.pem'), keyPath: join(folder, 'key.pem') };
    try {
      const curve = [
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-subj',
        '/CN=localhost',
      ];
      execFileSync(OPENSSL, ['req', '-x509', ...curve, '-keyout', tls.keyPath, '-out', tls.certPath], {
        stdio: 'ignore',
      });
      await using door = await openDoor(undefined, { tls });
      assert.match(door.gateway.url, /^https:/);
      const headers = { host: 'bakery-hello.localhost' };
      const req = request({ port: door.port, headers, rejectUnauthorized: false, agent: false }).end();
      const [res] = await once(req, 'response');
      res.resume();
      await once(res, 'end');
      assert.equal(res.statusCode, 200);
      assert.equal(JSON.parse(door.seen[0]?.event as string).headers['x-forwarded-proto'], 'https');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('that cannot be read is said so at start', async () => {
    const tls = { certPath: '/nowhere/cert.pem', keyPath: '/nowhere/key.pem' };
    await assert.rejects(openDoor(undefined, { tls }), { code: 'option-invalid' });
  });
});
