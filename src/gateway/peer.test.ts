import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createPeers } from './peer.ts';

suite('whose request it is', () => {
  test('without trusted proxies nobody can forge an address', () => {
    assert.equal(createPeers([])('::ffff:9.8.7.6', '1.2.3.4').sourceIp, '9.8.7.6');
  });

  const peerOf = createPeers(['10.0.0.0/8', '::1']);
  const cases: readonly [socket: string, header: string | undefined, sourceIp: string][] = [
    ['10.0.0.1', '6.6.6.6, 1.2.3.4, 10.2.3.4', '1.2.3.4'],
    ['10.0.0.1', '10.9.9.9, 10.2.3.4', '10.9.9.9'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '1.2.3.4, nonsense, 10.2.3.4', '10.2.3.4'],
    ['10.0.0.1', '1.2.3.4:567', '1.2.3.4'],
    ['::1', '[2001:db8::1]:567', '2001:db8::1'],
    ['2001:db8::2', '1.2.3.4', '2001:db8::2'],
  ];
  for (const [socket, header, sourceIp] of cases) {
    test(`${socket} saying "${header}" speaks for ${sourceIp}`, () => {
      assert.equal(peerOf(socket, header).sourceIp, sourceIp);
    });
  }

  for (const bad of ['10.0.0.0/33', 'proxy.example.com', '10.0.0.0/', '::1/129', '10.0.0.0/x']) {
    test(`"${bad}" is refused as a network`, () => {
      assert.throws(() => createPeers([bad]), { code: 'option-invalid' });
    });
  }
});
