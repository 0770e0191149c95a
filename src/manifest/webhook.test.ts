import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import type { AppRoute } from '../model/index.ts';
import { parseApp, parseManifest } from './index.ts';

function manifest(route: string): string {
  return `app: a\nfunctions:\n  f:\n    runtime: nodejs24.x\n    handler: a.b\n    code: .\n    routes:\n      - ${route}\n`;
}

function read(route: string): AppRoute {
  const { app } = parseManifest(manifest(route), { file: 'skein.yaml' });
  assert.deepEqual(parseApp(JSON.parse(JSON.stringify(app))), app, 'survives the way through JSON');
  return app.functions[0]!.routes[0]!;
}

suite('a webhook in a manifest', () => {
  test('is a route with who sends and which secret', () => {
    assert.deepEqual(read('{ route: POST /pay, webhook: stripe, secret: STRIPE_KEY, tolerance: 10m }'), {
      method: 'POST',
      path: '/pay',
      webhook: { scheme: 'stripe', hmac: null, secrets: ['STRIPE_KEY'], toleranceMs: 600_000 },
    });
  });

  test('allows five minutes where a time is signed, and has several secrets during a change', () => {
    const tolerances = ['github', 'slack', 'standard'].map(
      (scheme) => read(`{ route: POST /a, webhook: ${scheme}, secret: [ NEW, OLD ] }`).webhook,
    );
    assert.deepEqual(
      tolerances.map((webhook) => webhook?.toleranceMs),
      [null, 300_000, 300_000],
    );
    assert.deepEqual(tolerances[0]?.secrets, ['NEW', 'OLD']);
  });

  test('can say where a signature is, and what it covers', () => {
    const whole = read(
      '{ route: POST /a, secret: KEY, webhook: { hmac: { header: X-Sig, timestampHeader: X-Time, idHeader: X-Id, algorithm: sha512, encoding: base64, prefix: "v1=", template: "{id}.{timestamp}.{body}" } } }',
    );
    assert.deepEqual(whole.webhook?.hmac, {
      header: 'x-sig',
      algorithm: 'sha512',
      encoding: 'base64',
      prefix: 'v1=',
      timestampHeader: 'x-time',
      idHeader: 'x-id',
      template: '{id}.{timestamp}.{body}',
    });
    const least = read('{ route: POST /a, secret: KEY, webhook: { hmac: { header: X-Sig } } }').webhook;
    assert.deepEqual([least?.toleranceMs, least?.hmac?.template], [null, '{body}']);
    const timed = read(
      '{ route: POST /a, secret: KEY, webhook: { hmac: { header: X-Sig, timestampHeader: X-Time } } }',
    ).webhook;
    assert.deepEqual([timed?.toleranceMs, timed?.hmac?.template], [300_000, '{timestamp}.{body}']);
  });

  const refused: readonly (readonly [what: string, route: string, message: RegExp])[] = [
    ['without a secret', '{ route: POST /a, webhook: github }', /routes\[0\]: `secret` is missing/],
    ['without a scheme', '{ route: POST /a, secret: KEY }', /routes\[0\]: `webhook` is missing/],
    ['an unknown scheme', '{ route: POST /a, webhook: gitub, secret: K }', /did you mean `github`\?/],
    ['hmac alone', '{ route: POST /a, webhook: hmac, secret: K }', /\{ hmac: \{ header: X-Signature \} \}/],
    ['no route', '{ webhook: github, secret: K }', /`route` is missing/],
    ['a wrong route', '{ route: post /a, webhook: github, secret: K }', /routes\[0\]\.route: .*write POST/],
    [
      'a wrong secret',
      '{ route: POST /a, webhook: github, secret: "a b" }',
      /\.secret: .*cannot be a secret/,
    ],
    ['no secrets', '{ route: POST /a, webhook: github, secret: [] }', /must name 1 to 5 secrets/],
    [
      'a tolerance without time',
      '{ route: POST /a, webhook: github, secret: K, tolerance: 5m }',
      /signs no time/,
    ],
    ['a tolerance without unit', '{ route: POST /a, webhook: slack, secret: K, tolerance: 300 }', /no unit/],
    ['an unknown key', '{ route: POST /a, webhook: slack, secrets: K }', /did you mean `secret`\?/],
    [
      'a time that is not signed',
      '{ route: POST /a, secret: K, webhook: { hmac: { header: X-Sig, timestampHeader: X-Time, template: "{body}" } } }',
      /a time that is not signed can be forged/,
    ],
    [
      'a template without the body',
      '{ route: POST /a, secret: K, webhook: { hmac: { header: X-Sig, template: "{timestamp}" } } }',
      /must contain \{body\} once/,
    ],
    [
      'an unknown part of a template',
      '{ route: POST /a, secret: K, webhook: { hmac: { header: X-Sig, template: "{url}{body}" } } }',
      /"\{url\}" is nothing that is signed/,
    ],
    [
      'a header that is none',
      '{ route: POST /a, secret: K, webhook: { hmac: { header: "X Sig" } } }',
      /hmac\.header: "X Sig" is not the name of a header/,
    ],
  ];
  for (const [what, route, message] of refused) {
    test(`${what} is refused`, () => {
      assert.throws(
        () => parseManifest(manifest(route), { file: 'skein.yaml' }),
        (error) => error instanceof Fault && message.test(error.message),
      );
    });
  }

  test('the same route twice is refused, also where only one of them is a webhook', () => {
    const twice = manifest('POST /a\n      - { route: POST /a, webhook: github, secret: K }');
    assert.throws(() => parseManifest(twice, { file: 'skein.yaml' }), /already taken/);
  });
});
