import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { openTestApp, type ProxiedApp, says } from './proxy-fixture.ts';

/** Something between the proxy and PostgreSQL: it can be cut, and it can speak TLS where PostgreSQL does not. */
class Between implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #tls: { cert: Buffer; key: Buffer } | null;
  #isCut = false;
  target = { host: '', port: 0 };

  constructor(tls: { cert: Buffer; key: Buffer } | null = null) {
    this.#tls = tls;
    this.#server = createServer((socket) => void this.#carry(socket));
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async #carry(socket: Socket): Promise<void> {
    socket.on('error', () => {});
    if (this.#isCut) return void socket.destroy();
    let near: Socket = socket;
    if (this.#tls !== null) {
      await once(socket, 'data'); // asks for TLS
      socket.write('S');
      near = new TLSSocket(socket, { isServer: true, ...this.#tls });
    }
    const far = connect(this.target);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => {}).once('close', () => other.destroy());
      one.pipe(other);
    }
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  mend(): void {
    this.#isCut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

suite('when PostgreSQL is away', () => {
  const between = new Between();
  let app: ProxiedApp;
  before(async () => {
    const port = await between.listen();
    app = await openTestApp({
      server(real) {
        between.target = real;
        return { host: '127.0.0.1', port };
      },
    });
  });
  after(async () => {
    await app?.[Symbol.asyncDispose]();
    await between[Symbol.asyncDispose]();
  });

  test('who is in a transaction is disconnected, who is not goes on, and all is well when it is back', async () => {
    const [idle, busy] = [await app.wire(), await app.wire()];
    idle.say(says.query('select 1'));
    assert.equal(await idle.until(), 'TDCZ');
    busy.say(says.query('begin'));
    assert.equal(await busy.until(), 'CZ');
    between.cut();
    assert.equal(await busy.until(), 'E.');
    assert.match(busy.lastError, /SFATAL .*C08006 .*was lost/);
    idle.say(says.query('select 1'));
    assert.equal(await idle.until(), 'EZ');
    assert.match(idle.lastError, /SERROR .*C08006 .*cannot be reached/);
    between.mend();
    idle.say(says.query('select 1'));
    assert.equal(await idle.until(), 'TDCZ');
  });

  test('a connection that PostgreSQL ends says why', async () => {
    const client = await app.wire();
    client.say(says.query('select pg_terminate_backend(pg_backend_pid())'));
    assert.match(await client.until('.'), /^[^E]*E\.$/);
    assert.match(client.lastError, /C57P01/);
  });
});

const skip =
  spawnSync('openssl', ['version']).status === 0 ? false : 'there is no openssl here to make a certificate';

suite('a server that speaks TLS', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skein-tls-'));
  const [certPath, keyPath] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  let between: Between;
  let port: number;
  before(async () => {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const files = ['-keyout', keyPath, '-out', certPath];
    execFileSync('openssl', ['req', '-x509', ...curve, ...name, ...files], { stdio: 'ignore' });
    between = new Between({ cert: readFileSync(certPath), key: readFileSync(keyPath) });
    port = await between.listen();
  });
  after(async () => {
    await between?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [search, host, works] of [
    ['?sslmode=require', 'localhost', true],
    ['?sslmode=prefer', '127.0.0.1', true],
    ['?sslmode=verify-full', 'localhost', false],
    ['?sslmode=verify-full&sslrootcert=CERT', 'localhost', true],
    ['?sslmode=verify-full&sslrootcert=CERT', '127.0.0.1', false],
    ['?sslmode=verify-ca&sslrootcert=CERT', '127.0.0.1', true],
  ] as const) {
    test(`${search} at ${host}: ${works ? 'connects' : 'is refused'}`, async () => {
      await using app = await openTestApp({
        server(real) {
          between.target = real;
          return { host, port, search: search.replace('CERT', encodeURIComponent(certPath)) };
        },
      });
      const client = await app.wire();
      if (!works) return assert.match(client.lastError, /C08006 MPostgreSQL cannot be reached/);
      client.say(says.query('select 1'));
      assert.equal(await client.until(), 'TDCZ');
    });
  }

  test('is demanded where there is none', async () => {
    await using app = await openTestApp({ server: (real) => ({ ...real, search: '?sslmode=require' }) });
    const client = await app.wire();
    assert.match(client.lastError, /the server has no TLS, and sslmode=require demands it/);
  });
});

suite('a client that does not go on', () => {
  let app: ProxiedApp;
  before(async () => {
    app = await openTestApp({ limits: { stallMs: 300, functionConnections: 1 } });
  });
  after(() => app?.[Symbol.asyncDispose]());

  test('in a half-finished request is disconnected, and its connection is another’s', async () => {
    const [slow, next] = [await app.wire(), await app.wire()];
    slow.say(says.parse('', 'select 1'), says.flush);
    assert.equal(await slow.until('1'), '1');
    next.say(says.query('select 1'));
    assert.equal(await slow.until('.'), 'E.');
    assert.match(slow.lastError, /C25P03/);
    assert.equal(await next.until(), 'TDCZ');
  });

  test('because it does not read is disconnected, too', async () => {
    const [slow, next] = [await app.wire(), await app.wire()];
    slow.socket.pause();
    slow.say(says.query(`select repeat('x', 1000000) from generate_series(1, 200)`));
    next.say(says.query('select 1'));
    assert.equal(await next.until(), 'TDCZ');
    slow.socket.destroy();
  });
});
