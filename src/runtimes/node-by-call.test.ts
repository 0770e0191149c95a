/**
 * The Node.js runtime as a sandbox starts it that cannot give it its channel: its suites once more,
 * and what is about the call itself.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import { GuestGone } from './guest.ts';
import { boot, call, letNodeCall, start } from './guest-fixture.ts';

letNodeCall();
await import('./node.test.ts');
await import('./node-output.test.ts');

const HELLO = { 'index.js': 'exports.handler = async () => "hello";' };
const WHERE = `exports.handler = async () => ({
  listener: process.env.AWS_LAMBDA_RUNTIME_API,
  token: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN,
  names: Object.keys(process.env),
});`;

/** @returns the first line of the answer to a call for a channel */
async function callFor(listener: string, lines: readonly string[]): Promise<string> {
  const [host = '', port] = listener.split(':');
  const socket = connect({ host, port: Number(port) });
  const head = ['GET /channel HTTP/1.1', 'Host: node', 'Connection: Upgrade', ...lines];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString('latin1').split('\r\n')[0] ?? '';
}

suite('a call for the channel', () => {
  test('is the guest’s alone, and its code sees nothing of it', async () => {
    await using running = await boot({ files: { 'index.js': WHERE } });
    const seen = (await call(running.guest, {})) as { listener: string; token: string; names: string[] };
    assert.deepEqual(
      seen.names.filter((name) => name.startsWith('SKEIN')),
      [],
    );
    const { listener, token } = seen;
    const upgrade = 'Upgrade: skein-frames';
    assert.match(await callFor(listener, [upgrade]), / 401 /);
    assert.match(await callFor(listener, [upgrade, `Authorization: ${token.slice(1)}x`]), / 401 /);
    assert.match(await callFor(listener, [upgrade, `Authorization: ${token}`]), / 409 /, 'it is taken');
    assert.match(await callFor(listener, ['Upgrade: h2c']), / 404 /, 'answered as any other request');
    await call(running.guest, {}); // it goes on
  });

  test('that is refused ends the guest', async () => {
    await using running = await start({ files: HELLO, blank: true, environment: {} });
    await running.guest.close(); // the listener is gone, or refuses
    assert.notEqual(await running.exited, null);
    await assert.rejects(running.guest.booted(), GuestGone);
  });
});
