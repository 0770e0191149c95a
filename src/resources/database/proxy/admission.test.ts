import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, suite, test } from 'node:test';
import postgres from 'postgres';
import { type ProxiedApp, proxiedApp, says } from './proxy-fixture.ts';
import { ASK, cancelRequest, int32, message, PROTOCOL, startupMessage, zeroEnded } from './wire.ts';

suite('who comes to the proxy', () => {
  let app: ProxiedApp;
  let other: ProxiedApp;
  before(async () => {
    [app, other] = await Promise.all([proxiedApp({ strangers: 5, functionClients: 3 }), proxiedApp()]);
  });
  after(async () => {
    assert.deepEqual(app.problems, []);
    await Promise.all([app?.[Symbol.asyncDispose](), other?.[Symbol.asyncDispose]()]);
  });

  async function outcome(change: (url: URL) => void): Promise<unknown> {
    const url = new URL(app.url());
    change(url);
    const sql = postgres(url.href, { max: 1 });
    try {
      return await sql`select 1`;
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  test('is refused without its own secret, as PostgreSQL does it', async () => {
    const secret = new URL(app.url()).password;
    for (const password of [
      '',
      'x',
      secret.slice(0, -1),
      `${secret}x`,
      `other${secret}`,
      app.database.password,
    ]) {
      assert.equal(await outcome((url) => (url.password = password)), '28P01', password);
    }
    assert.equal(await outcome((url) => (url.username = other.database.roleName)), '28P01');
  });

  test('reaches no other database', async () => {
    for (const name of ['postgres', 'template1', other.database.databaseName, 'nowhere']) {
      assert.equal(await outcome((url) => (url.pathname = name)), '3D000', name);
    }
  });

  test('has a bound for each function', async () => {
    const clients = await Promise.all(Array.from({ length: 3 }, () => app.wire('many')));
    const fourth = await app.wire('many');
    assert.match(fourth.lastError, /C53300 .*function many has 3 connections/);
    for (const client of clients) client.socket.destroy();
  });

  async function answerTo(...bytes: Buffer[]): Promise<string> {
    const socket = connect(app.proxy.port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {});
    socket.write(Buffer.concat(bytes));
    await once(socket, 'close');
    return Buffer.concat(chunks).toString('latin1');
  }

  test('may say nonsense, and is hung up on', async () => {
    const { roleName: user, databaseName: database } = app.database;
    const start = startupMessage([
      ['user', user],
      ['database', database],
    ]);
    const ssl = Buffer.concat([int32(8), int32(PROTOCOL.ssl)]);
    assert.match(await answerTo(Buffer.from('GET / HTTP/1.1\r\n\r\n')), /08P01/);
    assert.match(await answerTo(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1])), /08P01/);
    assert.match(await answerTo(int32(0x7fffffff), int32(PROTOCOL.version)), /08P01/);
    assert.match(await answerTo(int32(-1)), /08P01/);
    assert.match(await answerTo(int32(8), int32(2 << 16)), /unsupported frontend protocol 2.0/);
    assert.match(await answerTo(ssl, ssl, ssl), /^NNE/);
    assert.match(await answerTo(startupMessage([['database', database]])), /no PostgreSQL user/);
    assert.match(
      await answerTo(
        startupMessage([
          ['user', user],
          ['replication', 'true'],
        ]),
      ),
      /replication/,
    );
    assert.match(await answerTo(start, Buffer.from('Qxxxx')), /08P01/);
    assert.match(await answerTo(start, message(ASK.password, Buffer.alloc(2_000, 0x61))), /08P01/);
    assert.match(await answerTo(start, message(ASK.password, Buffer.from('no end'))), /08P01/);
    assert.equal(await answerTo(cancelRequest({ processId: 1, secret: Buffer.alloc(4) })), '');
    const minor = Buffer.from(start);
    minor.writeInt32BE(0x30002, 4);
    assert.match(await answerTo(minor, message(ASK.password, zeroEnded('x'))), /^v.*R.*28P01/s);
  });

  test('may say nonsense later on, and harms only itself', async () => {
    const steady = await app.wire();
    for (const bytes of [
      Buffer.from('Z\0\0\0\x04'),
      Buffer.from('Q\0\0\0\x03'),
      Buffer.from('Q\x7f\xff\xff\xff'),
      message(ASK.query, Buffer.from('no end')),
      message(ASK.parse, Buffer.from('no end')),
      message(ASK.bind, Buffer.from('\0no end')),
      message(ASK.describe),
      message(ASK.close, Buffer.alloc(100_000, 0x61)),
      message(ASK.password, zeroEnded('again')),
    ]) {
      const client = await app.wire('nonsense');
      client.say(bytes);
      assert.match(await client.until('.'), /E\.$/);
      assert.match(client.lastError, /C08P01/);
    }
    steady.say(says.query('select 1'));
    assert.equal(await steady.until(), 'TDCZ');
    steady.socket.destroy();
  });

  test('has a bound for each address that is not this machine’s', async () => {
    await using own = await proxiedApp({ socketsOfAddress: 2 });
    const from = () =>
      connect({ port: own.proxy.port, host: '127.0.0.1', localAddress: '127.0.0.2' }).on('error', () => {});
    const sockets = [from(), from(), from()];
    const [refusal] = (await once(sockets[2]!, 'data')) as [Buffer];
    assert.match(refusal.toString(), /53300/);
    for (const socket of sockets) socket.destroy();
  });

  test('who says nothing makes room for who does', async () => {
    const silent = Array.from({ length: 20 }, () =>
      connect(app.proxy.port, '127.0.0.1').on('error', () => {}),
    );
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    assert.equal(((await outcome(() => {})) as unknown[]).length, 1);
    for (const socket of silent) socket.destroy();
  });
});
