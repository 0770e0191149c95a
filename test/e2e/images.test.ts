/** Container images from outside: what `docker save` writes is deployed, and its own runtime client asks for work. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { problem } from '../../src/sandbox/oci/driver-fixture.ts';
import { addPackages, addProgram, saveImage } from '../support/container-image.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const ROOT = join(import.meta.dirname, '../..');
const RUNTIMES = join(ROOT, 'test/runtimes');
const PACKAGES = join(RUNTIMES, 'node/node_modules');
const NODE_22 = join(RUNTIMES, '.cache/home/runtimes/nodejs22.x/bin/node');
const GO = join(ROOT, 'examples/go-hello/dist/bootstrap');

const noClient =
  existsSync(join(PACKAGES, 'aws-lambda-ric/rapid-client.node')) && existsSync(NODE_22)
    ? false
    : 'needs test/runtimes/install.sh to have run';
const noGo = existsSync(GO) ? false : 'needs examples/go-hello/build.sh to have run';

const APP = `
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
const attempt = (step) => { try { step(); return 'done'; } catch (error) { return error.code; } };
export const handler = async (event, context) => {
  if (event.fail) throw new TypeError('as asked');
  console.log('from the image');
  const { FROM_IMAGE, FROM_BOTH, FROM_FUNCTION, AWS_EXECUTION_ENV, LAMBDA_TASK_ROOT, _HANDLER } = process.env;
  return {
    env: { FROM_IMAGE, FROM_BOTH, FROM_FUNCTION, AWS_EXECUTION_ENV, LAMBDA_TASK_ROOT, _HANDLER },
    version: process.version.split('.')[0],
    cwd: process.cwd(),
    uid: process.getuid(),
    requestId: context.awsRequestId,
    root: attempt(() => writeFileSync('/written', '')),
    tmp: attempt(() => writeFileSync('/tmp/written', '')),
    python: existsSync('/usr/bin/python3'),
    top: readdirSync('/').sort(),
  };
};
export const other = async () => 'the other';
`;

/** The images of the tests, in a folder. */
async function makeImages(folder: string): Promise<void> {
  const base = join(folder, 'base');
  addProgram(base, NODE_22, '/usr/bin/node');
  const code = join(folder, 'code');
  mkdirSync(join(code, 'function'), { recursive: true });
  writeFileSync(join(code, 'function/app.mjs'), APP);
  addPackages(join(code, 'function'), PACKAGES, ['aws-lambda-ric', '@aws/lambda-invoke-store']);
  await saveImage(join(folder, 'node.tar'), [base, code], {
    Entrypoint: ['node', 'node_modules/aws-lambda-ric/index.mjs'],
    Cmd: ['app.handler'],
    Env: ['FROM_IMAGE=1', 'FROM_BOTH=image'],
    WorkingDir: '/function',
  });
}

async function makeScratch(folder: string): Promise<void> {
  const layer = join(folder, 'scratch');
  mkdirSync(layer);
  copyFileSync(GO, join(layer, 'bootstrap'));
  chmodSync(join(layer, 'bootstrap'), 0o755);
  // More than the database keeps, and nothing on this disk.
  writeFileSync(join(layer, 'ballast'), '');
  truncateSync(join(layer, 'ballast'), 260 * 2 ** 20);
  await saveImage(join(folder, 'scratch.tar'), [layer], { Entrypoint: ['/bootstrap'] });
}

suite('container images', { skip: problem ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skein-images-'));
  let node: RealNode;
  before(async () => {
    node = await startRealNode();
  });
  after(async () => {
    await node[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test('AWS’s runtime client for Node.js runs in one, as its ENTRYPOINT', { skip: noClient }, async () => {
    await makeImages(folder);
    const settings = 'memory: 256MB, timeout: 10s';
    writeFileSync(
      join(folder, 'skein.yaml'),
      `app: boxed
functions:
  one: { image: ./node.tar, ${settings}, environment: { FROM_BOTH: function, FROM_FUNCTION: "1" } }
  two: { image: { path: ./node.tar, command: [ app.other ] }, ${settings} }
`,
    );
    await node.skein(['deploy', folder]);
    const { payload, functionError } = await node.invoke('boxed-one');
    assert.equal(functionError, null, JSON.stringify(payload));
    const { requestId, top, ...found } = payload as Record<string, unknown>;
    assert.match(String(requestId), /^[0-9a-f-]{36}$/);
    assert.deepEqual(found, {
      env: {
        FROM_IMAGE: '1',
        FROM_BOTH: 'function',
        FROM_FUNCTION: '1',
        LAMBDA_TASK_ROOT: '/function',
        _HANDLER: 'app.handler',
      },
      version: 'v22',
      cwd: '/function',
      uid: 993,
      root: 'EROFS',
      tmp: 'done',
      python: false,
    });
    assert.ok(!(top as string[]).includes('home'), `the machine's own folders are not there: ${top}`);
    assert.deepEqual((await node.invoke('boxed-two')).payload, 'the other');
    const failed = await node.invoke('boxed-one', { fail: true });
    assert.equal(failed.functionError, 'Unhandled');
    assert.equal((failed.payload as { errorType: string }).errorType, 'TypeError');
    assert.equal((await node.invoke('boxed-one')).functionError, null);
  });

  test('one of a single static program, larger than the database keeps', { skip: noGo }, async () => {
    await makeScratch(folder);
    writeFileSync(join(folder, 'skein.yaml'), 'app: scratch\nfunctions:\n  go: { image: ./scratch.tar }\n');
    await node.skein(['deploy', folder]);
    const event = { version: '2.0', rawPath: '/', requestContext: { http: { method: 'GET', path: '/' } } };
    const { payload, functionError } = await node.invoke('scratch-go', event);
    assert.equal(functionError, null, JSON.stringify(payload));
    await node.skein(['down']);
    await node.up();
    assert.equal((await node.invoke('scratch-go', event)).functionError, null);
    const kept = execFileSync('ls', [join(node.home, 'images')], { encoding: 'utf8' });
    assert.match(kept, /^[0-9a-f]{64}\.tar\n$/);
    const added = await node.skein(['image', 'add', join(folder, 'scratch.tar'), '--json']);
    const { imageUri } = JSON.parse(added.stdout) as { imageUri: string };
    assert.equal(imageUri, `scratch@sha256:${kept.slice(0, 64)}`);
  });

  test('what is no image is refused', async () => {
    writeFileSync(join(folder, 'bad.tar'), 'not a tar');
    writeFileSync(join(folder, 'skein.yaml'), 'app: bad\nfunctions:\n  f: { image: ./bad.tar }\n');
    const bad = await node.skein(['deploy', folder, '--json'], { allowFailure: true });
    assert.match(bad.stdout + bad.stderr, /The image is refused/);
  });
});
