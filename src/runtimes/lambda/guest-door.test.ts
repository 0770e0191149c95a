import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import { MAX_CONNECTIONS } from './guest-desk.ts';
import { openGuestDoor } from './guest-door.ts';

const linux = process.platform === 'linux' ? false : 'needs the whole of 127.0.0.0/8, as Linux has it';

async function open() {
  const door = await openGuestDoor({ host: '127.0.0.1', port: 0 });
  return { ...door, [Symbol.asyncDispose]: () => door.close() };
}

/** An instance that calls from this address, and is answered with this word. */
async function instance(door: Awaited<ReturnType<typeof open>>, address: string, word: string) {
  const listener = await door.open({
    credentials: () => null,
    handle(_, response) {
      response.end(word);
      return true;
    },
  });
  listener.onAddress(address);
  return listener;
}

/** @returns the answer to a request from this address; null: hung up on */
function ask(address: string, localAddress: string): Promise<string | null> {
  return new Promise((resolve) => {
    const request = http.get(`http://${address}/`, { localAddress, agent: false }, async (response) => {
      const chunks = await Array.fromAsync(response as AsyncIterable<Buffer>);
      resolve(Buffer.concat(chunks).toString());
    });
    request.on('error', () => resolve(null));
  });
}

suite('the door of all instances', { skip: linux }, () => {
  test('each is known by the address it calls from, and nobody else is let in', async () => {
    await using door = await open();
    const one = await instance(door, '127.0.1.1', 'one');
    await instance(door, '127.0.1.2', 'two');
    assert.equal(await ask(one.address, '127.0.1.1'), 'one');
    assert.equal(await ask(one.address, '127.0.1.2'), 'two');
    assert.equal(await ask(one.address, '127.0.1.3'), null);
  });

  test('an address that has a new instance is that one’s, also when the old one closes late', async () => {
    await using door = await open();
    const old = await instance(door, '127.0.1.1', 'old');
    const fresh = await instance(door, '127.0.1.1', 'fresh');
    await old.close();
    assert.equal(await ask(fresh.address, '127.0.1.1'), 'fresh');
    await fresh.close();
    assert.equal(await ask(fresh.address, '127.0.1.1'), null);
  });

  test('an instance that takes all of its sockets takes none of another’s', async () => {
    await using door = await open();
    const greedy = await instance(door, '127.0.1.1', 'greedy');
    await instance(door, '127.0.1.2', 'modest');
    const [host, port] = greedy.address.split(':');
    const sockets = Array.from({ length: MAX_CONNECTIONS }, () =>
      connect({ host: host as string, port: Number(port), localAddress: '127.0.1.1' }),
    );
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nHost: slow'); // and never more
    assert.equal(await ask(greedy.address, '127.0.1.1'), null);
    assert.equal(await ask(greedy.address, '127.0.1.2'), 'modest');
    for (const socket of sockets) socket.on('error', () => {});
    await greedy.close();
    await Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close')));
  });
});
