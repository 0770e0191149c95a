import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type ControlRequest, checkControlRequest, controlPolicy } from './control-request.ts';
import { loadNodeKeys, type NodeKeys } from './node-keys.ts';

const policy = controlPolicy({ token: 'secret', host: '127.0.0.1', domain: 'fn.example.com' });
const good: ControlRequest = {
  method: 'POST',
  host: '127.0.0.1:9400',
  origin: undefined,
  authorization: 'Bearer secret',
  contentType: 'application/json; charset=utf-8',
  hasBody: true,
};
const codeOf = (over: Partial<ControlRequest>) =>
  checkControlRequest({ ...good, ...over }, policy)?.code ?? null;

suite('a request to the control listener', () => {
  test('passes with our host, the token and a JSON body', () => {
    for (const host of [
      '127.0.0.1:9400',
      'localhost:9400',
      'LOCALHOST',
      '[::1]:9400',
      'fn.example.com',
      'localhost.',
    ]) {
      assert.equal(codeOf({ host }), null, host);
    }
    assert.equal(codeOf({ origin: 'http://localhost:9400' }), null);
    assert.equal(codeOf({ hasBody: false, contentType: undefined }), null);
  });

  test('is refused at any other host, also with the token', () => {
    for (const host of [
      undefined,
      '',
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.nip.io',
      'a b',
      '192.0.2.1',
    ]) {
      assert.equal(codeOf({ host }), 'forbidden', host);
    }
  });

  test('is refused when a foreign page sends it', () => {
    for (const origin of ['https://evil.example', 'null', 'file://', 'http://localhost.evil.example', '']) {
      assert.equal(codeOf({ origin }), 'forbidden', origin);
    }
  });

  test('is refused without the right token', () => {
    for (const authorization of [
      undefined,
      '',
      'secret',
      'Bearer',
      'Bearer secre',
      'Bearer secret2',
      'Basic secret',
    ]) {
      assert.equal(codeOf({ authorization }), 'unauthenticated', authorization);
    }
  });

  test('is refused with a body that a web form could send', () => {
    for (const contentType of [
      undefined,
      'text/plain',
      'application/x-www-form-urlencoded',
      'text/plain;application/json',
    ]) {
      assert.equal(codeOf({ contentType }), 'media-type-unsupported', contentType);
    }
  });

  test('may name any address, but no name, when the listener is bound to all of them', () => {
    const open = controlPolicy({ token: 'secret', host: '0.0.0.0', domain: 'localhost' });
    assert.equal(checkControlRequest({ ...good, host: '192.0.2.1:9400' }, open), null);
    assert.equal(checkControlRequest({ ...good, host: 'evil.example:9400' }, open)?.code, 'forbidden');
  });
});

suite('the keys of a node', () => {
  test('have the form of AWS keys and stay what was stored first', async () => {
    let stored: NodeKeys | undefined;
    const store = { putIfAbsent: async (_key: string, value: NodeKeys) => (stored ??= value) };
    const keys = await loadNodeKeys(store);
    assert.match(keys.accessKeyId, /^AKIA[A-Z2-7]{16}$/);
    assert.equal(keys.secretAccessKey.length, 40);
    assert.deepEqual(await loadNodeKeys(store), keys);
  });
});
