import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { encode } from 'dns-packet';
import { fakeClock } from '../../../base/fake-clock.ts';
import type { Egress } from '../../../model/index.ts';
import { a, ask, closed, connectFrom, HOST, openNameserver, openWorld } from './names-fixture.ts';
import { framed } from './nameservers.ts';

const SANDBOX = '127.0.0.11';
const OTHER = '127.0.0.12';
const PUBLIC: Egress = { mode: 'public' };
const LIST: Egress = {
  mode: 'list',
  cidrs: [],
  names: [
    { host: 'api.example.com', port: 443 },
    { host: 'b.example.com', port: 25 },
  ],
};
const isDenied = (address: string) => address.startsWith('10.');
const NOTHING = { rcode: 'NOERROR', answers: [], truncated: false };
const NO_SUCH_NAME = { ...NOTHING, rcode: 'NXDOMAIN' };

suite('the resolver of sandboxes', () => {
  test('forwards for the public, without addresses of private networks', async () => {
    const zone = {
      'example.com': [a('example.com', '44.0.0.1'), a('example.com', '10.0.0.1')],
      'rebound.com': [a('rebound.com', '10.0.0.1')],
    };
    await using server = await openNameserver(zone);
    await using world = await openWorld({ nameservers: [server], isDenied });
    await world.names.learn(SANDBOX, PUBLIC);
    for (const by of ['udp', 'tcp'] as const) {
      const found = await ask(world, SANDBOX, { name: 'Example.com', by });
      assert.deepEqual(found, { ...NOTHING, answers: ['A 44.0.0.1'] });
    }
    assert.deepEqual(await ask(world, SANDBOX, { name: 'rebound.com' }), NOTHING);
    assert.deepEqual(await ask(world, SANDBOX, { name: 'nobody.com' }), NO_SUCH_NAME);
    await world.names.learn(SANDBOX, { mode: 'all' });
    assert.deepEqual((await ask(world, SANDBOX, { name: 'rebound.com' })).answers, ['A 10.0.0.1']);
    assert.deepEqual(world.problems, []);
  });

  test('knows no IPv6 and no names of other platforms, without asking anybody', async () => {
    await using server = await openNameserver({ 'example.com': [] });
    await using world = await openWorld({ nameservers: [server] });
    await world.names.learn(SANDBOX, PUBLIC);
    assert.deepEqual(await ask(world, SANDBOX, { name: 'example.com', type: 'AAAA' }), NOTHING);
    for (const name of ['internal', 'metadata.google.internal', 'a.orders.internal']) {
      assert.deepEqual(await ask(world, SANDBOX, { name }), NO_SUCH_NAME, name);
    }
    assert.equal((await ask(world, SANDBOX, { name: 'example.com', type: 'AXFR' })).rcode, 'REFUSED');
    assert.deepEqual(server.asked, []);
  });

  test('leads the names of functions to the node, whatever the egress', async () => {
    await using server = await openNameserver({});
    await using world = await openWorld({ nameservers: [server] });
    for (const egress of [PUBLIC, LIST, { mode: 'none' }, { mode: 'all' }] as const) {
      await world.names.learn(SANDBOX, egress);
      const found = await ask(world, SANDBOX, { name: 'Orders.internal' });
      assert.deepEqual(found, { ...NOTHING, answers: [`A ${HOST}`] });
      assert.deepEqual(await ask(world, SANDBOX, { name: 'orders.internal', type: 'AAAA' }), NOTHING);
    }
    assert.deepEqual(server.asked, []);
  });

  test('refuses everything else to who may connect to nothing', async () => {
    await using server = await openNameserver({ 'example.com': [a('example.com', '44.0.0.1')] });
    await using world = await openWorld({ nameservers: [server] });
    await world.names.learn(SANDBOX, { mode: 'none' });
    assert.equal((await ask(world, SANDBOX, { name: 'example.com' })).rcode, 'REFUSED');
    assert.deepEqual(server.asked, []);
  });

  test('answers a list with virtual addresses, the same for all who list the name, and nothing else', async () => {
    await using server = await openNameserver({ 'other.com': [a('other.com', '44.0.0.1')] });
    await using world = await openWorld({ nameservers: [server] });
    await world.names.learn(SANDBOX, LIST);
    await world.names.learn(OTHER, LIST);
    for (const from of [SANDBOX, OTHER]) {
      assert.deepEqual((await ask(world, from, { name: 'API.example.com' })).answers, ['A 10.127.16.1']);
      assert.deepEqual((await ask(world, from, { name: 'b.example.com' })).answers, ['A 10.127.16.2']);
    }
    assert.deepEqual(await ask(world, SANDBOX, { name: 'api.example.com', type: 'TXT' }), NOTHING);
    assert.deepEqual(await ask(world, SANDBOX, { name: 'api.example.com', type: 'AAAA' }), NOTHING);
    for (const name of ['other.com', 'x.api.example.com', 'example.com']) {
      assert.deepEqual(await ask(world, SANDBOX, { name }), NO_SUCH_NAME);
    }
    assert.deepEqual(server.asked, []);
    assert.ok(world.portOf('10.127.16.1', 443), 'it is pinned before learn resolves');
    assert.equal(world.portOf('10.127.16.1', 25), undefined);
  });

  test('says nothing to who is not known, or is no more', async () => {
    const clock = fakeClock();
    await using world = await openWorld({ clock });
    await world.names.learn(SANDBOX, { mode: 'none' });
    await assert.rejects(ask(world, OTHER, { name: 'example.com', by: 'tcp' }));
    world.names.forget(SANDBOX);
    await assert.rejects(ask(world, SANDBOX, { name: 'example.com', by: 'tcp' }));
    // The datagram of a stranger is read before the one of somebody known, which is answered.
    await world.names.learn(SANDBOX, { mode: 'none' });
    await using stranger = createSocket('udp4');
    stranger.bind(0, OTHER);
    await once(stranger, 'listening');
    stranger.on('message', () => assert.fail('it was answered'));
    const query = encode({ type: 'query', id: 7, questions: [{ name: 'example.com', type: 'A' }] });
    await new Promise((sent) => stranger.send(query, world.names.dnsPort, HOST, sent));
    assert.equal((await ask(world, SANDBOX, { name: 'example.com' })).rcode, 'REFUSED');
  });

  test('asks the next nameserver where one says nothing, or says nonsense', async () => {
    const clock = fakeClock();
    await using silent = await openNameserver({ 'example.com': 'silence' });
    await using broken = await openNameserver({ 'example.com': 'garbage' });
    await using good = await openNameserver({ 'example.com': [a('example.com', '44.0.0.1')] });
    for (const first of [silent, broken]) {
      await using world = await openWorld({ nameservers: [first, good], clock });
      await world.names.learn(SANDBOX, PUBLIC);
      const found = ask(world, SANDBOX, { name: 'example.com' });
      while (good.asked.length === 0) await clock.advance(500);
      assert.deepEqual((await found).answers, ['A 44.0.0.1']);
      good.asked.length = 0;
    }
  });

  test('fails where no nameserver answers, and where there is none', async () => {
    const gone = await openNameserver({});
    await gone[Symbol.asyncDispose]();
    for (const nameservers of [[gone], []]) {
      await using world = await openWorld({ nameservers });
      await world.names.learn(SANDBOX, PUBLIC);
      assert.equal((await ask(world, SANDBOX, { name: 'example.com' })).rcode, 'SERVFAIL');
    }
  });

  test('fetches by TCP what is too long for UDP, and gives it on in the same way', async () => {
    const many = Array.from({ length: 40 }, (_, index) => a('example.com', `44.0.0.${index}`));
    await using server = await openNameserver({ 'example.com': many });
    await using world = await openWorld({ nameservers: [server] });
    await world.names.learn(SANDBOX, PUBLIC);
    assert.equal((await ask(world, SANDBOX, { name: 'example.com' })).truncated, true);
    const whole = await ask(world, SANDBOX, { name: 'example.com', by: 'tcp' });
    assert.equal(whole.answers.length, 40);
    assert.deepEqual(server.asked.slice(-2), ['udp example.com A', 'tcp example.com A']);
  });

  test('lets go of who is slow, of who talks without end, and of nonsense', async () => {
    const clock = fakeClock();
    await using world = await openWorld({ clock });
    await world.names.learn(SANDBOX, PUBLIC);
    const { dnsPort } = world.names;

    const slow = connectFrom(SANDBOX, dnsPort);
    const slowGone = closed(slow);
    let over = false;
    void slowGone.then(() => (over = true));
    slow.resume().write('\0');
    await once(slow, 'connect');
    while (!over) await clock.advance(1_000);

    for (const said of [framed(Buffer.from('nonsense')), Buffer.alloc(100_000, 255)]) {
      const socket = connectFrom(SANDBOX, dnsPort);
      const gone = closed(socket);
      socket.resume().end(said);
      await gone;
    }
    assert.deepEqual(world.problems, []);
  });

  test('has at most eight connections of one sandbox', async () => {
    await using world = await openWorld();
    await world.names.learn(SANDBOX, { mode: 'none' });
    const kept = [];
    for (let count = 0; count < 8; count++) {
      const socket = connectFrom(SANDBOX, world.names.dnsPort);
      socket.on('error', () => {});
      await once(socket, 'connect');
      kept.push(socket);
    }
    await assert.rejects(ask(world, SANDBOX, { name: 'example.com', by: 'tcp' }));
    for (const socket of kept) socket.destroy();
  });
});
