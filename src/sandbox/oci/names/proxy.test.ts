import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { suite, test } from 'node:test';
import { createServer as createTlsServer, Server as TlsServer, connect as tlsConnect } from 'node:tls';
import { fakeClock } from '../../../base/fake-clock.ts';
import type { Egress } from '../../../model/index.ts';
import { a, closed, connectFrom, openNameserver, openWorld, type World } from './names-fixture.ts';

const SANDBOX = '127.0.0.21';
const OTHER = '127.0.0.22';
const NAME = 'api.example.com';
/** Where the name leads to. */
const FAR = '127.0.0.31';
const FIRST = '10.127.16.1';

function list(port: number, cidrs: string[] = []): Egress {
  return {
    mode: 'list',
    names: [{ host: NAME, port }],
    cidrs: cidrs.map((cidr) => ({ cidr, port: null })),
  };
}

const zone = (address = FAR) => ({ [NAME]: [a(NAME, address)] });

/** A server of the internet. */
interface Far extends AsyncDisposable {
  readonly port: number;
}

async function far(
  serve: (socket: Socket) => void,
  server: Server = createServer({ allowHalfOpen: true }),
): Promise<Far> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', serve);
  server.listen(0, FAR);
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      const gone = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await gone;
    },
  };
}

/** A connection of a sandbox to what it was answered for the name. */
function dial(world: World, from: string, port: number): Socket {
  const toPort = world.portOf(FIRST, port);
  assert.ok(toPort, 'pinned');
  return connectFrom(from, toPort).on('error', () => {});
}

async function text(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  for await (const chunk of socket) parts.push(chunk as Buffer);
  return Buffer.concat(parts).toString();
}

const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'needs openssl';

/** A certificate of the name. */
function selfSigned(): { key: string; cert: string } {
  const subject = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`];
  const algorithm = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const args = ['req', '-x509', ...algorithm, '-days', '2', ...subject, '-keyout', '-', '-out', '-'];
  const printed = execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [key = '', cert = ''] = printed.match(/-----BEGIN [\s\S]+?-----END .+?-----/g) ?? [];
  return { key, cert };
}

suite('the egress proxy', () => {
  test('carries TLS to the name, which the client verifies to the end', { skip }, async () => {
    const identity = selfSigned();
    await using server = await openNameserver(zone());
    await using world = await openWorld({ nameservers: [server] });
    const greet = (socket: Socket) => socket.end(`from ${socket.remoteAddress}`);
    await using target = await far(greet, createTlsServer(identity));
    const { port } = target;
    await world.names.learn(SANDBOX, list(port));
    const socket = tlsConnect({
      socket: dial(world, SANDBOX, port),
      servername: 'API.example.com',
      ca: identity.cert,
    });
    assert.match(await text(socket), /^from 127\./);
    assert.equal(socket.authorized, true);
    assert.deepEqual(world.problems, []);
  });

  test('refuses a TLS client that names another server, or none, with an alert', async () => {
    await using server = await openNameserver(zone());
    await using world = await openWorld({ nameservers: [server] });
    const heard: string[] = [];
    await using target = await far((socket) => socket.on('data', (data) => heard.push(String(data))));
    const { port } = target;
    await world.names.learn(SANDBOX, list(port));
    for (const servername of ['evil.example.com', '', `${NAME}.evil.com`]) {
      const socket = tlsConnect({
        socket: dial(world, SANDBOX, port),
        servername,
        rejectUnauthorized: false,
      });
      const [error] = (await once(socket, 'error')) as [{ code: string }];
      assert.equal(error.code, 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
    }
    assert.deepEqual(heard, []);
  });

  test('reads a ClientHello that comes byte by byte', async () => {
    await using server = await openNameserver(zone());
    await using world = await openWorld({ nameservers: [server] });
    const hello = helloFor(NAME);
    await using target = await far((socket) => {
      socket.once('data', () => {});
      const parts: Buffer[] = [];
      socket.on('data', (data) => {
        parts.push(data);
        if (Buffer.concat(parts).equals(hello)) socket.end('as it was');
      });
    });
    const { port } = target;
    await world.names.learn(SANDBOX, list(port));
    const socket = dial(world, SANDBOX, port).setNoDelay();
    for (const byte of hello) await new Promise((sent) => socket.write(Buffer.from([byte]), sent));
    assert.equal(await text(socket), 'as it was');
    socket.destroy();
  });

  test('lets go of who never ends its ClientHello, or ends in the middle of it', async () => {
    const clock = fakeClock();
    await using server = await openNameserver(zone());
    await using world = await openWorld({ nameservers: [server], clock });
    await using target = await far((socket) => socket.resume());
    const { port } = target;
    await world.names.learn(SANDBOX, list(port));
    const slow = dial(world, SANDBOX, port);
    slow.write(helloFor(NAME).subarray(0, 20));
    const received = text(slow);
    let over = false;
    void received.then(() => (over = true));
    while (!over) await clock.advance(1_000);
    assert.equal((await received).charCodeAt(6), 112, 'unrecognized_name');
    slow.destroy();
    const cut = dial(world, SANDBOX, port);
    cut.end(helloFor(NAME).subarray(0, 20));
    assert.equal((await text(cut)).length, 7);
  });

  test('carries other protocols as they are, also where the server speaks first', async () => {
    await using server = await openNameserver(zone());
    await using world = await openWorld({ nameservers: [server] });
    await using target = await far((socket) => {
      socket.write('220 hello\r\n');
      socket.on('data', (data) => socket.end(`you said ${data}`));
    });
    const { port } = target;
    await world.names.learn(SANDBOX, list(port));
    const socket = dial(world, SANDBOX, port);
    const [greeting] = await once(socket, 'data');
    assert.equal(String(greeting), '220 hello\r\n');
    socket.end('EHLO me');
    assert.equal(await text(socket), 'you said EHLO me');
  });

  test('passes on ends of one direction, and carries 16 MB both ways past a slow reader', async () => {
    await using server = await openNameserver(zone());
    await using world = await openWorld({ nameservers: [server] });
    await using target = await far((socket) => {
      let count = 0;
      socket.on('data', (data) => (count += data.length));
      socket.on('end', () => {
        socket.write(Buffer.alloc(16 * 1024 * 1024, 1));
        socket.end(`read ${count}`);
      });
    });
    const { port } = target;
    await world.names.learn(SANDBOX, list(port));
    const socket = dial(world, SANDBOX, port);
    socket.end(Buffer.alloc(16 * 1024 * 1024, 2));
    const answer = await text(socket);
    assert.equal(answer.length, 16 * 1024 * 1024 + 'read 16777216'.length);
    assert.equal(answer.slice(-13), 'read 16777216');
  });

  test('resets where the other side resets', async () => {
    await using server = await openNameserver(zone());
    await using world = await openWorld({ nameservers: [server] });
    await using target = await far((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const { port } = target;
    await world.names.learn(SANDBOX, list(port));
    const socket = dial(world, SANDBOX, port);
    const failed = once(socket, 'error');
    socket.write('x');
    const error = await failed.catch((reason) => [reason]);
    assert.equal((error[0] as { code: string }).code, 'ECONNRESET');
  });

  test('carries for nobody who does not list the name, or lists it with another port', async () => {
    await using server = await openNameserver(zone());
    await using world = await openWorld({ nameservers: [server] });
    let connections = 0;
    await using target = await far(() => connections++);
    const { port } = target;
    await world.names.learn(SANDBOX, list(port));
    await world.names.learn(OTHER, list(port + 1));
    await closed(dial(world, OTHER, port)); // somebody else's port
    await closed(dial(world, '127.0.0.23', port)); // nobody we know
    await world.names.learn(OTHER, { mode: 'public' });
    await closed(dial(world, OTHER, port));
    world.names.forget(SANDBOX);
    await closed(dial(world, SANDBOX, port));
    assert.equal(connections, 0);
  });

  test('ends what it carries when the sandbox is forgotten', async () => {
    await using server = await openNameserver(zone());
    await using world = await openWorld({ nameservers: [server] });
    const gone = Promise.withResolvers<void>();
    await using target = await far((socket) => {
      socket.write('hello');
      void closed(socket).then(() => gone.resolve());
    });
    const { port } = target;
    await world.names.learn(SANDBOX, list(port));
    const socket = dial(world, SANDBOX, port);
    await once(socket, 'data');
    world.names.forget(SANDBOX);
    await Promise.all([closed(socket), gone.promise]);
  });

  test('goes to private networks only where they are listed, too, and to the host never', async () => {
    await using server = await openNameserver(zone());
    const isDenied = (address: string) => address.startsWith('127.');
    await using target = await far((socket) => socket.end('reached'));
    const { port } = target;
    const attempt = async (egress: Egress, isNever = (_: string) => false) => {
      await using world = await openWorld({ nameservers: [server], isDenied, isNever });
      await world.names.learn(SANDBOX, egress);
      const socket = dial(world, SANDBOX, port);
      socket.write('x');
      return await text(socket).catch((error: { code: string }) => error.code);
    };
    assert.equal(await attempt(list(port)), 'ECONNRESET');
    assert.equal(await attempt(list(port, ['127.0.1.0/24'])), 'ECONNRESET');
    assert.equal(await attempt(list(port, ['127.0.0.0/24'])), 'reached');
    assert.equal(await attempt(list(port, ['0.0.0.0/0'])), 'reached');
    assert.equal(await attempt(list(port, ['127.0.0.0/24']), (address) => address === FAR), 'ECONNRESET');
    const otherPort: Egress = { ...list(port), cidrs: [{ cidr: '127.0.0.0/24', port: port - 1 }] } as Egress;
    assert.equal(await attempt(otherPort), 'ECONNRESET');
  });

  test('tries the next address of a name, and resets where none answers', async () => {
    const zones = { [NAME]: [a(NAME, '127.0.0.32'), a(NAME, FAR)] };
    await using server = await openNameserver(zones);
    await using world = await openWorld({ nameservers: [server] });
    const target = await far((socket) => socket.end('reached'));
    const { port } = target;
    await world.names.learn(SANDBOX, list(port));
    assert.equal(await text(dial(world, SANDBOX, port)), 'reached');
    await target[Symbol.asyncDispose]();
    await assert.rejects(text(dial(world, SANDBOX, port)), { code: 'ECONNRESET' });
  });

  test('has at most 64 connections of one sandbox, and room again when one ends', async () => {
    await using server = await openNameserver(zone());
    await using world = await openWorld({ nameservers: [server] });
    await using target = await far((socket) => {
      socket.write('reached');
      socket.resume().on('end', () => socket.end());
    });
    const { port } = target;
    await world.names.learn(SANDBOX, list(port));
    await world.names.learn(OTHER, list(port));
    const reached = (from: string) => {
      const socket = dial(world, from, port);
      return once(socket, 'data').then(
        () => socket,
        () => null, // reset
      );
    };
    const kept: (Socket | null)[] = [];
    for (let count = 0; count < 64; count++) kept.push(await reached(SANDBOX));
    assert.equal(await reached(SANDBOX), null);
    const other = await reached(OTHER);
    assert.ok(other);
    kept[0]!.end();
    let again: Socket | null = null;
    while (again === null) again = await reached(SANDBOX); // as soon as the proxy has heard of the end
    for (const socket of [...kept, other, again]) socket!.destroy();
  });

  test('closes a connection on which nothing moves for ten minutes, and none on which something does', async () => {
    const clock = fakeClock();
    await using server = await openNameserver(zone());
    await using world = await openWorld({ nameservers: [server], clock });
    await using target = await far((socket) => socket.pipe(socket));
    const { port } = target;
    await world.names.learn(SANDBOX, list(port));
    const [idle, busy] = [dial(world, SANDBOX, port), dial(world, SANDBOX, port)];
    for (const socket of [idle, busy]) {
      socket.write('x');
      await once(socket, 'data');
    }
    const idleGone = closed(idle);
    for (let minute = 0; minute < 12; minute++) {
      busy.write('x');
      await once(busy, 'data');
      await clock.advance(60_000);
    }
    await idleGone;
    assert.equal(busy.closed, false);
    busy.destroy();
  });

  test('a name that could not be pinned is no secret, and is tried again', async () => {
    await using server = await openNameserver(zone());
    let broken = true;
    await using world = await openWorld({
      nameservers: [server],
      pin: async () => {
        if (broken) throw new Error('no firewall');
      },
    });
    await assert.rejects(world.names.learn(SANDBOX, list(443)), /no firewall/);
    broken = false;
    await world.names.learn(SANDBOX, list(443));
    assert.ok(world.portOf(FIRST, 443));
  });
});

/** A ClientHello with nothing but a name. */
function helloFor(name: string): Buffer {
  const host = Buffer.from(name);
  const sized = (bytes: Buffer, size = 2) => {
    const length = Buffer.alloc(size);
    length.writeUIntBE(bytes.length, 0, size);
    return Buffer.concat([length, bytes]);
  };
  const names = sized(Buffer.concat([Buffer.from([0]), sized(host)]));
  const extensions = sized(Buffer.concat([Buffer.from([0, 0]), sized(names)]));
  const fixed = Buffer.concat([Buffer.from([3, 3]), Buffer.alloc(32), Buffer.from([0, 0, 2, 0x13, 1, 1, 0])]);
  const message = Buffer.concat([Buffer.from([1]), sized(Buffer.concat([fixed, extensions]), 3)]);
  return Buffer.concat([Buffer.from([0x16, 3, 1]), sized(message)]);
}
