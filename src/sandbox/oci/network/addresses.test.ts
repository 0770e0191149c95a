import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { addressAt, deniedAddresses, freeBlocks, within } from './addresses.ts';

suite('addresses of sandboxes', () => {
  test('blocks lie side by side in the pool, at a place of the id’s own', () => {
    assert.deepEqual(freeBlocks('000000', []), { sandboxes: '10.64.0.0/20', names: '10.64.16.0/20' });
    assert.deepEqual(freeBlocks('000001', []), { sandboxes: '10.64.32.0/20', names: '10.64.48.0/20' });
    assert.deepEqual(freeBlocks('000200', []), freeBlocks('000000', []), 'the pool goes round');
  });

  test('a block that something on the machine overlaps is passed over, and none is found in a full pool', () => {
    assert.equal(freeBlocks('000000', ['10.64.17.3'])?.sandboxes, '10.64.32.0/20');
    assert.equal(freeBlocks('000000', ['10.64.0.0/12', '0.0.0.0/0', 'default'])?.sandboxes, '10.80.0.0/20');
    assert.equal(freeBlocks('000000', ['10.0.0.0/8']), null);
  });

  test('the last place of a block is an address of it', () => {
    assert.equal(addressAt('10.64.16.0/20', 1), '10.64.16.1');
    assert.equal(addressAt('10.64.16.0/20', 4_094), '10.64.31.254');
  });

  test('what is not the internet is denied, and so is what the host is known by there', () => {
    const denied = deniedAddresses(['44.128.9.9', 'fe80::1']);
    for (const address of [
      '10.1.2.3',
      '172.31.0.1',
      '169.254.169.254',
      '127.0.0.1',
      '100.100.0.1',
      '255.255.255.255',
    ])
      assert.ok(denied(address), address);
    assert.ok(denied('44.128.9.9'), 'the host');
    assert.ok(denied('::1') && denied('nonsense'), 'no IPv4 address');
    assert.ok(!denied('44.128.9.8') && !denied('172.32.0.1'));
  });

  test('a network lies in itself and in wider ones, and not in one that it only touches', () => {
    for (const outer of ['10.1.2.0/24', '10.1.0.0/16', '0.0.0.0/0'])
      assert.ok(within('10.1.2.0/24', outer), outer);
    for (const outer of ['10.1.2.0/25', '10.1.3.0/24', '11.0.0.0/8'])
      assert.ok(!within('10.1.2.0/24', outer), outer);
    assert.ok(within('0.0.0.0/0', '0.0.0.0/0') && !within('0.0.0.0/0', '10.0.0.0/8'));
  });
});
