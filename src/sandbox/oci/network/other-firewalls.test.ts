import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { droppingIn } from './other-firewalls.ts';

suite('other firewalls of the machine', () => {
  const chain = (table: string, name: string, more: object = {}) => ({
    chain: { family: 'ip', table, name, handle: 1, ...more },
  });
  const dropping = (hook: string) => ({ type: 'filter', hook, prio: 0, policy: 'drop' });

  test('count where they drop by default what comes in or is forwarded', () => {
    const nftables = [
      { metainfo: { version: '1.0.6' } },
      chain('filter', 'FORWARD', dropping('forward')),
      chain('filter', 'INPUT', { ...dropping('input'), policy: 'accept' }),
      chain('filter', 'OUTPUT', dropping('output')),
      chain('filter', 'DOCKER-USER'),
      chain('skein-00aa11', 'forward', dropping('forward')),
      chain('mine', 'in', { ...dropping('input'), family: 'inet' }),
      chain('filter', 'FORWARD', { ...dropping('forward'), family: 'ip6' }),
    ];
    assert.deepEqual(droppingIn(JSON.stringify({ nftables })), ['ip filter FORWARD', 'inet mine in']);
  });

  test('there may be none', () => assert.deepEqual(droppingIn('{"nftables": []}'), []));
});
