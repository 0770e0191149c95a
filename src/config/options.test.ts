import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { readNodeFile, removeNodeFile, writeNodeFile } from './home.ts';
import { type NodeFlag, type Options, parseOptions } from './options.ts';

const machine = { uid: 1000, userHome: '/home/ada', cpus: 4 };
const parse = (flags: Partial<Record<NodeFlag, string>>, env: Record<string, string> = {}): Options =>
  parseOptions({ flags, env, machine });

suite('the options of a node', () => {
  test('without flags they are the documented defaults, and frozen', () => {
    const options = parse({});
    assert.deepEqual(options.gateway, { host: '127.0.0.1', port: 8080 });
    assert.deepEqual(options.control, { host: '127.0.0.1', port: 9400 });
    assert.equal(options.home, '/home/ada/.skein');
    assert.equal(options.domain, 'localhost');
    assert.equal(options.accountConcurrency, 1_000);
    assert.equal(options.queueTimeoutMs, 30_000);
    assert.equal(options.startSlots, 8);
    assert.equal(options.databaseUrl, null);
    assert.equal(options.tls, null);
    assert.ok(Object.isFrozen(options));
  });

  test('a variable says what a flag says, and the flag wins', () => {
    const env = {
      SKEIN_GATEWAY: '0.0.0.0:0',
      SKEIN_QUEUE_TIMEOUT: '5s',
      SKEIN_BLANKS: '0',
      SKEIN_TLS_KEY: '',
    };
    const options = parse({ 'queue-timeout': '250ms' }, env);
    assert.deepEqual(options.gateway, { host: '0.0.0.0', port: 0 });
    assert.equal(options.queueTimeoutMs, 250);
    assert.equal(options.blanks, 0);
  });

  test('values of every form are understood', () => {
    const options = parse({
      gateway: '[::1]:80',
      domain: 'Fn.Example.com',
      'trust-proxy': '10.0.0.0/8, fd00::/8,192.0.2.1',
      'database-url': 'postgres://u:p@h:5432/d',
      blanks: '5',
      'tls-cert': '/c.pem',
      'tls-key': '/k.pem',
    });
    assert.deepEqual(options.gateway, { host: '::1', port: 80 });
    assert.equal(options.domain, 'fn.example.com');
    assert.deepEqual(options.trustProxy, ['10.0.0.0/8', 'fd00::/8', '192.0.2.1']);
    assert.equal(options.blanks, 5);
    assert.deepEqual(options.tls, { certFile: '/c.pem', keyFile: '/k.pem' });
  });

  const WRONG: readonly (readonly [NodeFlag, string, RegExp])[] = [
    ['gateway', '8080', /--gateway "8080".*HOST:PORT/],
    ['gateway', 'a:70000', /0 \(any free one\) to 65535/],
    ['control', '[127.0.0.1]:1', /--control/],
    ['domain', '-x', /domain name/],
    ['domain', '10.0.0.1', /domain name/],
    ['driver', 'docker', /"auto" or "oci" or "process"/],
    ['oci-runtime', 'my runtime', /name of a program/],
    ['trust-proxy', '10.0.0.0/33', /CIDR/],
    ['trust-proxy', 'proxy', /CIDR/],
    ['account-concurrency', '0', /from 1 to 100000/],
    ['account-concurrency', '1e3', /whole number/],
    ['queue-timeout', '30', /such as 30s/],
    ['queue-timeout', '1h', /900s/],
    ['blanks', '65', /0 to 64/],
    ['start-slots', '-1', /1 to 256/],
    ['max-instances', '', /1 to 4000/],
    ['memory-reserve', '512', /512MB or 2GB/],
    ['prewarm', 'yes', /"on" or "off"/],
    ['weather', 'hail', /all or some of duplicates,reorder/],
    ['weather', 'all:x', /such as all:7/],
    ['tls-cert', '/c.pem', /--tls-cert needs --tls-key/],
    ['home', '', /--home is empty/],
  ];
  for (const [flag, value, message] of WRONG) {
    test(`--${flag} "${value}" is refused with the allowed form`, () => {
      assert.throws(() => parse({ [flag]: value }), { code: 'option-invalid', message });
    });
  }

  test('a wrong database URL is refused without repeating its password', () => {
    assert.throws(
      () => parse({ 'database-url': 'mysql://u:hunter2@h/d' }),
      (error: Error) => /PostgreSQL URL/.test(error.message) && !error.message.includes('hunter2'),
    );
  });

  test('a wrong variable is named as the variable', () => {
    assert.throws(() => parse({}, { SKEIN_START_SLOTS: 'many' }), { message: /^SKEIN_START_SLOTS "many"/ });
  });

  test('one port for both listeners is refused', () => {
    assert.throws(() => parse({ gateway: '127.0.0.1:9400' }), { message: /different ports/ });
    assert.doesNotThrow(() => parse({ gateway: '127.0.0.1:0', control: '127.0.0.1:0' }));
  });
});

suite('the home of a node', () => {
  const homeOf = (env: Record<string, string>, over: Partial<typeof machine> | { userHome: null } = {}) =>
    parseOptions({ flags: {}, env, machine: { ...machine, ...over } }).home;

  test('is SKEIN_HOME, else /var/lib/skein as root, else in HOME, else in the recorded home', () => {
    assert.equal(homeOf({ SKEIN_HOME: '/srv/skein', HOME: '/h' }, { uid: 0 }), '/srv/skein');
    assert.equal(homeOf({ HOME: '/root' }, { uid: 0 }), '/var/lib/skein');
    assert.equal(homeOf({ HOME: '/h' }), '/h/.skein');
    assert.equal(homeOf({}), '/home/ada/.skein');
  });

  test('is asked for when neither HOME nor a record says where', () => {
    assert.throws(() => homeOf({}, { userHome: null }), {
      code: 'option-invalid',
      message: /--home or SKEIN_HOME/,
    });
  });

  test('keeps node.json private, and says so when it is damaged', (t) => {
    const home = mkdtempSync(join(tmpdir(), 'skein-config-'));
    t.after(() => rmSync(home, { recursive: true }));
    const content = {
      gateway: 'g',
      control: 'c',
      pid: 1,
      accessKeyId: 'a',
      secretAccessKey: 's',
      token: 't',
    };

    assert.equal(readNodeFile(home), null);
    writeNodeFile(home, content);
    assert.equal(statSync(join(home, 'node.json')).mode & 0o777, 0o600);
    assert.deepEqual(readNodeFile(home), content);
    removeNodeFile(home);
    removeNodeFile(home);
    assert.equal(readNodeFile(home), null);
    writeFileSync(join(home, 'node.json'), '{');
    assert.throws(() => readNodeFile(home), { code: 'node-not-running', message: /cannot be read/ });
  });
});
