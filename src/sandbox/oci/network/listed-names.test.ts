import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { systemClock } from '../../../base/index.ts';
import type { Egress } from '../../../model/index.ts';
import type { NetworkSlot } from '../ground.ts';
import { runTool } from '../launcher.ts';
import { a, openNameserver } from '../names/names-fixture.ts';
import { GUEST_ADDRESS } from './addresses.ts';
import { type Network, openNetwork } from './network.ts';
import { openWorld } from './world-fixture.ts';

const equipped =
  process.getuid?.() === 0 && ['/usr/sbin/nft', '/usr/sbin/ip'].every((tool) => existsSync(tool));
const skip = equipped ? false : 'needs root, nft and ip';

const API = '44.128.8.8';
const AROUND = '10.9.8.8';
const LISTED = ['api.example.com', 'intranet.example.com'].map((host) => ({ host, port: 80 }));

/** Resolves a name inside, and connects to what comes of it. @returns what was said; or why nothing was */
async function call(slot: NetworkSlot, host: string, port = 80): Promise<string> {
  const namespace = slot.netnsPath.slice(slot.netnsPath.lastIndexOf('/') + 1);
  const script = `const end = (text) => { console.log(String(text)); process.exit(); };
    const resolver = new (require('node:dns').Resolver)();
    resolver.setServers(['${GUEST_ADDRESS}']);
    resolver.resolve4('${host}', (error, addresses) => {
      if (error !== null) return end(error.code);
      const socket = require('node:net').connect(${port}, addresses[0]);
      socket.setTimeout(500, () => end('nothing'));
      socket.on('error', (error) => end(error.code)).on('data', end);
    });`;
  return (await runTool(['ip', 'netns', 'exec', namespace, process.execPath, '-e', script], '')).trim();
}

suite('names inside a sandbox', { skip }, () => {
  const held = new AsyncDisposableStack();
  const problems: unknown[] = [];
  let network: Network;
  let slot: NetworkSlot;

  before(async () => {
    held.use(await openWorld([API, AROUND]));
    const zone = {
      'api.example.com': [a('api.example.com', API)],
      'other.example.com': [a('other.example.com', API)],
      'intranet.example.com': [a('intranet.example.com', AROUND)],
    };
    const { address } = held.use(await openNameserver(zone));
    network = await openNetwork({
      id: randomBytes(3).toString('hex'),
      guestPorts: [1],
      nameservers: [address],
      clock: systemClock,
      onProblem: (problem) => problems.push(problem),
    });
    held.defer(() => network.close());
    slot = await network.take({ mode: 'public' });
  });
  after(async () => {
    await held.disposeAsync();
    assert.deepEqual(problems, []);
  });

  test('are those of the internet, and private addresses are taken out', async () => {
    assert.equal(await call(slot, 'api.example.com'), API);
    assert.equal(await call(slot, 'intranet.example.com'), 'ENODATA');
    assert.equal(await call(slot, 'nobody.example.com'), 'ENOTFOUND');
  });

  test('are none where the egress is none', async () => {
    await slot.setEgress({ mode: 'none' });
    assert.equal(await call(slot, 'api.example.com'), 'EREFUSED');
  });

  test('of a list lead to what they name, at the port that is listed, and no others exist', async () => {
    await slot.setEgress({ mode: 'list', cidrs: [], names: LISTED });
    assert.equal(await call(slot, 'api.example.com'), API);
    assert.equal(await call(slot, 'api.example.com', 81), 'nothing');
    assert.equal(await call(slot, 'other.example.com'), 'ENOTFOUND');
    assert.equal(await call(slot, 'intranet.example.com'), 'ECONNRESET', 'a private network');
  });

  test('of a list lead to private networks where those are listed, too', async () => {
    const egress: Egress = { mode: 'list', cidrs: [{ cidr: '10.9.8.0/24', port: 80 }], names: LISTED };
    await slot.setEgress(egress);
    assert.equal(await call(slot, 'intranet.example.com'), AROUND);
  });

  test('are those of the next sandbox’s egress when a namespace is used again', async () => {
    await slot.setEgress({ mode: 'list', cidrs: [], names: LISTED });
    const { address } = slot;
    slot.release();
    slot = await network.take({ mode: 'public' });
    while (slot.address !== address) slot = await network.take({ mode: 'public' });
    assert.equal(await call(slot, 'other.example.com'), API);
  });
});
