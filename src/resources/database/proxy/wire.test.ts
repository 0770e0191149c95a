import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type ProxiedApp, proxiedApp, says, type WireClient } from './proxy-fixture.ts';

suite('messages, one by one', () => {
  let app: ProxiedApp;
  let client: WireClient;
  before(async () => {
    app = await proxiedApp();
    client = await app.wire();
  });
  after(() => app?.[Symbol.asyncDispose]());

  /** One request, and that the client is in order after it. */
  async function exchange(messages: Buffer[], types: string): Promise<void> {
    client.say(...messages);
    assert.equal(await client.until(), types, client.lastError);
    client.say(says.query('select 1'));
    assert.equal(await client.until(), 'TDCZ');
  }
  const { parse, bind, describe, close, execute, flush, sync, query } = says;

  test('a named statement is prepared once, and answered as often as it is asked for', async () => {
    await exchange([parse('a', 'select 1'), describe('a'), sync], '1tTZ');
    await exchange([bind('a'), execute(), sync], '2DCZ');
    await exchange([close('a'), parse('a', 'select 1'), bind('a'), execute(), sync], '312DCZ');
    const other = await app.wire();
    other.say(
      parse('b', 'select 1'),
      bind('b'),
      execute(),
      parse('c', 'select 2'),
      bind('c'),
      execute(),
      sync,
    );
    assert.equal(await other.until(), '12DC12DCZ');
    other.socket.destroy();
  });

  test('a name is taken, and one is not known, as PostgreSQL says it', async () => {
    await exchange([parse('a', 'select 2'), sync], 'EZ');
    assert.match(client.lastError, /C42P05/);
    await exchange([bind('nobody'), execute(), sync], 'EZ');
    assert.match(client.lastError, /C26000 Mprepared statement "nobody" does not exist/);
    await exchange([close('a'), parse('a', 'select 2'), bind('a'), execute(), sync], '312DCZ');
  });

  test('an error skips everything up to the Sync, also what is noted', async () => {
    await exchange([parse('e', 'select nonsense'), bind('e'), execute(), parse('f', 'select 1'), sync], 'EZ');
    await exchange([parse('f', 'select 3'), bind('f'), execute(), sync], '12DCZ');
    await exchange([parse('e', 'select 1'), bind('e'), execute(), sync], '12DCZ');
    await exchange([parse('g', 'select 1/0'), bind('g'), execute(), close('f'), sync], '1EZ');
    await exchange([bind('f'), execute(), sync], '2DCZ');
    await exchange([close('g'), close('f'), sync], '33Z');
  });

  test('each Sync has its answer when many are sent at once', async () => {
    client.say(
      parse('', 'select 1/0'),
      bind(''),
      execute(),
      sync,
      parse('', 'select 1'),
      bind(''),
      execute(),
      sync,
    );
    assert.equal(await client.until(), '1EZ');
    assert.equal(await client.until(), '12DCZ');
  });

  test('Flush brings the answers, and the connection is kept until a Sync', async () => {
    client.say(parse('', 'select 1'), describe(''), flush);
    assert.equal(await client.until('T'), '1tT');
    await exchange([bind(''), execute(), sync], '2DCZ');
  });

  test('what follows an error without a Sync is skipped', async () => {
    client.say(parse('', 'select nonsense'), flush);
    assert.equal(await client.until('E'), 'E');
    client.say(bind(''), execute(), query('select 1'));
    await exchange([sync], 'Z');
  });

  test('the unnamed statement is there in the next transaction', async () => {
    await exchange([parse('', 'select 5'), sync], '1Z'); // and a query, which drops it
    await exchange([bind(''), execute(), sync], 'EZ');
    client.say(parse('', 'select 5'), sync);
    assert.equal(await client.until(), '1Z');
    const other = await app.wire();
    other.say(parse('', 'select 6, 7'), sync);
    assert.equal(await other.until(), '1Z');
    await exchange([bind(''), execute(), sync], '2DCZ');
    other.socket.destroy();
  });

  test('portals live as long as their transaction', async () => {
    client.say(query('begin'));
    assert.equal(await client.until(), 'CZ');
    client.say(parse('', 'select generate_series(1, 3)'), bind('', 'p'), sync);
    assert.equal(await client.until(), '12Z');
    client.say(says.execute('p'), sync);
    assert.equal(await client.until(), 'DDDCZ');
    await exchange([query('commit')], 'CZ');
  });

  test('DEALLOCATE is of the client’s names', async () => {
    await exchange([parse('d', 'select 1'), sync], '1Z');
    await exchange([query('deallocate "d"')], 'CZ');
    await exchange([query('deallocate d')], 'EZ');
    await exchange([parse('d', 'select 2'), bind('d'), execute(), sync], '12DCZ');
    await exchange([query('deallocate all')], 'CZ');
    await exchange([parse('d', 'select 3'), bind('d'), execute(), sync], '12DCZ');
    await exchange([query('discard all')], 'CZ');
    await exchange([parse('d', 'select 4'), bind('d'), execute(), sync], '12DCZ');
  });

  test('data to copy, by either protocol, and what comes late of it', async () => {
    await exchange([query('create table copies (id int)')], 'CZ');
    const data = [says.copyData('1\n'), says.copyDone];
    await exchange([query('copy copies from stdin'), ...data], 'GCZ');
    await exchange([query('copy nowhere from stdin'), ...data], 'EZ');
    await exchange([query('copy copies from stdin'), says.copyData('x\n'), ...data], 'GEZ');
    await exchange([parse('', 'copy copies from stdin'), bind(''), execute(), ...data, sync], '12GCZ');
    client.say(parse('', 'copy copies from stdin'), bind(''), execute(), sync);
    assert.equal(await client.until('G'), '12G');
    await exchange([...data, sync], 'CZ');
    client.say(query('select count(*) from copies'));
    assert.equal(await client.until(), 'TDCZ');
  });

  test('more statements than a connection keeps', async () => {
    for (let n = 0; n < 450; n++) client.say(parse(`m${n}`, `select ${n}`), bind(`m${n}`), execute(), sync);
    for (let n = 0; n < 450; n++) assert.equal(await client.until(), '12DCZ');
    for (let n = 0; n < 450; n++) client.say(bind(`m${n}`), execute(), close(`m${n}`), sync);
    for (let n = 0; n < 450; n++) assert.equal(await client.until(), '2DC3Z');
  });

  test('a statement whose result has changed is prepared anew by who prepares it anew', async () => {
    await exchange([query('create table changing (a int); insert into changing values (1)')], 'CCZ');
    await exchange([parse('ch', 'select * from changing'), bind('ch'), execute(), sync], '12DCZ');
    await exchange([query('alter table changing add b int')], 'CZ');
    await exchange([bind('ch'), execute(), sync], 'EZ');
    await exchange(
      [close('ch'), parse('ch', 'select * from changing'), bind('ch'), execute(), sync],
      '312DCZ',
    );
  });
});
