import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { CONFIG_DEFAULTS, LIMITS } from '../model/index.ts';
import { manifestSchema, parseApp, parseManifest } from './index.ts';

const BAKERY = `app: bakery
databases: { main: {} }
functions:
  orders:
    runtime: nodejs24.x
    handler: index.handler
    code: ./orders
    memory: 1GB
    timeout: 10s
    stopAfter: 5m
    environment: { CURRENCY: EUR, VERSION: 1.10, DEBUG: false }
    concurrency: { reserved: 50, provisioned: 2 }
    routes: [ "POST /orders", "GET /orders/{id}", "/files/{proxy+}" ]
    database: main
`;

/** @returns the message and facts of the fault that a text causes */
function refusal(text: string): Fault {
  try {
    parseManifest(text, { file: 'skein.yaml' });
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    assert.equal(error.code, 'manifest-invalid');
    return error;
  }
  assert.fail('it was accepted');
}

/** A minimal manifest with these lines in its function (`f` begins on line 3, its keys on line 4). */
function withKeys(...keys: string[]): string {
  const given = ['runtime: nodejs24.x', 'handler: a.b', 'code: .', ...keys];
  return `app: a\nfunctions:\n  f:\n${given.map((key) => `    ${key}\n`).join('')}`;
}

suite('a manifest', () => {
  test('becomes an app with every default and unit resolved', () => {
    const { app, sources } = parseManifest(BAKERY, { file: 'skein.yaml' });
    assert.deepEqual(app, {
      app: 'bakery',
      hosts: [],
      databases: ['main'],
      functions: [
        {
          key: 'orders',
          config: {
            shape: 'function',
            runtime: 'nodejs24.x',
            handler: 'index.handler',
            memoryMb: 1024,
            timeoutMs: 10_000,
            stopAfterMs: 300_000,
            ephemeralMb: 512,
            environment: { CURRENCY: 'EUR', VERSION: '1.10', DEBUG: 'false' },
            database: 'main',
            ...CONFIG_DEFAULTS,
          },
          reserved: 50,
          provisioned: 2,
          routes: [
            { method: 'POST', path: '/orders' },
            { method: 'GET', path: '/orders/{id}' },
            { method: 'ANY', path: '/files/{proxy+}' },
          ],
        },
      ],
    });
    assert.deepEqual(
      [...sources],
      [['orders', { code: './orders', kind: 'code', handler: 'index.handler', line: 7, layers: [] }]],
    );
  });

  test('survives the way through JSON to the API', () => {
    const { app } = parseManifest(BAKERY, { file: 'skein.yaml' });
    assert.deepEqual(parseApp(JSON.parse(JSON.stringify(app))), app);
  });

  test('tells all problems at once, in the order of their lines', () => {
    const { message, facts } = refusal(
      BAKERY.replace('memory: 1GB', 'memroy: 1GB')
        .replace('10s', '10sec')
        .replace('app: bakery', 'app: Bakery'),
    );
    assert.deepEqual(
      message.split('\n').map((line) => line.split(' ').slice(0, 2).join(' ')),
      [
        'skein.yaml:1:6 app:',
        'skein.yaml:8:5 functions.orders.memroy:',
        'skein.yaml:9:14 functions.orders.timeout:',
      ],
    );
    assert.match(message, /did you mean `memory`\?/);
    assert.deepEqual(facts, { file: 'skein.yaml', line: 1 });
  });

  const cases: [string, string, RegExp][] = [
    [
      'an unknown key',
      withKeys('timeot: 3s'),
      /:7:5 functions\.f\.timeot: unknown key "timeot"; did you mean `timeout`/,
    ],
    [
      'a size without a unit',
      withKeys('memory: 256'),
      /:7:13 functions\.f\.memory: 256 has no unit; .* MB, GB, such as 256MB/,
    ],
    ['a wrong unit', withKeys('memory: 256Mi'), /has the unit `Mi`, which is not one of MB, GB/],
    ['a size out of range', withKeys('memory: 64MB'), /64MB is out of range; allowed is 128MB to 10240MB/],
    [
      'a wrong unit of time',
      withKeys('timeout: 3sec'),
      /has the unit `sec`, which is not one of ms, s, m, h/,
    ],
    [
      'a timeout that is too short',
      withKeys('timeout: 500ms'),
      /500ms is out of range; allowed is 1s to 15m/,
    ],
    ['a fraction', withKeys('timeout: 1.5s'), /"1\.5s" cannot be read; write a whole number/],
    [
      'a runtime that is misspelt',
      withKeys().replace('24.x', '24'),
      /unknown runtime "nodejs24".*did you mean `nodejs24\.x`/,
    ],
    [
      'a runtime of AWS that is not here',
      withKeys().replace('nodejs24.x', 'ruby3.4'),
      /runtime `ruby3.4` is not available/,
    ],
    ['a missing handler', withKeys().replace('    handler: a.b\n', ''), /functions\.f: `handler` is missing/],
    [
      'a misspelt handler, and not that it is missing',
      withKeys().replace('handler:', 'handlr:'),
      /^\S+ functions\.f\.handlr: unknown key "handlr"; did you mean `handler`\?$/,
    ],
    [
      'a misspelt key that is required, and not that it is missing',
      withKeys().replace('code:', 'cod:'),
      /^\S+ functions\.f\.cod: unknown key "cod"; did you mean `code`\?$/,
    ],
    ['a missing code', withKeys().replace('    code: .\n', ''), /:3:3 functions\.f: `code` is missing/],
    ['a handler with a space', withKeys().replace('a.b', 'a b'), /"a b" must be file\.export/],
    ['a key that comes later', withKeys('main: x'), /`main` is not available in this version/],
    [
      'a key that will not come',
      withKeys('snapshot: true'),
      /:7:5 functions\.f\.snapshot: `snapshot` is not offered: .*provisioned/,
    ],
    ['a resource that comes later', `buckets: {}\n${withKeys()}`, /:1:1 buckets: `buckets` is not available/],
    ['a shape that comes later', withKeys('shape: edge'), /shape `edge` is not available in this version/],
    [
      'more provisioned than reserved',
      withKeys('concurrency: { reserved: 1, provisioned: 2 }'),
      /:7:\d+ functions\.f\.concurrency\.provisioned: is 2, more than the 1 of `reserved`/,
    ],
    [
      'a reserved concurrency that is no number',
      withKeys('concurrency: { reserved: many }'),
      /whole number of instances from 0/,
    ],
    [
      'a webhook of nobody',
      withKeys('routes: [{ route: POST /a, webhook: strip, secret: KEY }]'),
      /unknown webhook "strip"; .* did you mean `stripe`\?/,
    ],
    ['a lower-case method', withKeys('routes: [get /a]'), /"get" is not a method.*write GET/],
    [
      'a route without its slash',
      withKeys('routes: [GET a]'),
      /:7:14 functions\.f\.routes\[0\]: the path "a" must begin with \//,
    ],
    ['a greedy part in the middle', withKeys('routes: ["GET /{a+}/b"]'), /must be its last part/],
    ['a half variable', withKeys('routes: ["GET /a{b}"]'), /"a\{b\}" must be \{name\}/],
    ['a variable that is there twice', withKeys('routes: ["GET /{a}/{a}"]'), /names \{a\} twice/],
    ['a query in a route', withKeys('routes: ["GET /a?b"]'), /must not contain "\?"/],
    [
      'a duplicate route',
      withKeys('routes:', '  - GET /a', '  - GET /a'),
      /:9:9 .*already taken by functions\.f on line 8/,
    ],
    [
      'routes that differ in names only',
      withKeys('routes: ["GET /{a}", "GET /{b}"]'),
      /on line 7 as `GET \/\{a\}`/,
    ],
    [
      'a variable of the runtime',
      withKeys('environment: { AWS_REGION: x }'),
      /`AWS_REGION` is set by the runtime/,
    ],
    [
      'another variable of the runtime',
      withKeys('environment: { _HANDLER: x }'),
      /`_HANDLER` is set by the runtime/,
    ],
    [
      'a list as a variable',
      withKeys('environment: { AB: [1] }'),
      /environment\.AB: must be a text, a number or a boolean, was a list/,
    ],
    ['an empty variable', withKeys('environment: { AB: }'), /was nothing; write ""/],
    [
      'too much environment',
      withKeys(`environment: { AB: ${'x'.repeat(4095)} }`),
      /4097 bytes together; at most 4096/,
    ],
    ['an unknown database', withKeys('database: main'), /no database "main" in this app; declare it/],
    ['DATABASE_URL twice', BAKERY.replace('CURRENCY', 'DATABASE_URL'), /`DATABASE_URL` is set by `database`/],
    ['a host with a scheme', `hosts: ["http://a.b"]\n${withKeys()}`, /"http:\/\/a\.b" is not a host name/],
    [
      'a host that is there twice',
      `hosts: [a.b, a.b]\n${withKeys()}`,
      /:1:14 hosts\[1\]: "a\.b" is there twice/,
    ],
    [
      'a name that is too long for AWS',
      withKeys()
        .replace('app: a', `app: a${'b'.repeat(39)}`)
        .replace('  f:', `  c${'d'.repeat(39)}:`),
      /has 81 characters; at most 64/,
    ],
    ['no functions', 'app: a\nfunctions: {}\n', /functions: needs at least one function/],
    [
      'a function that is a number',
      'app: a\nfunctions: { f: 3 }\n',
      /functions\.f: must be a function with keys, was 3, a number/,
    ],
    ['a list', '- 1\n', /must be a manifest with keys, was a list/],
    ['nothing', '', /:1:1 is empty; it needs `app` and `functions`/],
    ['only a comment', '# soon\n', /is empty/],
    ['a key that is there twice', 'app: a\napp: b\n', /:2:1 this key is there twice/],
    ['two documents', `${withKeys()}---\n${withKeys()}`, /more than one YAML document/],
    ['a bracket left open', 'app: [', /skein\.yaml:1:\d+ /],
    ['an alias to nothing', 'app: *x\n', /alias/],
    ['ten thousand brackets', '['.repeat(10_000), /nested too deeply/],
    ['a deep list', `${'['.repeat(30)}${']'.repeat(30)}`, /nested too deeply; at most 20 levels/],
    [
      'a file that is too long',
      `# ${'x'.repeat(LIMITS.manifestBytes)}`,
      /is 262146 bytes long; at most 262144/,
    ],
  ];
  for (const [what, text, expected] of cases) {
    test(`${what} is refused with its place and the way out`, () => {
      assert.match(refusal(text).message, expected);
    });
  }

  test('aliases that multiply are cut short', () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const below =
        level === 0
          ? 'x'
          : Array(10)
              .fill(`*a${level - 1}`)
              .join(', ');
      return `k${level}: &a${level} [${below}]\n`;
    });
    assert.match(refusal(levels.join('')).message, /aliases are followed more than 200 times/);
  });

  test('an alias used in earnest is followed', () => {
    const text = `${withKeys('environment: &env { STAGE: test }')}  g:\n    runtime: python3.11\n    handler: a.b\n    code: g\n    environment: *env\n`;
    assert.deepEqual(parseManifest(text, { file: 'skein.yaml' }).app.functions[1]!.config.environment, {
      STAGE: 'test',
    });
  });

  test('names of object members are ordinary names', () => {
    const text = withKeys().replace('  f:', '  constructor:');
    assert.equal(parseManifest(text, { file: 'skein.yaml' }).app.functions[0]!.key, 'constructor');
    assert.match(refusal(withKeys('toString: 1')).message, /unknown key "toString"/);
    assert.match(refusal(withKeys('__proto__: { memory: 1GB }')).message, /unknown key "__proto__"/);
  });

  test('a bootstrap needs no handler', () => {
    const text = withKeys().replace('    handler: a.b\n', '').replace('nodejs24.x', 'provided.al2023');
    assert.equal(parseManifest(text, { file: 'skein.yaml' }).app.functions[0]!.config.handler, 'bootstrap');
  });
});

suite('the JSON of an app', () => {
  const app = parseManifest(BAKERY, { file: 'skein.yaml' }).app;
  const changed = (change: object) => ({ ...structuredClone(app), ...change });
  const cases: [string, unknown, RegExp][] = [
    ['nothing', null, /app: must be an app with keys, was nothing/],
    ['a name in capitals', changed({ app: 'B' }), /^app: "B" cannot be a name/],
    ['an unknown key', changed({ host: [] }), /unknown key "host"; did you mean `hosts`/],
    ['a function twice', changed({ functions: [...app.functions, ...app.functions] }), /is there twice/],
    ['no functions', changed({ functions: [] }), /needs at least one/],
    [
      'too little memory',
      withConfig({ memoryMb: 1 }),
      /functions\[0\]\.config\.memoryMb: must be a whole number of MB from 128/,
    ],
    [
      'a number as a variable',
      withConfig({ environment: { AB: 1 } }),
      /config\.environment\.AB: must be a text/,
    ],
    ['a database that is not there', withConfig({ database: 'mian' }), /did you mean `main`/],
    [
      'a bad route',
      changed({ functions: [{ ...app.functions[0], routes: [{ method: 'GET', path: 'x' }] }] }),
      /must begin with/,
    ],
    [
      'a route that is a text',
      changed({ functions: [{ ...app.functions[0], routes: ['GET /'] }] }),
      /must be \{"method","path"\}/,
    ],
  ];

  function withConfig(change: object): unknown {
    const [first] = app.functions;
    return changed({ functions: [{ ...first, config: { ...first!.config, ...change } }] });
  }

  for (const [what, json, expected] of cases) {
    test(`${what} is refused by the same rules`, () => {
      assert.throws(
        () => parseApp(json),
        (error) => error instanceof Fault && expected.test(error.message),
      );
    });
  }
});

test('the published JSON Schema is current: run tools/schema.ts', async () => {
  const published = await readFile(new URL('../../docs/skein.schema.json', import.meta.url), 'utf8');
  assert.deepEqual(JSON.parse(published), JSON.parse(JSON.stringify(manifestSchema())));
});
