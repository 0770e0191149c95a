import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { requireFreePort } from './free-port.ts';

suite('an address to listen at', () => {
  test('that is taken is refused with the option that chooses another; then it is free', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const address = { host: '127.0.0.1', port };
    await assert.rejects(
      requireFreePort(address, '--gateway'),
      (error) =>
        error instanceof Fault &&
        error.code === 'port-in-use' &&
        error.message.includes(`--gateway HOST:PORT`),
    );
    server.close();
    await once(server, 'close');
    await requireFreePort(address, '--gateway');
  });
});
