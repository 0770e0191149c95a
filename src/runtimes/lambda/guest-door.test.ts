import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
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
    call: () => false,
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

/** @returns the status of the answer to a call for a channel, and the connection; null: hung up on */
function callFor(address: string, { from, token }: { from: string; token: string }) {
  return new Promise<{ status: number | undefined; socket: Duplex } | null>((resolve) => {
    const headers = { Connection: 'Upgrade', Upgrade: 'skein-frames', Authorization: token };
    const request = http.get(`http://${address}/channel`, { headers, localAddress: from, agent: false });
    request.on('upgrade', ({ statusCode }, socket) => resolve({ status: statusCode, socket }));
    request.on('response', ({ statusCode, socket }) => resolve({ status: statusCode, socket }));
    request.on('error', () => resolve(null));
  });
}

suite('the door of all instances', { skip: linux }, () => {
  test('a channel is given once, by the token, at the instance’s own address', async () => {
    await using door = await open();
    const taken = Promise.withResolvers<Duplex>();
    let claims = 0;
    const listener = await door.open({
      credentials: () => null,
      call: () => false,
      handle: () => false,
      claimChannel: () => (++claims === 1 ? taken.resolve : null),
    });
    listener.onAddress('127.0.1.1');
    const other = await instance(door, '127.0.1.2', 'other');
    const { address, token } = listener;
    const status = async (from: string, shown: string) =>
      (await callFor(address, { from, token: shown }))?.status ?? null;
    assert.equal(await status('127.0.1.1', other.token), 401);
    assert.equal(await status('127.0.1.2', token), 401, 'another’s address, though the token is right');
    assert.equal(await status('127.0.1.2', other.token), 409, 'one that has no use for it');
    assert.equal(await status('127.0.1.3', token), null);
    const given = await callFor(address, { from: '127.0.1.1', token });
    assert.equal(given?.status, 101);
    assert.equal(await status('127.0.1.1', token), 409, 'it is taken');
    (await taken.promise).write('frames');
    assert.equal(String((await once(given?.socket as Duplex, 'data'))[0]), 'frames');
    const over = once(given?.socket as Duplex, 'close');
    given?.socket.resume();
    await listener.close();
    await over;
  });

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
