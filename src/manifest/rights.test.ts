/** Secrets, uses, roles and layers in a manifest. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { parseManifest } from './manifest.ts';

/** A minimal manifest with these lines in its function (`f` begins on line 3, its keys on line 4). */
function withKeys(...keys: string[]): string {
  const given = ['runtime: nodejs24.x', 'handler: a.b', 'code: .', ...keys];
  return `app: a\nfunctions:\n  f:\n${given.map((key) => `    ${key}\n`).join('')}`;
}

suite('what a function may know, call and be', () => {
  test('is read, names resolved within the app', () => {
    const { app, sources } = parseManifest(
      withKeys(
        'secrets: [ STRIPE_KEY ]',
        'uses: [ { function: price, allow: [ invoke ] }, { function: Other_Function, allow: [ invoke ] } ]',
        'layers: [ ./layers/my common, lib.zip, "arn:aws:lambda:us-east-1:000000000000:layer:x:3" ]',
      ).concat(
        '  price: { runtime: nodejs24.x, handler: a.b, code: ., role: "arn:aws:iam::000000000000:role/svc/pricing" }\n',
      ),
      { file: 'skein.yaml' },
    );
    const [f, price] = app.functions;
    assert.deepEqual(f?.config.secrets, ['STRIPE_KEY']);
    assert.deepEqual(f?.config.uses, [
      { function: 'a-price', allow: ['invoke'] },
      { function: 'Other_Function', allow: ['invoke'] },
    ]);
    assert.deepEqual(f?.layers, [
      { name: 'my-common', artifact: '' },
      { name: 'lib', artifact: '' },
      { arn: 'arn:aws:lambda:us-east-1:000000000000:layer:x:3' },
    ]);
    assert.deepEqual(sources.get('f')?.layers, ['./layers/my common', 'lib.zip', null]);
    assert.equal(price?.config.role, 'pricing');
  });

  test('may use queues: by key, by full name, in order or not', () => {
    const uses =
      'uses: [ { queue: jobs, allow: [ send, receive ] }, { queue: line, allow: [ send ] }, { queue: shop-orders, allow: [ purge ] } ]';
    const text = withKeys(uses).concat('queues: { jobs: {}, line: { fifo: true } }\n');
    const { app } = parseManifest(text, { file: 'skein.yaml' });
    assert.deepEqual(app.functions[0]?.config.uses, [
      { queue: 'a-jobs', allow: ['send', 'receive'] },
      { queue: 'a-line.fifo', allow: ['send'] },
      { queue: 'shop-orders', allow: ['purge'] },
    ]);
  });

  const cases: [string, string, RegExp][] = [
    [
      'a secret that cannot be a variable',
      withKeys('secrets: [ my-key ]'),
      /:7:16 functions\.f\.secrets\[0\]: "my-key" cannot be/,
    ],
    ['a secret of the platform', withKeys('secrets: [ AWS_REGION ]'), /`AWS_REGION` is set by the runtime/],
    ['a secret that is there twice', withKeys('secrets: [ KEY, KEY ]'), /secrets\[1\]: "KEY" is there twice/],
    [
      'a secret that is a variable, too',
      withKeys('environment: { KEY: v }', 'secrets: [ KEY ]'),
      /secrets\[0\]: "KEY" is in `environment`, too/,
    ],
    [
      'a use that is no list',
      withKeys('uses: { function: f, allow: [ invoke ] }'),
      /uses: must be a list such as/,
    ],
    [
      'a use that allows nothing',
      withKeys('uses: [ { function: f, allow: [] } ]'),
      /uses\[0\]\.allow: allows nothing; write \[ invoke \]/,
    ],
    [
      'a use that allows what there is not',
      withKeys('uses: [ { function: f, allow: [ inovke ] } ]'),
      /allow\[0\]: unknown permission "inovke"; allowed: invoke; did you mean `invoke`/,
    ],
    [
      'a use of a function that the app has not',
      withKeys('uses: [ { function: a-prise, allow: [ invoke ] } ]'),
      /uses\[0\]\.function: no function "a-prise" in this app/,
    ],
    [
      'a use without its function',
      withKeys('uses: [ { functoin: f, allow: [ invoke ] } ]'),
      /unknown key "functoin"; did you mean `function`/,
    ],
    [
      'a use of a queue that the app has not',
      withKeys('uses: [ { queue: a-jops, allow: [ send ] } ]').concat('queues: { jobs: {} }\n'),
      /uses\[0\]\.queue: no queue "a-jops" in this app; did you mean `a-jobs`/,
    ],
    [
      'a use of a queue that allows what there is not',
      withKeys('uses: [ { queue: jobs, allow: [ sned ] } ]'),
      /allow\[0\]: unknown permission "sned"; allowed: send, receive, purge; did you mean `send`/,
    ],
    [
      'a use of what there is not yet',
      withKeys('uses: [ { bucket: photos, allow: [ read ] } ]'),
      /`bucket` is not available in this version/,
    ],
    [
      'uses beside a role',
      withKeys('role: other', 'uses: [ { function: f, allow: [ invoke ] } ]'),
      /:8:5 functions\.f\.uses: says what the function's own role may do, but its role is "other"/,
    ],
    [
      'a role that is no name',
      withKeys('role: "a b"'),
      /:7:11 functions\.f\.role: must be the name or ARN of a role/,
    ],
    [
      'an ARN of no layer',
      withKeys('layers: [ "arn:aws:lambda:x" ]'),
      /layers\[0\]: .* is not one version of a layer/,
    ],
    ['six layers', withKeys('layers: [ a, b, c, d, e, f ]'), /layers: has 6 layers; at most 5/],
  ];
  for (const [what, text, expected] of cases) {
    test(`${what} is refused with its place and the way out`, () => {
      assert.throws(
        () => parseManifest(text, { file: 'skein.yaml' }),
        (error) =>
          error instanceof Fault && error.code === 'manifest-invalid' && expected.test(error.message),
      );
    });
  }
});
