/** Every example, as a person would: built, deployed to a real node by the command, called over HTTP. */
import assert from 'node:assert/strict';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { runCommand } from './support/command.ts';
import { eventually } from './support/eventually.ts';
import { type RealNode, startRealNode } from './support/real-node.ts';

const EXAMPLES = join(import.meta.dirname, '../examples');
const inCi = process.env.CI === 'true';

/** A reason to skip, or false. In CI nothing is missing, so a missing file fails the test there. */
function unlessThere(file: string, wayOut: string): string | false {
  return inCi || existsSync(file) ? false : `${file} is missing: ${wayOut}`;
}

suite('the examples on a real node', () => {
  let node: RealNode;
  before(async () => {
    node = await startRealNode();
  });
  after(() => node?.[Symbol.asyncDispose]());

  const shown = async (...words: string[]) => JSON.parse((await node.skein([...words, '--json'])).stdout);
  const deploy = (name: string) => node.skein(['deploy', join(EXAMPLES, name)]);
  const json = { 'content-type': 'application/json' };
  const order = { customer: 'Ada', items: [{ cake: 'Black Forest', quantity: 2, unitPriceCents: 3900 }] };

  test('bakery: an order is placed, found, listed, changed, and refused where it is wrong', async () => {
    await deploy('bakery');
    const bakery = (method: string, path: string, body?: unknown) =>
      node.request('bakery.localhost', {
        method,
        path,
        headers: json,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });

    const placed = await bakery('POST', '/orders', order);
    assert.equal(placed.status, 201, placed.body.toString());
    assert.equal(placed.json().totalCents, 7800);
    const path = `/orders/${placed.json().id}`;
    assert.deepEqual((await bakery('GET', path)).json(), placed.json());

    for (let n = 0; n < 2; n++) await bakery('POST', '/orders', order);
    const first = (await bakery('GET', '/orders?limit=2')).json();
    const rest = (await bakery('GET', `/orders?limit=2&cursor=${first.nextCursor}`)).json();
    assert.equal((first.orders as unknown[]).length, 2);
    assert.deepEqual(rest, { orders: [placed.json()], nextCursor: null });

    assert.equal((await bakery('PATCH', path, { status: 'baking' })).json().status, 'baking');
    assert.equal((await bakery('PATCH', path, { status: 'collected' })).status, 409);
    assert.equal((await bakery('GET', '/orders/00000000-0000-4000-8000-000000000000')).status, 404);

    const wrong = await bakery('POST', '/orders', { ...order, items: [{ cake: '', quantity: 0 }] });
    assert.equal(wrong.status, 400);
    assert.match(wrong.body.toString(), /"items\.0\.quantity"/);
  });

  test('bakery: the first requests of many instances at once all find the table', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        node.request('bakery.localhost', {
          method: 'POST',
          path: '/orders',
          headers: json,
          body: JSON.stringify(order),
        }),
      ),
    );
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([201]));
  });

  const noPython = unlessThere('/usr/bin/python3', 'install python3.11');
  test('bakery: an order that is placed twice under one key is one order with one receipt', {
    skip: noPython,
  }, async () => {
    const place = () =>
      node.request('bakery.localhost', {
        ...{ method: 'POST', path: '/orders', body: JSON.stringify(order) },
        headers: { ...json, 'idempotency-key': 'order-1' },
      });
    const [first, second] = [await place(), await place()];
    assert.deepEqual([first.status, second.status], [201, 201], second.body.toString());
    const { id } = first.json() as { id: string };
    assert.equal(second.json().id, id);
    await eventually('all receipts are written', async () => {
      const { visible, inFlight } = await shown('queue', 'show', 'bakery-receipts');
      return visible === 0 && inFlight === 0;
    });
    assert.equal((await node.skein(['logs', 'bakery-receipt'])).stdout.split(`receipt ${id}`).length, 2);
  });

  test('bakery: the nightly report counts the day’s orders', async () => {
    await node.skein(['schedule', 'run', 'bakery-report']);
    await eventually('the report is logged', async () =>
      /the day until .*: [1-9]\d* orders, [1-9]\d* cents/.test(
        (await node.skein(['logs', 'bakery-report'])).stdout,
      ),
    );
  });

  test('bakery-payments: a delivery that is signed runs once, however often it comes; one that is not starts nothing', async () => {
    const key = randomBytes(24);
    await node.skein(['secret', 'set', 'PAYMENT_KEY', `whsec_${key.toString('base64')}`]);
    await deploy('bakery-payments');
    const body = JSON.stringify({ orderId: randomUUID(), cents: 3900 });
    const send = (id: string, signed = body) => {
      const seconds = Math.floor(Date.now() / 1_000);
      const signature = createHmac('sha256', key).update(`${id}.${seconds}.${signed}`).digest('base64');
      const headers = {
        'webhook-id': id,
        'webhook-timestamp': `${seconds}`,
        'webhook-signature': `v1,${signature}`,
      };
      return node.request('bakery-payments.localhost', {
        method: 'POST',
        path: '/payments',
        headers: { ...json, ...headers },
        body,
      });
    };
    assert.equal((await send('a', 'something else')).status, 401);
    assert.equal((await node.usage('bakery-payments-till')).invocations, 0);
    for (let n = 0; n < 3; n++) assert.equal(Math.floor((await send('a')).status / 100), 2);
    await send('b');
    await eventually(
      'both are run',
      async () => (await node.usage('bakery-payments-till')).invocations === 2,
    );
  });

  const sharpFolder = join(EXAMPLES, 'thumbnail/resize/node_modules');
  const noSharp = unlessThere(sharpFolder, 'npm ci --prefix examples/thumbnail/resize');
  test('thumbnail: bytes of a picture go in and fewer come out', { skip: noSharp }, async () => {
    await deploy('thumbnail');
    const { default: sharp } = await import(join(sharpFolder, 'sharp/lib/index.js'));
    for (const format of ['jpeg', 'png'] as const) {
      const picture = sharp({ create: { width: 900, height: 600, channels: 3, background: '#c03' } });
      const answer = await node.request('thumbnail.localhost', {
        method: 'POST',
        path: '/?width=90',
        headers: { 'content-type': `image/${format}` },
        body: await picture.toFormat(format).toBuffer(),
      });
      assert.equal(answer.status, 200, answer.body.toString());
      assert.equal(answer.headers['content-type'], `image/${format}`);
      const { width, height, format: found } = await sharp(answer.body).metadata();
      assert.deepEqual({ width, height, found }, { width: 90, height: 60, found: format });
    }
    const text = await node.request('thumbnail.localhost', { method: 'POST', headers: json, body: '{}' });
    assert.equal(text.status, 415);
  });

  test('python-report: a CSV becomes totals', { skip: noPython }, async () => {
    await deploy('python-report');
    const answer = await node.request('report.localhost', {
      method: 'POST',
      path: '/sales',
      headers: { 'content-type': 'text/csv' },
      body: 'product,amount\ncake,39.00\ncake,12.50\nbread,3.20\n',
    });
    assert.equal(answer.status, 200, answer.body.toString());
    assert.deepEqual(answer.json().totals, { bread: '3.20', cake: '51.50' });
    assert.ok(Number(answer.json().remainingMs) > 0);
  });

  for (const [name, host, language] of [
    ['rust-hello', 'rust.localhost', 'Rust'],
    ['go-hello', 'go.localhost', 'Go'],
  ] as const) {
    const bootstrap = join(EXAMPLES, name, 'dist/bootstrap');
    const skip = unlessThere(bootstrap, `run examples/${name}/build.sh`);
    test(`${name}: a compiled function greets, and its error is Lambda's`, { skip }, async () => {
      await deploy(name);
      const answer = await node.request(host, { path: '/hello/ada' });
      assert.equal(answer.status, 200, answer.body.toString());
      assert.equal(answer.json().message, `Hello, ada, from ${language}`);
      const failed = await node.request(host, { path: '/hello/nobody' });
      assert.equal(failed.status, 500);
      assert.deepEqual(failed.json(), { message: 'Internal Server Error' });
    });
  }

  test('what was invoked is in the usage, and was metered once', async () => {
    const { stdout } = await node.skein(['usage', '--json']);
    const orders = JSON.parse(stdout).functions.find((f: { name: string }) => f.name === 'bakery-orders');
    assert.ok(orders.invocations >= 20, stdout);
    assert.equal(orders.errors, 0);
  });

  test('a folder without a manifest is refused as bad usage', async () => {
    const result = await runCommand(process.execPath, ['bin/skein', 'deploy', EXAMPLES], {
      cwd: join(EXAMPLES, '..'),
      env: { ...process.env, SKEIN_HOME: node.home },
    });
    assert.equal(result.code, 2);
    assert.match(result.stderr, /skein\.yaml/);
  });
});
