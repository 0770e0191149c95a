import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { chown, mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { type Fault, processIdentity, systemClock } from '../../base/index.ts';
import { connect } from '../connect.ts';
import { type EmbeddedEvent, type EmbeddedServer, startEmbedded } from './embedded.ts';
import { boundLog } from './launch.ts';
import type { Place } from './place.ts';

const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? false : 'only root can start the server as another user';

suite('a running embedded PostgreSQL', () => {
  let home: string;
  let server: EmbeddedServer;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'skein-embedded-'));
    server = await startEmbedded({ home, clock: systemClock });
  });
  after(async () => {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  });

  test('is durable, checked, in UTF-8, and keeps connections for the platform', async () => {
    const settings = await query(
      server,
      `
      select current_setting('fsync') as fsync, current_setting('data_checksums') as checksums,
        current_setting('server_encoding') as encoding, current_setting('max_connections') as most,
        current_setting('superuser_reserved_connections') as kept,
        current_setting('listen_addresses') as listens, 'ä' < 'b' as by_bytes, upper('é') as upper`,
    );
    assert.deepEqual(
      { ...settings },
      {
        ...{ fsync: 'on', checksums: 'on', encoding: 'UTF8', most: '200', kept: '30' },
        ...{ listens: '127.0.0.1', by_bytes: false, upper: 'É' },
      },
    );
  });

  test('takes nobody without the password', async () => {
    const url = new URL(server.url);
    url.password = 'guessed';
    const sql = connect({ url: url.href, max: 1 });
    await assert.rejects(sql`select 1`.execute(), { code: '28P01' });
    await sql.end();
  });

  test('keeps its files to itself in a home that others may pass', async () => {
    const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    assert.equal(await mode(home), '711');
    assert.equal(await mode(join(home, 'postgresql', 'data')), '700');
    assert.equal(await mode(join(home, 'postgresql', 'password')), '600');
    assert.equal(await mode(join(home, 'postgresql', 'server.log')), '600');
  });

  test('runs in a session of its own, and not as root', { skip: needsRoot }, async () => {
    const fields = (await readFile(`/proc/${server.pid}/stat`, 'latin1')).split(') ')[1]!.split(' ');
    assert.equal(Number(fields[3]), server.pid, 'leader of its session');
    const { uid } = await stat(`/proc/${server.pid}`);
    assert.notEqual(uid, 0);
    assert.equal((await stat(join(home, 'postgresql', 'data'))).uid, uid);
    const program = await readlink(`/proc/${server.pid}/exe`);
    assert.ok(program.startsWith(home), `${program} is inside the home, wherever the clone is`);
  });

  test('has a log that is moved aside when it has grown', async () => {
    const place = { log: join(home, 'postgresql', 'server.log') } as Place;
    await boundLog(place, 1_000_000);
    assert.ok((await stat(place.log)).size > 0);
    await boundLog(place, 10);
    assert.equal((await stat(place.log)).size, 0);
    assert.match(await readFile(`${place.log}.1`, 'utf8'), /ready to accept connections/);
  });
});

suite('the embedded PostgreSQL', () => {
  let home: string;
  let server: EmbeddedServer | undefined;
  let events: EmbeddedEvent[] = [];
  let onEvent: (event: EmbeddedEvent) => void = () => {};

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'skein-embedded-'));
    events = [];
    onEvent = () => {};
  });
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    await rm(home, { recursive: true, force: true });
  });

  async function start(at = home, lines: string[] = []): Promise<EmbeddedServer> {
    server = await startEmbedded({
      home: at,
      clock: systemClock,
      onProgress: (line) => lines.push(line),
      onEvent: (event) => {
        events.push(event);
        onEvent(event);
      },
    });
    return server;
  }

  const ask = (text: string) => query(server!, text);

  test('makes its data once, says so, and keeps it over a restart', async () => {
    const lines: string[] = [];
    await start(home, lines);
    assert.deepEqual(lines, ['Creating the database…']);
    await ask('create table kept as select 42 as it');
    await server!.stop();
    lines.length = 0;
    await start(home, lines);
    assert.deepEqual(lines, []);
    assert.deepEqual({ ...(await ask('select * from kept')) }, { it: 42 });
  });

  test('starts in a home that its user has no path to', { skip: needsRoot }, async () => {
    // mkdtemp closes the folder to others, as `mktemp -d` does.
    await start(join(home, 'inner', 'home'));
    assert.deepEqual({ ...(await ask('select 1 as it')) }, { it: 1 });
    await server!.stop();
    await start(join(home, 'inner', 'home'));
  });

  test('is restarted on the same port when it ends by itself', async () => {
    await start();
    await ask('create table kept as select 42 as it');
    const { pid, port } = server!;
    const restarted = new Promise<void>((resolve) => {
      onEvent = (event) => event.kind === 'restarted' && resolve();
    });
    process.kill(pid, 'SIGKILL');
    await restarted;
    assert.deepEqual(events[0], { kind: 'ended', reason: 'signal SIGKILL' });
    assert.notEqual(server!.pid, pid);
    assert.equal(server!.port, port);
    assert.deepEqual({ ...(await ask('select * from kept')) }, { it: 42 });
  });

  test('stops while it is being restarted, and stays stopped', async () => {
    await start();
    const ended = new Promise<void>((resolve) => {
      onEvent = (event) => event.kind === 'ended' && resolve();
    });
    process.kill(server!.pid, 'SIGKILL');
    await ended;
    await server!.stop();
    await server!.exited;
    assert.equal(processIdentity(server!.pid), null);
    assert.deepEqual(
      events.map((event) => event.kind),
      ['ended'],
    );
  });

  test('ends a server that a killed node has left, and keeps what it held', async () => {
    const node = spawn(process.execPath, ['--input-type=module', '-e', nodeThatIsKilled(home)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await node.stdout.take(1).toArray()) as [Buffer];
    const left = Number(line.toString());
    node.kill('SIGKILL');
    assert.notEqual(processIdentity(left), null, 'the server outlives its node');
    await start();
    assert.equal(processIdentity(left), null);
    assert.deepEqual({ ...(await ask('select * from kept')) }, { it: 42 });
  });

  test('recovers from a power cut: the server gone, its pid file left', async () => {
    await start();
    await ask('create table kept as select 42 as it');
    const file = join(home, 'postgresql', 'data', 'postmaster.pid');
    const left = await readFile(file, 'utf8');
    await server!.stop();
    for (const text of [left, '', left.replace(/^\d+/, String(process.pid))]) {
      await writeFile(file, text);
      if (isRoot) await giveToServer(file);
      await start();
      assert.deepEqual({ ...(await ask('select * from kept')) }, { it: 42 });
      await server!.stop();
    }
  });

  test('leaves a stranger alone whose pid is in the pid file', async () => {
    await start();
    await server!.stop();
    const file = join(home, 'postgresql', 'data', 'postmaster.pid');
    const owner = (await stat(join(home, 'postgresql', 'data'))).uid;
    // Of the same user as the server, so that PostgreSQL by itself would refuse to start.
    const stranger = spawn('sleep', ['60'], isRoot ? { uid: owner } : {});
    await writeFile(file, `${stranger.pid}\n${join(home, 'postgresql', 'data')}\n`);
    await start();
    assert.notEqual(processIdentity(stranger.pid!), null);
    stranger.kill();
  });

  test('does not touch a data folder of another major version', async () => {
    const data = join(home, 'postgresql', 'data');
    await mkdir(data, { recursive: true });
    await writeFile(join(data, 'PG_VERSION'), '17\n');
    await assert.rejects(start(), (error: Fault) => {
      assert.equal(error.code, 'database-incompatible');
      assert.match(error.message, /PostgreSQL 17.*brings PostgreSQL 18/);
      return true;
    });
    assert.equal(await readFile(join(data, 'PG_VERSION'), 'utf8'), '17\n');
  });

  test('begins anew when making its data was interrupted', async () => {
    const draft = join(home, 'postgresql', 'data.new');
    await mkdir(draft, { recursive: true });
    await writeFile(join(draft, 'half'), 'done');
    await start();
    await assert.rejects(stat(draft), { code: 'ENOENT' });
  });

  test('says the server’s own reason when it does not start', async () => {
    await start();
    await server!.stop();
    await writeFile(join(home, 'postgresql', 'data', 'postgresql.conf'), 'nonsense = 1\n');
    await assert.rejects(start(), (error: Fault) => {
      assert.equal(error.code, 'database-unavailable');
      assert.match(error.message, /nonsense/);
      return true;
    });
  });

  test('also runs for a user who is not root', { skip: needsRoot }, async () => {
    const { uid, gid } = await anybody();
    await chown(home, uid, gid);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', nodeThatStops(home)],
      { uid, gid, env: {}, cwd: '/' },
    );
    assert.equal(stdout.trim(), String(uid));
  });

  async function giveToServer(file: string): Promise<void> {
    const { uid, gid } = await stat(join(home, 'postgresql', 'data'));
    await chown(file, uid, gid);
  }
});

async function query(server: EmbeddedServer, text: string): Promise<object> {
  const sql = connect({ url: server.url, max: 1 });
  try {
    return (await sql.unsafe(text))[0] as object;
  } finally {
    await sql.end();
  }
}

async function anybody(): Promise<{ uid: number; gid: number }> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((user) => user.startsWith('nobody:'));
  const [, , uid, gid] = line!.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

const IMPORTS = `
  import { stat } from 'node:fs/promises';
  import { startEmbedded } from '${import.meta.dirname}/embedded.ts';
  import { connect } from '${import.meta.dirname}/../connect.ts';
  import { systemClock as clock } from '${import.meta.dirname}/../../base/index.ts';`;

function nodeThatIsKilled(home: string): string {
  return `${IMPORTS}
    const server = await startEmbedded({ home: '${home}', clock });
    const sql = connect({ url: server.url });
    await sql\`create table kept as select 42 as it\`;
    console.log(server.pid);`; // its open connection keeps it alive
}

function nodeThatStops(home: string): string {
  return `${IMPORTS}
    const server = await startEmbedded({ home: '${home}', clock });
    console.log((await stat('/proc/' + server.pid)).uid);
    await server.stop();`;
}
