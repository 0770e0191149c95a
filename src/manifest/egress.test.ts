import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { type Egress, LIMITS } from '../model/index.ts';
import { parseApp, parseManifest } from './index.ts';

/** `egress` is on line 7. */
function manifest(egress: string): string {
  return `app: a\nfunctions:\n  f:\n    runtime: nodejs24.x\n    handler: a.b\n    code: .\n    egress: ${egress}\n`;
}

function read(egress: string): Egress {
  const { app } = parseManifest(manifest(egress), { file: 'skein.yaml' });
  assert.deepEqual(parseApp(JSON.parse(JSON.stringify(app))), app, 'the way through JSON changes nothing');
  return app.functions[0]!.config.egress;
}

function refusal(egress: string): string {
  try {
    parseManifest(manifest(egress), { file: 'skein.yaml' });
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    return error.message;
  }
  assert.fail('it was accepted');
}

suite('egress in a manifest', () => {
  for (const mode of ['public', 'none', 'all'] as const) {
    test(`may be ${mode}`, () => assert.deepEqual(read(mode), { mode }));
  }

  test('may be a list of names with a port, networks and addresses', () => {
    const list = '[ "API.example.com:443", "10.1.0.0/16", "10.2.0.0/16:5432", "192.168.1.7:80", "8.8.8.8" ]';
    assert.deepEqual(read(list), {
      mode: 'list',
      cidrs: [
        { cidr: '10.1.0.0/16', port: null },
        { cidr: '10.2.0.0/16', port: 5432 },
        { cidr: '192.168.1.7/32', port: 80 },
        { cidr: '8.8.8.8/32', port: null },
      ],
      names: [{ host: 'api.example.com', port: 443 }],
    });
  });

  const many = (count: number) =>
    JSON.stringify(Array.from({ length: count }, (_, index) => `n${index}.example.com:443`));

  test('may have as many entries as the limit says, and no more', () => {
    const found = read(many(LIMITS.egressEntries));
    assert.equal(found.mode === 'list' && found.names.length, 64);
    assert.match(refusal(many(65)), /:7:13 functions\.f\.egress: has 65 entries; at most 64/);
  });

  const cases: [string, string, RegExp][] = [
    [
      'a word with a slip',
      'pubilc',
      /:7:13 functions\.f\.egress: unknown egress "pubilc".*did you mean `public`/,
    ],
    ['another word', 'internet', /allowed: public, none, all, or a list; write a list such as \[ "api/],
    ['one entry without a list', 'api.example.com:443', /write it as a list: \[ "api\.example\.com:443" \]/],
    ['a number', '3', /must be one of public, none, all, or a list, was 3/],
    ['an empty list', '[]', /write `none` if nothing/],
    ['a number in a list', '[ 443 ]', /egress\[0\]: must be a text, was 443/],
    ['a name without a port', '[ Api.example.com ]', /needs a port, such as api\.example\.com:443/],
    ['a port of none', '[ "api.example.com:" ]', /needs a port from 1 to 65535/],
    ['port 0', '[ "api.example.com:0" ]', /needs a port from 1 to 65535/],
    ['port 65536', '[ "10.0.0.0/8:65536" ]', /needs a port from 1 to 65535/],
    ['an IPv6 network', '[ "2001:db8::/32" ]', /looks like IPv6, which sandboxes do not have/],
    ['an IPv6 address with a port', '[ "[2001:db8::1]:443" ]', /looks like IPv6/],
    ['a URL', '[ "https://api.example.com" ]', /has a scheme; write only the host and its port/],
    ['a wildcard', '[ "*.example.com:443" ]', /is a wildcard; write every name/],
    ['an address that is none', '[ "300.1.2.3:80" ]', /"300\.1\.2\.3" is not an IPv4 network/],
    ['a prefix that is none', '[ "10.0.0.0/33" ]', /is not an IPv4 network such as 10\.1\.0\.0\/16/],
    [
      'an address inside its network',
      '[ "10.1.2.3/16" ]',
      /is not the first of its network; write 10\.1\.0\.0\/16/,
    ],
    ['a name with a path', '[ "example.com/a:80" ]', /is not an IPv4 network/],
    ['a name with an underscore', '[ "a_b.example.com:80" ]', /is neither a host name such as/],
    ['a name of numbers', '[ "a.1:80" ]', /is neither a host name/],
    ['the metadata server', '[ "169.254.169.254" ]', /is reached by no function/],
    ['this machine', '[ "127.0.0.0/8:5432" ]', /is reached by no function/],
    ['a reserved name', '[ "orders.internal:80" ]', /is not a name of the internet/],
    ['localhost', '[ "localhost:80" ]', /is not a name of the internet/],
    [
      'the same twice',
      '[ "a.example.com:443", "A.example.com:443" ]',
      /egress\[1\]: "A\.example\.com:443" is there twice/,
    ],
    ['a name too long', `[ "${'a.'.repeat(160)}com:80" ]`, /no host name is longer than 253/],
  ];
  for (const [what, text, expected] of cases) {
    test(`refuses ${what}`, () => assert.match(refusal(text), expected));
  }
});

test('the example in docs/egress.md is what it says', async () => {
  const page = await readFile(new URL('../../docs/egress.md', import.meta.url), 'utf8');
  const example = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? '';
  const { egress } = parseManifest(example, { file: 'skein.yaml' }).app.functions[0]!.config;
  assert.deepEqual(egress, {
    mode: 'list',
    cidrs: [
      { cidr: '10.1.0.0/16', port: null },
      { cidr: '10.2.0.0/16', port: 5432 },
      { cidr: '192.168.7.20/32', port: 25 },
    ],
    names: [{ host: 'api.example.com', port: 443 }],
  });
});

suite('egress in the JSON of an app', () => {
  const { app } = parseManifest(manifest('public'), { file: 'skein.yaml' });
  const withEgress = (egress: unknown) => {
    const [first] = app.functions;
    return { ...app, functions: [{ ...first, config: { ...first!.config, egress } }] };
  };

  test('is public where a client does not know the key', () => {
    const json = JSON.parse(JSON.stringify(app));
    delete json.functions[0].config.egress;
    assert.deepEqual(parseApp(json).functions[0]!.config.egress, { mode: 'public' });
  });

  const cases: [string, unknown, RegExp][] = [
    ['a word', 'public', /config\.egress: must be \{"mode"\}/],
    ['a list without its parts', { mode: 'list' }, /must be \{"mode"\}/],
    [
      'a network that is none',
      { mode: 'list', cidrs: [{ cidr: '1.2.3', port: null }], names: [] },
      /not an IPv4/,
    ],
    [
      'a name without a port',
      { mode: 'list', cidrs: [], names: [{ host: 'a.b', port: null }] },
      /needs a port/,
    ],
    ['an entry that is nothing', { mode: 'list', cidrs: [null], names: [] }, /egress\[0\]/],
  ];
  for (const [what, egress, expected] of cases) {
    test(`refuses ${what} by the same rules`, () => {
      assert.throws(
        () => parseApp(withEgress(egress)),
        (error) => error instanceof Fault && expected.test(error.message),
      );
    });
  }
});
