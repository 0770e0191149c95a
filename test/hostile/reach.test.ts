/** Attackers that look for what is not theirs: files, secrets of others, and addresses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type Arena, cannot, openArena } from './arena.ts';

const GUEST = '169.254.170.2';

/** Every port that something on this machine listens at, by the kernel's own list. */
function listeningPorts(): number[] {
  const lines = ['tcp', 'tcp6'].flatMap((kind) => readFileSync(`/proc/net/${kind}`, 'utf8').split('\n'));
  const ports = lines
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A')
    .map((fields) => Number.parseInt(fields[1]?.split(':')[1] ?? '', 16));
  return [...new Set(ports)];
}

function hostAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [
    ...new Set([...all.filter(({ family }) => family === 'IPv4').map(({ address }) => address), GUEST]),
  ];
}

suite('a function that looks for what is not its own', { skip: cannot ?? false }, () => {
  let arena: Arena;
  before(async () => {
    arena = await openArena({
      spy: { runtime: 'node', memory: '1769MB' },
      everywhere: { runtime: 'node', memory: '1769MB', more: ', egress: all' },
      door: { runtime: 'lying' },
    });
  });
  after(() => arena?.[Symbol.asyncDispose]());

  const payloadOf = async (fn: string, does: string, more: object = {}) => {
    const { payload, functionError } = await arena.attack(fn, does, more);
    assert.equal(functionError, null, JSON.stringify(payload));
    return payload as never;
  };

  test('files of the machine are not there, or not to be read', async () => {
    const { home, pid } = arena.node;
    const files = [
      ...['/etc/shadow', '/etc/ssh/ssh_host_rsa_key', '/root/.bashrc', '/proc/kcore', '/proc/sysrq-trigger'],
      ...['node.json', 'node.log', 'postgresql/data/postgresql.conf'].map((name) => join(home, name)),
      ...[
        `/proc/${pid}/mem`,
        `/proc/${pid}/environ`,
        '/proc/1/root/etc/shadow',
        '/dev/mem',
        '/dev/vda',
        '/dev/kmsg',
      ],
    ];
    const answers: Record<string, string> = await payloadOf('spy', 'read files', {
      files: [...files, '/etc/passwd'],
    });
    assert.equal(answers['/etc/passwd'], 'done', 'the attack itself works');
    for (const file of files) assert.match(String(answers[file]), /^(ENOENT|EACCES|EPERM)$/, file);
  });

  test('code, environment and /tmp of others are nowhere to be found; one’s own are', async () => {
    await arena.neighbours();
    const mine = ['spy-secret', 'spy-secret-in-tmp'];
    const theirs = ['victim-secret', 'victim-secret-in-tmp', 'victim-secret-in-code'];
    const { token } = JSON.parse(readFileSync(join(arena.node.home, 'node.json'), 'utf8'));
    const words = [...mine, ...theirs, token];
    const { found, files }: { found: string[]; files: number } = await payloadOf('spy', 'search', { words });
    assert.deepEqual(found, mine);
    assert.ok(files > 100, `${files} files were searched`);
  });

  test('code cannot be changed, and neither can the system', async () => {
    const answers: Record<string, string> = await payloadOf('spy', 'write code');
    for (const [what, word] of Object.entries(answers)) {
      assert.match(String(word), /^(EROFS|EACCES|EPERM|EBUSY|EXDEV)$/, `${what}: ${word}`);
    }
  });

  for (const fn of ['spy', 'everywhere']) {
    test(`${fn}: of all ports that listen on this machine, at all of its addresses, only the node’s own at the guest address answer`, async () => {
      const decoy = createServer((_, response) => response.end());
      decoy.listen(0, '0.0.0.0');
      await once(decoy, 'listening');
      try {
        const { port } = decoy.address() as AddressInfo;
        const ports = listeningPorts();
        const { host: _, ...urls } = new URL(arena.node.gateway);
        const own = [arena.node.gateway.port, urls, port]
          .filter((one) => typeof one !== 'object')
          .map(Number);
        assert.ok(
          own.every((one) => ports.includes(one)),
          'the list is complete',
        );
        const targets = hostAddresses().flatMap((host) => ports.map((port) => ({ host, port })));
        const { reached }: { reached: string[] } = await payloadOf(fn, 'connect', { targets });
        assert.ok(reached.length >= 1, 'the guest door is reached, so the attack itself works');
        const elsewhere = reached.filter((one) => !one.startsWith(`${GUEST}:`));
        assert.deepEqual(elsewhere, []);
        assert.ok(reached.length <= 2, `door and database, and of no other node: ${reached}`);
      } finally {
        decoy.close();
      }
    });
  }

  test('a neighbour that listens is not reached, nor are metadata services', async () => {
    const listening = await arena.node.invoke('hostile-neighbour', { does: 'listen', port: 9_999 });
    const { address, itself } = listening.payload as { address: string; itself: string };
    assert.equal(itself, 'connected', 'the neighbour reaches itself');
    const targets = [
      { host: address, port: 9_999 },
      ...['169.254.169.254', '169.254.170.23', '100.100.100.200', 'fd00:ec2::254'].map((host) => ({
        host,
        port: 80,
      })),
      { host: '10.0.0.1', port: 22 },
      { host: '172.17.0.1', port: 2_375 },
      { host: '192.168.0.1', port: 80 },
    ];
    const { reached }: { reached: string[] } = await payloadOf('spy', 'connect', { targets });
    assert.deepEqual(reached, []);
  });
});
