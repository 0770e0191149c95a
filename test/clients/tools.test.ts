/**
 * Tools that drive Lambda by its API, on one node: each makes a function, changes it, finds nothing to change when
 * asked again, and removes what it knows to remove, by its own code. They are told the endpoint and the keys.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { zipByHand } from '../../src/artifacts/zip-by-hand.ts';
import { runCommand } from '../support/command.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';
import { makeRole } from './make-role.ts';
import { awsCommand, awsEnvironment } from './python-client.ts';

const CACHE = join(import.meta.dirname, '.cache');
const TOOLS = join(CACHE, 'tools');
const CARGO_LAMBDA = join(CACHE, 'cargo-lambda/bin/cargo-lambda');
const PROGRAM = join(import.meta.dirname, '../../examples/go-hello/dist/bootstrap');
const missing = existsSync(join(TOOLS, 'ansible_collections'))
  ? false
  : 'the tools are not installed (test/clients/install.sh)';
const noProgram =
  existsSync(CARGO_LAMBDA) && existsSync(PROGRAM)
    ? false
    : 'cargo-lambda is not installed (test/clients/install.sh), or examples/go-hello is not built';

const code = (word: string) =>
  zipByHand([
    {
      name: 'index.js',
      content: Buffer.from(`exports.handler = async () => { console.log('hello'); return '${word}'; };`),
    },
  ]);

const APP = `
import os
from chalice import Chalice

app = Chalice(app_name="bakery")


@app.lambda_function(name="orders")
def orders(event, context):
    return {"word": os.environ["WORD"], "event": event}
`;

suite('a tool on its own', () => {
  let node: RealNode;
  let folder: string;
  let role: string;
  before(async () => {
    node = await startRealNode(['--driver', 'process']);
    role = await makeRole(node, 'of-tools');
    folder = mkdtempSync(join(tmpdir(), 'skein-tools-'));
  });
  after(async () => {
    await node?.[Symbol.asyncDispose]();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a tool in a folder of its own. @returns what it printed */
  async function run(
    command: string,
    words: readonly string[],
    more: { cwd: string; input?: string; home?: string },
  ) {
    const { cwd, input = '', home = folder } = more;
    const configured = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };
    const env = { ...awsEnvironment(node), ...configured, HOME: home, PYTHONPATH: TOOLS, LC_ALL: 'C.UTF-8' };
    const { code, stdout, stderr } = await runCommand(command, words, { env, cwd, input });
    assert.equal(code, 0, `${words.join(' ')}\n${stdout}${stderr}`);
    return stdout;
  }

  const lambda = async (operation: string, ...words: string[]) =>
    await awsCommand(node, folder)('lambda', operation, ...words);

  test("Ansible's collection amazon.aws", { skip: missing, timeout: 280_000 }, async () => {
    for (const word of ['one', 'two', 'layer']) writeFileSync(join(folder, `${word}.zip`), code(word));
    const play = async (books: string[], word = 'one', version = '1') => {
      const given = JSON.stringify({
        role,
        folder,
        code: word,
        version,
        ansible_python_interpreter: 'python3',
      });
      const playbooks = books.map((book) => join(import.meta.dirname, `ansible/${book}.yml`));
      const words = ['-i', 'localhost,', '-c', 'local', '-e', given, ...playbooks];
      const printed = await run('python3', [join(TOOLS, 'bin/ansible-playbook'), ...words], { cwd: folder });
      // Each book's end counts the books before it.
      return Number([...printed.matchAll(/changed=(\d+)/g)].at(-1)?.[1]);
    };
    assert.equal(await play(['layer', 'present', 'check']), 4);
    assert.equal(await play(['present']), 0);
    assert.equal(await play(['present', 'check'], 'two', '2'), 2);
    assert.equal(await play(['present'], 'two', '2'), 0);
    assert.equal(await play(['absent']), 4);
    assert.equal(await play(['absent']), 0);
  });

  test('Chalice', { skip: missing, timeout: 280_000 }, async () => {
    const cwd = join(folder, 'bakery');
    const config = (word: string) =>
      writeFileSync(
        join(cwd, '.chalice/config.json'),
        JSON.stringify({
          ...{ version: '2.0', app_name: 'bakery', manage_iam_role: false, iam_role_arn: role },
          ...{ lambda_memory_size: 192, lambda_timeout: 9, tags: { team: 'shop' }, reserved_concurrency: 3 },
          environment_variables: { WORD: word },
          stages: { dev: {} },
        }),
      );
    mkdirSync(join(cwd, '.chalice'), { recursive: true });
    writeFileSync(join(cwd, 'app.py'), APP);
    writeFileSync(join(cwd, 'requirements.txt'), '');
    const chalice = (words: string[], input?: string) =>
      run('python3', [join(TOOLS, 'bin/chalice'), ...words], { cwd, ...(input !== undefined && { input }) });
    const name = ['--function-name', 'bakery-dev-orders'];
    const shown = async () => {
      const { Configuration, Concurrency, Tags } = await lambda('get-function', ...name);
      const { LastModified, RevisionId, RuntimeVersionConfig, ...rest } = Configuration as Record<
        string,
        unknown
      >;
      return { ...rest, Concurrency, Tags };
    };
    config('one');
    await chalice(['deploy']);
    const first = await shown();
    assert.deepEqual(first.Concurrency, { ReservedConcurrentExecutions: 3 });
    const answer = await chalice(['invoke', '-n', 'orders'], '{"a":1}');
    assert.deepEqual(JSON.parse(answer), { word: 'one', event: { a: 1 } });
    await chalice(['deploy']);
    assert.deepEqual(await shown(), first);
    config('two');
    await chalice(['deploy']);
    assert.deepEqual(JSON.parse(await chalice(['invoke', '-n', 'orders'], '{}')), { word: 'two', event: {} });
    await chalice(['delete']);
    await assert.rejects(shown(), /ResourceNotFoundException/);
  });

  test('cargo-lambda, with an alias and a URL that anybody may call', {
    skip: noProgram,
    timeout: 120_000,
  }, async () => {
    const cwd = join(folder, 'by-cargo');
    mkdirSync(join(cwd, 'src'), { recursive: true });
    writeFileSync(
      join(cwd, 'Cargo.toml'),
      '[package]\nname = "by-cargo"\nversion = "0.1.0"\nedition = "2021"\n',
    );
    writeFileSync(join(cwd, 'src/main.rs'), 'fn main() {}\n');
    const deploy = async (...words: string[]) => {
      const about = ['--role', role, '--binary-path', PROGRAM, '--alias', 'live', '--tag', 'team=shop'];
      const all = ['lambda', 'deploy', 'by-cargo', ...about, '--output-format', 'json', ...words];
      const printed = await run(CARGO_LAMBDA, all, { cwd, home: homedir() });
      return JSON.parse(printed.slice(printed.indexOf('{'))) as Record<string, string>;
    };
    const name = ['--function-name', 'by-cargo'];
    const first = await deploy('--enable-function-url', '--memory', '256');
    assert.equal(first.version, '1');
    const { hostname, port } = new URL(first.function_url ?? '');
    const answer = await node.request(`${hostname}:${port}`, {});
    assert.equal(answer.status, 200, answer.body.toString());
    assert.deepEqual(await deploy('--enable-function-url', '--memory', '256'), {
      ...first,
      function_arn: `${first.function_arn}:1`,
    });
    assert.equal((await deploy('--enable-function-url', '--memory', '320')).version, '2');
    assert.equal((await lambda('get-alias', ...name, '--name', 'live')).FunctionVersion, '2');
    assert.equal((await deploy('--disable-function-url', '--memory', '320')).function_url, null);
    assert.deepEqual((await lambda('list-function-url-configs', ...name)).FunctionUrlConfigs, []);
    await lambda('delete-function', ...name);
  });
});
