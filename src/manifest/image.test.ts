import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseApp, parseManifest } from './index.ts';

const app = (...functions: string[]) =>
  `app: a\nfunctions:\n${functions.map((one) => `  ${one}\n`).join('')}`;
const parse = (text: string) => parseManifest(text, { file: 'skein.yaml' });

suite('an image in a manifest', () => {
  test('takes the place of runtime and code', () => {
    const more = '{ path: ./i, command: [x], workingDirectory: /w }';
    const manifest = parse(app('f: { image: ./i.tar }', `g: { image: ${more} }`));
    assert.deepEqual(
      manifest.app.functions.map(({ config }) => config.image),
      [{}, { command: ['x'], workingDirectory: '/w' }],
    );
    assert.deepEqual(
      [...manifest.sources.values()].map(({ kind, code, line }) => [kind, code, line]),
      [
        ['image', './i.tar', 3],
        ['image', './i', 4],
      ],
    );
    assert.deepEqual(parseApp(JSON.parse(JSON.stringify(manifest.app))), manifest.app);
  });

  const refusals: [string, string, RegExp][] = [
    ['beside code', '{ image: ./i.tar, code: . }', /`code` and `image` exclude each other/],
    ['with a runtime', '{ image: ./i.tar, runtime: nodejs24.x }', /`runtime` and `image` exclude/],
    ['with layers', '{ image: ./i.tar, layers: [ ./l ] }', /`layers` and `image` exclude/],
    ['without a path', '{ image: { command: [a] } }', /`path` is missing/],
    [
      'that starts in a relative folder',
      '{ image: { path: i, workingDirectory: x } }',
      /not an absolute path/,
    ],
    ['nor code', '{ memory: 256MB }', /`runtime` is missing[\s\S]*`code` is missing/],
  ];
  for (const [what, text, expected] of refusals) {
    test(`${what} is refused`, () => assert.throws(() => parse(app(`f: ${text}`)), expected));
  }
});
