import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, suite, test } from 'node:test';
import { systemClock } from '../../../base/index.ts';
import type { Egress } from '../../../model/index.ts';
import type { NetworkSlot } from '../ground.ts';
import { runTool } from '../launcher.ts';
import { GUEST_ADDRESS } from './addresses.ts';
import { uplinkMtu } from './forwarding.ts';
import { type Network, openNetwork, sweepNetwork } from './network.ts';
import { tableOf } from './rules.ts';
import { openWorld } from './world-fixture.ts';

const equipped =
  process.getuid?.() === 0 && ['/usr/sbin/nft', '/usr/sbin/ip'].every((tool) => existsSync(tool));
const skip = equipped ? false : 'needs root, nft and ip';

const INTERNET = '44.128.7.7';
const OTHER_INTERNET = '44.128.7.8';
const PRIVATE = '10.9.9.9';
const DOCUMENTATION = '203.0.113.9';
const METADATA = '169.254.169.254';
const WORLD = [INTERNET, OTHER_INTERNET, PRIVATE, DOCUMENTATION, METADATA];

/** Runs a program inside a sandbox's namespace. @returns what it printed; null when it failed */
async function inside(slot: NetworkSlot, ...words: string[]): Promise<string | null> {
  const name = slot.netnsPath.slice(slot.netnsPath.lastIndexOf('/') + 1);
  return await runTool(['ip', 'netns', 'exec', name, ...words], '').catch(() => null);
}

/** Connects from inside to each of these. @returns what each said; null where there was no connection */
async function said(
  slot: NetworkSlot,
  targets: readonly (readonly [string, number])[],
): Promise<(string | null)[]> {
  const script = `const net = require('node:net');
    const say = ([host, port]) => new Promise((resolve) => {
      const socket = net.connect(port, host);
      socket.setTimeout(500, () => resolve(null));
      socket.on('error', () => resolve(null));
      socket.on('data', (data) => resolve(String(data)));
    });
    Promise.all(${JSON.stringify(targets)}.map(say)).then((all) => { console.log(JSON.stringify(all)); process.exit(); });`;
  return JSON.parse((await inside(slot, process.execPath, '-e', script)) ?? '[]');
}

const world = (slot: NetworkSlot) =>
  said(
    slot,
    WORLD.map((address) => [address, 80] as const),
  );

/** A server of this machine that says who called. */
async function listen(host: string, port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.on('error', () => {}).end(`${socket.remoteAddress}`));
  server.listen(port, host);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** A port that nothing listens at. */
async function freePort(): Promise<number> {
  const { server, port } = await listen('127.0.0.1');
  server.close();
  await once(server, 'close');
  return port;
}

/** What there is of a node on the machine. */
async function left(id: string): Promise<string[]> {
  const lists = [
    ['ip', 'netns', 'list'],
    ['nft', 'list', 'tables'],
    ['ip', 'route'],
  ] as const;
  const printed = await Promise.all(lists.map((words) => runTool([...words], '')));
  const links = readdirSync('/sys/class/net').filter((name) => name.startsWith(`sk${id}`));
  const lines = printed.flatMap((text) => text.split('\n'));
  return [...lines.filter((line) => line.includes(tableOf(id)) || line.includes(`sk${id}`)), ...links];
}

async function open(id: string, ports: readonly number[]): Promise<Network> {
  return await openNetwork({
    id,
    guestPorts: ports,
    clock: systemClock,
    onProblem: (problem) => assert.fail(String(problem)),
  });
}

const freshId = () => randomBytes(3).toString('hex');
const PUBLIC: Egress = { mode: 'public' };

suite('the network of sandboxes', { skip }, () => {
  const id = freshId();
  const held = new AsyncDisposableStack();
  let port = 0;
  let network: Network;
  let slot: NetworkSlot;

  before(async () => {
    held.use(await openWorld(WORLD));
    port = await freePort();
    network = await open(id, [port]);
    held.defer(() => network.close());
    const { server } = await listen(GUEST_ADDRESS, port);
    held.defer(() => void server.close());
    slot = await network.take(PUBLIC);
  });
  after(async () => {
    await held.disposeAsync();
    assert.deepEqual(await left(id), []);
  });

  test('a sandbox reaches its node at the guest address, where it is known by its own', async () => {
    assert.deepEqual(await said(slot, [[GUEST_ADDRESS, port]]), [slot.address]);
  });

  test('nothing else of the host answers it: no other port, no other address, no loopback', async () => {
    const { server, port: anywhere } = await listen('0.0.0.0');
    const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const hosts = own.filter(({ family }) => family === 'IPv4').map(({ address }) => address);
    const targets = hosts.map((address) => [address, anywhere] as const);
    assert.deepEqual(
      await said(slot, targets),
      targets.map(() => null),
    );
    server.close();
  });

  test('the internet answers, the networks around and the metadata address do not', async () => {
    assert.deepEqual(await world(slot), [INTERNET, OTHER_INTERNET, null, null, null]);
  });

  test('no egress is none, all is everything but link-local addresses, and going back is at once', async () => {
    await slot.setEgress({ mode: 'none' });
    assert.deepEqual(await world(slot), [null, null, null, null, null]);
    const node = [port, 80].map((at) => [GUEST_ADDRESS, at] as const);
    assert.deepEqual(await said(slot, node), [slot.address, slot.address], 'the node stays');
    await slot.setEgress({ mode: 'all' });
    assert.deepEqual(await world(slot), [INTERNET, OTHER_INTERNET, PRIVATE, DOCUMENTATION, null]);
    await slot.setEgress(PUBLIC);
    assert.deepEqual(await world(slot), [INTERNET, OTHER_INTERNET, null, null, null]);
  });

  test('a list opens its networks at its ports, private ones included, and nothing else', async () => {
    const cidrs = [
      { cidr: `${INTERNET}/32`, port: 80 },
      { cidr: '10.9.0.0/16', port: null },
      { cidr: `${OTHER_INTERNET}/32`, port: 443 },
    ];
    await slot.setEgress({ mode: 'list', cidrs, names: [] });
    assert.deepEqual(await world(slot), [INTERNET, null, PRIVATE, null, null]);
    await slot.setEgress(PUBLIC);
  });

  test('a list may name a network twice, wide and narrow', async () => {
    const lists = [
      [
        ['10.9.0.0/16', null],
        ['10.9.9.0/24', 80],
        ['10.9.9.9/32', null],
      ],
      [
        ['10.9.9.9/32', 80],
        ['10.9.0.0/16', 80],
        ['10.0.0.0/8', null],
      ],
      [
        ['0.0.0.0/0', 80],
        ['10.9.9.0/24', 5432],
        [`${INTERNET}/32`, null],
      ],
      [
        ['10.9.0.0/16', null],
        ['10.8.0.0/15', 5432],
      ],
    ] as const;
    for (const list of lists) {
      await slot.setEgress({ mode: 'list', cidrs: list.map(([cidr, port]) => ({ cidr, port })), names: [] });
      const [internet, , around] = await world(slot);
      assert.deepEqual([internet, around], [list === lists[2] ? INTERNET : null, PRIVATE]);
    }
    await slot.setEgress(PUBLIC);
  });

  test('a port that the machine leads elsewhere for everybody leads a sandbox nowhere', async () => {
    await using stack = new AsyncDisposableStack();
    const { server, port: hidden } = await listen('0.0.0.0');
    stack.defer(() => void server.close());
    const table = `sktest${id}`;
    const rules = `table ip ${table} { chain elsewhere {
      type nat hook prerouting priority dstnat - 5;
      ip saddr ${slot.address} tcp dport 81 redirect to :${hidden}
      ip saddr ${slot.address} tcp dport 82 dnat to ${GUEST_ADDRESS}:${hidden}
    }
    }`;
    await runTool(['nft', '-f', '-'], rules);
    stack.defer(async () => void (await runTool(['nft', 'delete', 'table', 'ip', table], '')));
    const targets = [81, 82].map((from) => [GUEST_ADDRESS, from] as const);
    assert.deepEqual(await said(slot, targets), [null, null]);
  });

  test('a sandbox reaches no other, of its own node or another', async () => {
    const otherId = freshId();
    const otherPort = await freePort();
    const others = await open(otherId, [otherPort]);
    const [mine, theirs] = await Promise.all([network.take({ mode: 'all' }), others.take(PUBLIC)]);
    assert.notEqual(mine.address, theirs.address);
    // A closed port of a machine that is reached refuses within a moment; out of reach nothing comes back.
    const script = (address: string) => `const start = Date.now();
      require('node:net').connect(9, '${address}').on('error', (error) => { console.log(error.code); process.exit(); });
      setTimeout(() => { console.log('nothing'); process.exit(); }, 500);`;
    assert.equal((await inside(mine, process.execPath, '-e', script(slot.address)))?.trim(), 'nothing');
    assert.equal((await inside(mine, process.execPath, '-e', script(theirs.address)))?.trim(), 'nothing');
    assert.equal((await inside(mine, process.execPath, '-e', script('127.0.0.1')))?.trim(), 'ECONNREFUSED');
    assert.deepEqual(await said(theirs, [[GUEST_ADDRESS, port]]), [null], 'nor another node’s port');
    mine.release();
    await others.close();
    assert.deepEqual(await left(otherId), []);
    assert.deepEqual(
      await said(slot, [[GUEST_ADDRESS, port]]),
      [slot.address],
      'closing one leaves the other',
    );
  });

  test('a packet with another sender is dropped', async () => {
    const spoofed = '10.99.99.99';
    await inside(slot, 'ip', 'address', 'add', `${spoofed}/32`, 'dev', 'eth0'); // a sandbox has no right to that
    const script = `const socket = require('node:net').connect({ port: ${port}, host: '${GUEST_ADDRESS}', localAddress: '${spoofed}' });
      socket.setTimeout(500, () => process.exit(1)); socket.on('error', () => process.exit(1)); socket.on('data', () => process.exit());`;
    assert.equal(await inside(slot, process.execPath, '-e', script), null);
    await inside(slot, 'ip', 'address', 'delete', `${spoofed}/32`, 'dev', 'eth0');
  });

  test('a namespace that was released has the next one’s egress', async () => {
    const slots = await Promise.all(Array.from({ length: 20 }, () => network.take({ mode: 'all' })));
    const used = new Set(slots.map(({ address }) => address));
    for (const one of slots) one.release();
    let next = await network.take(PUBLIC);
    while (!used.has(next.address)) next = await network.take(PUBLIC);
    assert.deepEqual(await world(next), [INTERNET, OTHER_INTERNET, null, null, null]);
  });

  test('IPv6 leads nowhere', async () => {
    const addresses = await inside(slot, 'ip', '-6', '-brief', 'address', 'show', 'dev', 'eth0');
    assert.equal(addresses?.trim(), '');
  });
});

suite('what a killed node leaves of its network', { skip }, () => {
  test('is found by its id and removed, and only that', async () => {
    const [dead, alive] = [freshId(), freshId()];
    const living = await open(alive, [await freePort()]);
    const killed = await open(dead, [await freePort()]);
    await Promise.all(Array.from({ length: 40 }, () => killed.take({ mode: 'none' })));
    assert.ok((await left(dead)).length > 80);
    assert.ok((await sweepNetwork(dead, systemClock)) >= 40);
    assert.deepEqual(await left(dead), []);
    assert.notDeepEqual(await left(alive), []);
    await killed.close();
    await living.close();
  });

  test('forwarding on the uplink is as it was once the last node is gone', async () => {
    const forwarding = () =>
      readFileSync('/proc/net/route', 'latin1')
        .split('\n')
        .filter((line) => line.split('\t')[1] === '00000000')
        .map((line) =>
          readFileSync(`/proc/sys/net/ipv4/conf/${line.split('\t')[0]}/forwarding`, 'latin1').trim(),
        );
    const network = await open(freshId(), [await freePort()]);
    assert.ok(forwarding().every((value) => value === '1'));
    await network.close();
  });

  test('an interface that forwards because of us leads to sandboxes only', async () => {
    const id = freshId();
    const network = await open(id, [await freePort()]);
    const routes = readFileSync('/proc/sys/net/ipv4/ip_forward', 'latin1').trim() === '1';
    const set = await runTool(['nft', 'list', 'set', 'inet', tableOf(id), 'guarded'], '');
    const uplinks = readFileSync('/proc/net/route', 'latin1')
      .split('\n')
      .filter((line) => line.split('\t')[1] === '00000000')
      .map((line) => line.split('\t')[0]);
    for (const link of uplinks) {
      const noted = existsSync(`/run/skein/forwarding/${link}`);
      assert.equal(set.includes(`"${link}"`), noted && !routes, `${link} in ${set}`);
    }
    const width = await runTool(['ip', '-o', 'link', 'show', `sk${id}v1`], '');
    assert.match(width, new RegExp(` mtu ${uplinkMtu()} `));
    await network.close();
  });
});
