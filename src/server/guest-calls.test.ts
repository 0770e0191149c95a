/** What one instance may hold of its node by sending much, or slowly, to where functions call it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { suite, test } from 'node:test';
import { fakeClock } from '../base/fake-clock.ts';
import type { SessionAuthority } from '../identity/index.ts';
import { LIMITS } from '../model/index.ts';
import type { Setup } from '../runtimes/index.ts';
import { createGuestCalls } from './guest-calls.ts';

const SIGNED = 'authorization: AWS4-HMAC-SHA256 x\r\n';

/** An instance's way to its node; `taken` says which bodies were given room. */
async function openWay() {
  const clock = fakeClock();
  const calls = createGuestCalls({} as SessionAuthority, clock);
  const taken: string[] = [];
  calls.connect({
    gateway: { serveInternal: () => assert.fail('it is for an API') },
    endpointFor: ({ roomOfCaller }) => {
      return async (request, response) => {
        const room = roomOfCaller?.();
        const bytes = Number(request.headers['x-bytes'] ?? 0);
        const may = room?.take(bytes) === true;
        taken.push(`${request.headers['x-instance']} ${may}`);
        if (request.headers['x-gives-back'] !== undefined) room?.give(bytes);
        response.end(String(may));
      };
    },
    links: { answers: () => false },
    onBug: (error) => assert.fail(String(error)),
  });
  const setups = new Map(['a', 'b'].map((name) => [name, { functionName: 'f', instanceId: name } as Setup]));
  const server = createServer((request, response) => {
    calls.call(setups.get(String(request.headers['x-instance'])) as Setup, request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ clock, taken, port },
    async ask(instance: string, headers: Record<string, string>) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { authorization: 'AWS4-HMAC-SHA256 x', 'x-instance': instance, ...headers },
      });
      return await answer.text();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

suite('what instances send to their node', () => {
  test('takes no more room than one instance may have, and none of another’s', async () => {
    await using way = await openWay();
    const most = String(LIMITS.instanceBodyBytes);
    assert.equal(await way.ask('a', { 'x-bytes': most }), 'true');
    assert.equal(await way.ask('a', { 'x-bytes': '1' }), 'false');
    assert.equal(await way.ask('b', { 'x-bytes': most, 'x-gives-back': '1' }), 'true');
    assert.equal(await way.ask('b', { 'x-bytes': '1' }), 'true');
  });

  test('has to arrive in time', async () => {
    await using way = await openWay();
    const socket = connect(way.port, '127.0.0.1');
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\n${SIGNED}x-instance: a\r\ncontent-length: 10\r\n\r\nhalf`);
    await once(socket, 'data');
    const closed = once(socket, 'close');
    await way.clock.advance(LIMITS.instanceBodyMs - 1);
    assert.equal(socket.destroyed, false);
    await way.clock.advance(1);
    await closed;
  });
});
