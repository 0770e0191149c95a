import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { suite, test } from 'node:test';
import { seededRandom } from '../../../base/index.ts';
import { testSeed } from '../../../base/testing.ts';
import { disjoint } from './disjoint.ts';

type Network = { readonly cidr: string; readonly port: number | null };

/** How many of these have the address and the port. */
function matches(networks: readonly { cidr: string; first: number; last: number }[], at: [string, number]) {
  return networks.filter(({ cidr, first, last }) => {
    const list = new BlockList();
    const [address = '', bits] = cidr.split('/');
    list.addSubnet(address, Number(bits));
    return list.check(at[0]) && at[1] >= first && at[1] <= last;
  }).length;
}

suite('networks that overlap', () => {
  test('are cut apart by their ports', () => {
    const networks = [
      { cidr: '10.0.0.0/15', port: 5432 },
      { cidr: '10.1.0.0/16', port: null },
      { cidr: '10.1.2.0/24', port: 80 },
      { cidr: '44.0.0.0/8', port: 443 },
      { cidr: '44.1.0.0/16', port: 443 },
      { cidr: '44.1.0.0/16', port: 80 },
    ];
    assert.deepEqual(disjoint(networks), [
      { cidr: '10.0.0.0/15', ports: '5432' },
      { cidr: '10.1.0.0/16', ports: '0-5431' },
      { cidr: '10.1.0.0/16', ports: '5433-65535' },
      { cidr: '44.0.0.0/8', ports: '443' },
      { cidr: '44.1.0.0/16', ports: '80' },
    ]);
  });

  test('open afterwards what they opened before, each of it once', (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const cidrs = [
      '0.0.0.0/0',
      '10.0.0.0/8',
      '10.0.0.0/15',
      '10.1.0.0/16',
      '10.1.2.0/24',
      '10.1.2.3/32',
      '44.0.0.0/8',
    ];
    for (let run = 0; run < 300; run++) {
      const networks = Array.from({ length: 8 }, (): Network => {
        return { cidr: pick(cidrs), port: pick([null, 1, 2, 80, 65_535]) };
      });
      const before = networks.map(({ cidr, port }) => ({ cidr, first: port ?? 0, last: port ?? 65_535 }));
      const after = disjoint(networks).map(({ cidr, ports }) => {
        const [first = '', last = first] = ports.split('-');
        return { cidr, first: Number(first), last: Number(last) };
      });
      for (let probe = 0; probe < 10; probe++) {
        const address = pick([
          '10.1.2.3',
          '10.1.2.4',
          '10.1.9.9',
          '10.0.0.1',
          '10.9.0.0',
          '44.0.0.1',
          '9.9.9.9',
        ]);
        const at: [string, number] = [address, pick([0, 1, 2, 3, 80, 443, 65_535])];
        const expected = Math.min(1, matches(before, at));
        assert.equal(matches(after, at), expected, `${JSON.stringify(networks)} at ${at}`);
      }
    }
  });
});
