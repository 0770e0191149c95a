import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseSubscription } from './subscription.ts';

const URI = 'http://sandbox.localdomain:4243/path?a=1';
const RIGHT = {
  schemaVersion: '2022-07-01',
  types: ['function', 'platform', 'function'],
  destination: { protocol: 'HTTP', URI },
};

const parse = (request: unknown, api: 'logs' | 'telemetry' = 'telemetry') =>
  parseSubscription(api, 'watcher', typeof request === 'string' ? request : JSON.stringify(request));

suite('a subscription', () => {
  test('has AWS’s defaults for what it does not say', () => {
    assert.deepEqual(parse(RIGHT), {
      api: 'telemetry',
      name: 'watcher',
      schemaVersion: '2022-07-01',
      types: ['platform', 'function'],
      buffering: { maxItems: 10_000, maxBytes: 262_144, timeoutMs: 1_000 },
      destination: { protocol: 'HTTP', method: 'POST', port: 4243, path: '/path?a=1' },
    });
    const logs = parse(
      { ...RIGHT, schemaVersion: undefined, destination: { protocol: 'TCP', port: 80 } },
      'logs',
    );
    assert.partialDeepStrictEqual(logs, {
      schemaVersion: '2020-08-15',
      destination: { protocol: 'TCP', port: 80 },
    });
  });

  const at = (uri: string) => ({ ...RIGHT, destination: { protocol: 'HTTP', URI: uri } });
  const buffered = (buffering: unknown) => ({ ...RIGHT, buffering });
  const WRONG: [what: string, request: unknown, says: RegExp][] = [
    ['no JSON', '{', /not JSON/],
    ['a list', [], /not an object/],
    ['no version', { ...RIGHT, schemaVersion: undefined }, /^schemaVersion should be one of/],
    ['a version of the other API', { ...RIGHT, schemaVersion: '2020-08-15' }, /^schemaVersion should/],
    ['no types', { ...RIGHT, types: undefined }, /^types should not be empty$/],
    ['an unknown type', { ...RIGHT, types: ['platform', 'traces'] }, /^types should be among/],
    ['no destination', { ...RIGHT, destination: undefined }, /^destination is not provided$/],
    ['another protocol', { ...RIGHT, destination: { protocol: 'UDP' } }, /protocol should be one of/],
    ['TLS', at('https://sandbox.localdomain:1'), /destination.URI should be/],
    ['another host', at('http://example.com:1'), /destination.URI should be/],
    ['no port', at('http://sandbox.localdomain'), /^URI port is not provided$/],
    ['Lambda’s own port', at('http://sandbox.localdomain:9001'), /other than 9001/],
    ['no TCP port', { ...RIGHT, destination: { protocol: 'TCP' } }, /destination.port/],
    ['another method', { ...RIGHT, destination: { ...RIGHT.destination, method: 'GET' } }, /method/],
    ['too few items', buffered({ maxItems: 999 }), /maxItems should be an integer between 1000 and 10000/],
    ['too many items', buffered({ maxItems: 10_001 }), /maxItems/],
    ['too few bytes', buffered({ maxBytes: 262_143 }), /between 262144 and 1048576/],
    ['too many bytes', buffered({ maxBytes: 1_048_577 }), /maxBytes/],
    ['too quick', buffered({ timeoutMs: 24 }), /between 25 and 30000/],
    ['too slow', buffered({ timeoutMs: 30_001 }), /timeoutMs/],
    ['half an item', buffered({ maxItems: 1_000.5 }), /integer/],
    ['a number for buffering', buffered(5), /buffering should be an object/],
    [
      'two at once',
      { ...RIGHT, types: [], schemaVersion: '1' },
      /schemaVersion .*; types should not be empty/,
    ],
  ];
  for (const [what, request, says] of WRONG) {
    test(`with ${what} is refused`, () => {
      const found = parse(request);
      assert.ok('wrong' in found);
      assert.match(found.wrong, says);
    });
  }
});
