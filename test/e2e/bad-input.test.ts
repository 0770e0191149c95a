/** Whatever is typed or written wrong: the exit code, and a message with what, where and the way out. */
import assert from 'node:assert/strict';
import { symlinkSync, truncateSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { zipByHand } from '../../src/artifacts/zip-by-hand.ts';
import { appFolder } from '../support/app-folder.ts';
import { type CommandResult, runCommand } from '../support/command.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const ROOT = join(import.meta.dirname, '../..');
const HANDLER = 'exports.handler = async (event) => event;\n';

/** A manifest of one function `f`; `lines` are added to it, or take the place of the line with the same key. */
function manifest(app: string, ...lines: string[]): string {
  const given = new Map(
    [...['runtime: nodejs24.x', 'handler: index.handler', 'code: ./f'], ...lines].map(byKey),
  );
  return `app: ${app}\nfunctions:\n  f:\n${[...given.values()].map((line) => `    ${line}\n`).join('')}`;
}

function byKey(line: string): [string, string] {
  return [line.split(':', 1)[0] ?? '', line];
}

function refused(result: CommandResult, code: number, ...said: RegExp[]): void {
  assert.equal(result.code, code, result.stderr);
  for (const words of said) assert.match(result.stderr, words);
  assert.doesNotMatch(result.stderr, /\n\s+at /, 'a stack trace is nothing for a user');
  assert.equal(result.stdout, '');
}

suite('bad input', () => {
  let node: RealNode;
  before(async () => {
    node = await startRealNode();
  });
  after(() => node?.[Symbol.asyncDispose]());

  const skein = (...args: string[]) => node.skein(args, { allowFailure: true });

  async function deploy(files: Record<string, string | Buffer>): Promise<CommandResult> {
    using app = appFolder({ 'f/index.js': HANDLER, ...files });
    return await skein('deploy', app.path);
  }

  suite('in a manifest: exit code 2, with line and key', () => {
    const cases: [string, string, RegExp[]][] = [
      [
        'an unknown key',
        manifest('bad', 'memroy: 256MB'),
        [/skein\.yaml:7:\d+/, /memroy/, /did you mean `memory`/],
      ],
      ['a wrong unit', manifest('bad', 'memory: 256Mi'), [/skein\.yaml:7:\d+ functions\.f\.memory/, /256MB/]],
      ['a number without a unit', manifest('bad', 'timeout: 10'), [/functions\.f\.timeout/, /10s/]],
      [
        'a missing file of a handler',
        manifest('bad', 'handler: main.handler'),
        [/functions\.f\.handler/, /main\.js/, /there is index\.js/],
      ],
      [
        'a missing folder',
        manifest('bad', 'code: ./nowhere'),
        [/functions\.f\.code/, /nowhere does not exist/],
      ],
      [
        'a duplicate route',
        manifest('bad', 'routes: ["GET /a/{x}", "GET /a/{y}"]'),
        [/skein\.yaml:7/, /GET \/a\/\{y\}/],
      ],
      ['an empty file', '', [/skein\.yaml:1:1/, /empty/, /`app`/]],
      ['broken YAML', 'app: [bad\n', [/skein\.yaml:\d+:\d+/]],
    ];
    for (const [what, text, said] of cases) {
      test(what, async () => refused(await deploy({ 'skein.yaml': text }), 2, ...said));
    }

    test('a file that is no text', async () => {
      const bytes = Buffer.from(Array.from({ length: 512 }, (_, at) => (at * 7) % 256));
      refused(await deploy({ 'skein.yaml': bytes }), 2, /skein\.yaml:\d+/);
    });

    test('a manifest that is not there, and a folder that is not there', async () => {
      refused(await deploy({}), 2, /skein\.yaml cannot be read/, /"bin\/skein init" writes one/);
      refused(await skein('deploy', '/nowhere/at/all'), 2, /\/nowhere\/at\/all/, /no such folder/);
    });
  });

  suite('in a package: exit code 1, with the entry', () => {
    const zipped = (zip: Buffer) =>
      deploy({ 'skein.yaml': manifest('zipped', 'code: ./code.zip'), 'code.zip': zip });
    const good = { name: 'index.js', content: HANDLER };

    test('a zip with ../', async () => {
      const zip = zipByHand([good, { name: '../out.js', content: 'x' }]);
      refused(await zipped(zip), 1, /\.\.\/out\.js/);
    });

    test('a zip with an absolute path', async () => {
      const zip = zipByHand([good, { name: '/etc/out.js', content: 'x' }]);
      refused(await zipped(zip), 1, /\/etc\/out\.js/);
    });

    test('a zip with a link that leads out', async () => {
      const zip = zipByHand([good, { name: 'link', content: '../../etc/passwd', mode: 0o120777 }]);
      refused(await zipped(zip), 1, /link/, /passwd|out/);
    });

    test('a zip without the file of its handler: exit code 2, as for a folder', async () => {
      const result = await zipped(zipByHand([{ name: 'other.js', content: HANDLER }]));
      refused(result, 2, /functions\.f\.handler: .*"index\.handler"/, /it holds other\.js/);
    });

    test('a file that is only named .zip', async () => {
      refused(await zipped(Buffer.from('not a zip at all')), 1, /code\.zip is not a zip/);
    });

    test('a folder with a link that leads out', async () => {
      using app = appFolder({ 'skein.yaml': manifest('linked'), 'f/index.js': HANDLER });
      symlinkSync('/etc/hostname', join(app.path, 'f/host'));
      refused(await skein('deploy', app.path), 1, /host is a link to \/etc\/hostname/, /copy/);
    });

    test('a package of 300 MB, as a folder and as a zip, is refused from its size', async () => {
      using app = appFolder({ 'skein.yaml': manifest('huge'), 'f/index.js': HANDLER, 'f/model.bin': '' });
      truncateSync(join(app.path, 'f/model.bin'), 300 * 2 ** 20);
      refused(await skein('deploy', app.path), 1, /larger than 250 MB/, /model\.bin \(300 MB\)/);

      app.write('skein.yaml', manifest('huge', 'code: ./code.zip'));
      app.write('code.zip', 'PK');
      truncateSync(join(app.path, 'code.zip'), 300 * 2 ** 20);
      refused(await skein('deploy', app.path), 1, /300 MB/, /250 MB/);
    });

    test('nothing of all that was published', async () => {
      assert.deepEqual(JSON.parse((await skein('list', '--json')).stdout).functions, []);
    });
  });

  suite('what belongs to another app: exit code 1, with its owner', () => {
    before(async () => {
      await deploy({
        'skein.yaml': manifest('shop', 'routes: ["GET /cakes/{id}"]').replace(
          'functions:',
          'hosts: [shop.example]\nfunctions:',
        ),
      });
      await deploy({ 'skein.yaml': manifest('a-b').replace('  f:', '  c:') });
    });

    test("a name that another app's function has", async () => {
      const result = await deploy({ 'skein.yaml': manifest('a').replace('  f:', '  b-c:') });
      refused(result, 1, /"a-b-c"/, /of app "a-b"/, /choose another name/);
    });

    test('the same route at the same host', async () => {
      const text = manifest('market', 'routes: ["GET /cakes/{name}"]').replace(
        'functions:',
        'hosts: [shop.example]\nfunctions:',
      );
      const result = await deploy({ 'skein.yaml': text });
      refused(result, 1, /GET \/cakes\/\{name\}/, /shop\.example/, /"shop-f" of app "shop"/);
      assert.equal((await node.request('market-f.localhost', {})).status, 404, 'nothing of it is there');
    });
  });

  suite('on the command line', () => {
    test('a command or a flag that there is not: exit code 2', async () => {
      refused(await skein('deplyo'), 2, /no command "deplyo"/, /Did you mean "deploy"/, /skein help/);
      refused(await skein('list', '--frobnicate'), 2, /--frobnicate/, /skein help list/);
      refused(await skein('versions'), 2, /Usage: bin\/skein versions NAME/);
      refused(await skein('list', 'too', 'much'), 2, /Usage: bin\/skein list/);
    });

    test('--data that is no JSON, or a file that is not there: exit code 2', async () => {
      refused(await skein('invoke', 'shop-f', '--data', '{name:1}'), 2, /--data is not JSON/, /--data @/);
      refused(await skein('invoke', 'shop-f', '--data', '@/nowhere.json'), 2, /\/nowhere\.json.*ENOENT/);
    });

    test('--data above 6 MB: exit code 1, with the limit', async () => {
      using files = appFolder({ 'big.json': JSON.stringify('x'.repeat(6 * 2 ** 20)) });
      refused(await skein('invoke', 'shop-f', '--data', `@${files.path}/big.json`), 1, /6 MB/);
    });

    test('--data of exactly what fits is taken', async () => {
      using files = appFolder({ 'big.json': JSON.stringify('x'.repeat(6 * 2 ** 20 - 2)) });
      const result = await skein('invoke', 'shop-f', '--data', `@${files.path}/big.json`);
      assert.equal(result.code, 0, result.stderr);
    });

    test('a function that there is not: exit code 1, and where to look', async () => {
      for (const command of [['invoke'], ['logs'], ['logs', '-f'], ['versions'], ['rollback']]) {
        refused(await skein(...command, 'shop-g'), 1, /"shop-g"/, /skein list/);
      }
      refused(await skein('destroy', 'shpo'), 1, /"shpo"/);
    });

    test('a version or an alias that there is not: exit code 1', async () => {
      refused(await skein('invoke', 'shop-f:7'), 1, /7/, /skein versions shop-f/);
      refused(await skein('invoke', 'shop-f:beta'), 1, /beta/, /skein versions shop-f/);
      refused(await skein('invoke', 'shop-f:1:2'), 2, /shop-f:1:2/);
      refused(await skein('rollback', 'shop-f', '--to', '7'), 1, /7/, /skein versions shop-f/);
      refused(await skein('rollback', 'shop-f', '--to', 'yesterday'), 2, /--to "yesterday"/);
      refused(await skein('rollback', 'shop-f'), 1, /only ever had one version live/);
    });

    test('times and numbers that are none: exit code 2', async () => {
      refused(await skein('logs', 'shop-f', '--since', 'yesterday'), 2, /--since "yesterday"/, /10m/);
      refused(await skein('logs', 'shop-f', '--limit', '-1'), 2, /--limit/);
    });

    test('with --json the error is the one document on stdout, and the sentence stays on stderr', async () => {
      for (const [args, code, expected] of [
        [['deplyo', '--json'], 2, 'option-invalid'],
        [['versions', 'shop-g', '--json'], 1, 'function-not-found'],
        [['deploy', '/nowhere', '--json'], 2, 'manifest-invalid'],
      ] as const) {
        const result = await skein(...args);
        assert.equal(result.code, code);
        const { error } = JSON.parse(result.stdout);
        assert.equal(error.code, expected);
        assert.ok(result.stderr.includes(error.message), result.stderr);
      }
    });
  });

  suite('a node that cannot be started or found', () => {
    const up = (home: string, ...args: string[]) =>
      runCommand(process.execPath, ['bin/skein', 'up', '--detach', '--home', home, ...args], { cwd: ROOT });
    const anyPorts = ['--gateway', '127.0.0.1:0', '--control', '127.0.0.1:0'];

    test('no node at this home: exit code 1, and how to start one', async () => {
      using home = appFolder({});
      for (const command of [['status'], ['list'], ['invoke', 'f'], ['deploy', '.']]) {
        const result = await runCommand(process.execPath, ['bin/skein', ...command, '--home', home.path], {
          cwd: ROOT,
        });
        refused(result, 1, /No node is running/, /skein up/);
      }
    });

    test('a port in use: exit code 1, and the option that chooses another', async () => {
      using home = appFolder({});
      const server = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const taken = `127.0.0.1:${(server.address() as { port: number }).port}`;
      try {
        const url = node.gateway.host;
        refused(
          await up(home.path, '--gateway', url, '--control', '127.0.0.1:0'),
          1,
          new RegExp(url),
          /--gateway/,
        );
        refused(
          await up(home.path, '--gateway', '127.0.0.1:0', '--control', taken),
          1,
          new RegExp(taken),
          /--control/,
        );
      } finally {
        server.close();
      }
    });

    test('a home that belongs to another node: exit code 1, and its process', async () => {
      const here = ['bin/skein', 'up', '--home', node.home, ...anyPorts];
      const result = await runCommand(process.execPath, here, { cwd: ROOT });
      refused(result, 1, new RegExp(`process id ${node.pid}`), /--home/);
      const detached = await up(node.home, ...anyPorts);
      assert.equal(detached.code, 0, detached.stderr);
      assert.match(detached.stdout, new RegExp(`already running \\(process ${node.pid}\\)`));
      assert.equal((await skein('status')).code, 0, 'the other node is as it was');
    });

    test('a database that cannot be reached: exit code 1, without the password', async () => {
      using home = appFolder({});
      const url = 'postgres://me:hunter2@127.0.0.1:1/skein';
      const result = await up(home.path, ...anyPorts, '--database-url', url);
      refused(result, 1, /database/i, /127\.0\.0\.1:1/, /--database-url/);
      assert.doesNotMatch(result.stderr, /hunter2/);
    });

    test('options that are none: exit code 2', async () => {
      using home = appFolder({});
      refused(await up(home.path, '--gateway', '8080'), 2, /--gateway "8080"/, /HOST:PORT/);
      refused(await up(home.path, '--database-url', 'mysql://a'), 2, /--database-url/, /postgres:\/\//);
      refused(await up(home.path, '--queue-timeout', '10'), 2, /--queue-timeout "10"/, /30s/);
      refused(await up('/etc/hostname/home', ...anyPorts), 2, /\/etc\/hostname\/home/, /--home/);
    });
  });
});
