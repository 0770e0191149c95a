import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { openGuestListener } from './guest-listener.ts';

const skip = process.platform === 'linux' && process.getuid?.() === 0 ? false : 'needs root on Linux';
const NEXT = '/2018-06-01/runtime/invocation/next';

/** @returns the status that another user of the machine gets */
async function askAs(uid: number, address: string, header = ''): Promise<number> {
  const [host, port] = address.split(':');
  const head = `GET ${NEXT} HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n${header}\\r\\n`;
  const script = `exec 3<>/dev/tcp/${host}/${port}; printf '${head}' >&3; read -r line <&3; echo "$line"`;
  const { stdout } = await promisify(execFile)('/bin/bash', ['-c', script], { uid, gid: uid, cwd: '/' });
  return Number(stdout.split(' ')[1]);
}

async function open() {
  const listener = await openGuestListener({
    credentials: () => null,
    call: () => false,
    handle(_, response) {
      response.end();
      return true;
    },
  });
  return { ...listener, [Symbol.asyncDispose]: () => listener.close() };
}

suite('the listener of one instance', { skip }, () => {
  test('is for the user who connected first, on any connection', async () => {
    await using listener = await open();
    assert.equal(await askAs(60_001, listener.address), 200);
    assert.equal(await askAs(60_002, listener.address), 403);
    assert.equal((await fetch(`http://${listener.address}${NEXT}`)).status, 403);
    assert.equal(await askAs(60_001, listener.address), 200);
  });

  test('is for the user who has the token, whoever came before', async () => {
    await using listener = await open();
    assert.equal(await askAs(60_002, listener.address), 200);
    assert.equal(await askAs(60_001, listener.address, `Authorization: ${listener.token}\\r\\n`), 200);
    assert.equal(await askAs(60_002, listener.address), 403);
    assert.equal(await askAs(60_001, listener.address), 200);
  });
});
