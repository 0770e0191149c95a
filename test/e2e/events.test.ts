/** Events on a real node: what docs/events.md promises, through a kill, a throttle, failures and an absent database. */
import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { InvokeCommand, LambdaClient, PutFunctionEventInvokeConfigCommand } from '@aws-sdk/client-lambda';
import { appFolder } from '../support/app-folder.ts';
import { eventually } from '../support/eventually.ts';
import { logsOf } from '../support/logs.ts';
import { killQuietly, processesBelow } from '../support/processes.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const ROOT = join(import.meta.dirname, '../..');
const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:';

/** Each writes down what it was given, in the app's database, which outlives the node. */
const CODE = `
import postgres from 'postgres';
const sql = postgres(process.env.DATABASE_URL, { max: 1, onnotice: () => {} });
const table = sql\`create table if not exists seen (who text, event jsonb, request text, trace text)\`.catch(() => {});
const note = async (who, event, { awsRequestId }) => {
  await table;
  await sql\`insert into seen values (\${who}, \${sql.json(event)}, \${awsRequestId}, \${process.env._X_AMZN_TRACE_ID ?? ''})\`;
};
export async function work(event, context) {
  await new Promise((resolve) => setTimeout(resolve, event.ms ?? 0));
  await note('work', event, context);
}
export async function fail(event, context) {
  await note('fail', event, context);
  throw new TypeError('no flour');
}
export const told = (event, context) => note('told', event, context);
export async function read({ who }) {
  await table;
  return await sql\`select event, request, trace from seen where who = \${who}\`;
}
`;

const MANIFEST = `
app: async
databases: { main: {} }
functions:
  work: { runtime: nodejs24.x, handler: index.work, code: ./code, timeout: 30s, database: main }
  one: { runtime: nodejs24.x, handler: index.work, code: ./code, timeout: 30s, database: main, concurrency: { reserved: 1 } }
  fail: { runtime: nodejs24.x, handler: index.fail, code: ./code, timeout: 30s, database: main, uses: [ { function: told, allow: [ invoke ] } ] }
  told: { runtime: nodejs24.x, handler: index.told, code: ./code, timeout: 30s, database: main }
  read: { runtime: nodejs24.x, handler: index.read, code: ./code, timeout: 30s, database: main }
`;

interface Seen {
  readonly event: Readonly<Record<string, unknown>>;
  readonly request: string;
  readonly trace: string;
}

suite('events', () => {
  let node: RealNode;
  before(async () => {
    node = await startRealNode(['--event-retry', '1s']);
    using folder = appFolder({ 'skein.yaml': MANIFEST, 'code/index.mjs': CODE });
    symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
    await node.skein(['deploy', folder.path]);
    await node.invoke('async-read', { who: 'nobody' }); // the table is there
  });
  after(() => node?.[Symbol.asyncDispose]());

  const seen = async (who: string) => (await node.invoke('async-read', { who })).payload as unknown as Seen[];
  const post = (name: string, event: object) =>
    node.control('POST', `/api/v1/functions/${name}/invocations?async=true`, event);
  const keep = async (name: string, event: object) => {
    const { status, body } = await post(name, event);
    assert.equal(status, 202, String(body));
    return JSON.parse(String(body)).requestId as string;
  };
  const missing = async (ids: readonly string[]) => {
    const there = new Set((await seen('work')).map(({ request }) => request));
    return ids.filter((id) => !there.has(id)).length;
  };
  const nothingLeft = async () => {
    const { events } = (await node.control('GET', '/api/v1/status')).json() as {
      events: { waiting: number };
    };
    return events.waiting === 0 || events;
  };

  test('skein invoke --async keeps an event, which is run under the id that was printed', async () => {
    const { stdout } = await node.skein(['invoke', 'async-work', '--async', '--data', '{"n":1}', '--json']);
    const { requestId } = JSON.parse(stdout);
    await eventually('it has run', async () => (await missing([requestId])) === 0);
    const [{ event, trace }] = (await seen('work')) as [Seen];
    assert.deepEqual(event, { n: 1 });
    assert.match(trace, /Root=1-.*;Lineage=[0-9a-f]{8}:1$/);
  });

  test('the node is killed with events waiting and running: all of them are run by its next life', async () => {
    const ids = await Promise.all(Array.from({ length: 60 }, (_, n) => keep('async-work', { n, ms: 500 })));
    await eventually('some have run, and not all', async () => {
      const left = await missing(ids);
      return (left > 0 && left < 60) || left;
    });
    killQuietly(node.pid, 'SIGKILL');
    await node.up();
    await eventually('all have run', async () => (await missing(ids)) === 0 || (await missing(ids)), 60_000);
    await eventually('nothing is left', nothingLeft, 30_000);
  });

  test('200 events for a function that may run once at a time: none is lost, none is told to have failed', async () => {
    const before = await node.usage('async-one');
    const ids = await Promise.all(Array.from({ length: 200 }, (_, n) => keep('async-one', { n })));
    await node.invoke('async-one', {}).catch(() => {}); // takes the only place, or is refused it
    await eventually('all have run', async () => (await missing(ids)) === 0 || (await missing(ids)), 60_000);
    await eventually('nothing is left', nothingLeft, 30_000);
    const { errors } = await node.usage('async-one');
    assert.equal(errors, before.errors);
  });

  test('one that fails runs exactly three times under one id, and its destination gets Lambda’s record', async () => {
    await using client = sdk(node);
    const config = {
      FunctionName: 'async-fail',
      DestinationConfig: { OnFailure: { Destination: `${ARN}async-told` } },
    };
    await client.lambda.send(new PutFunctionEventInvokeConfigCommand(config));
    const invoked = await client.lambda.send(
      new InvokeCommand({
        FunctionName: 'async-fail',
        InvocationType: 'Event',
        Payload: '{"big":12345678901234567890}',
      }),
    );
    assert.equal(invoked.StatusCode, 202);
    await eventually('the destination was told', async () => (await seen('told')).length === 1, 30_000);
    const { timestamp, requestPayload, ...record } = (await seen('told'))[0]!.event;
    const requestId = invoked.$metadata.requestId;
    assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const { responsePayload, ...rest } = record as { responsePayload: object };
    assert.deepEqual(rest, {
      version: '1.0',
      requestContext: {
        requestId,
        functionArn: `${ARN}async-fail:$LATEST`,
        condition: 'RetriesExhausted',
        approximateInvokeCount: 3,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    });
    assert.deepEqual(
      { ...responsePayload, trace: null },
      { errorType: 'TypeError', errorMessage: 'no flour', trace: null },
    );
    assert.ok(requestPayload !== undefined);
    const tries = await seen('fail');
    assert.deepEqual(
      tries.map(({ request }) => request),
      [requestId, requestId, requestId],
    );
    await eventually('three attempts are metered', async () => {
      const { invocations, errors } = await node.usage('async-fail');
      return (invocations === 3 && errors === 3) || { invocations, errors };
    });
    const types = (await logsOf(node, 'async-fail'))
      .map(({ type }) => type)
      .filter((type) => type !== 'line');
    assert.deepEqual(types, ['START', 'END', 'REPORT', 'START', 'END', 'REPORT', 'START', 'END', 'REPORT']);
  });

  test('while the database is away an event is refused in time, and taken when it is back', async () => {
    const server = [node.postgresPid, ...processesBelow(node.postgresPid).map(({ pid }) => pid)];
    for (const pid of server) killQuietly(pid, 'SIGSTOP');
    try {
      const { status, body } = await post('async-work', { n: 'away' });
      assert.equal(status, 503);
      assert.equal(JSON.parse(String(body)).error.code, 'database-unavailable');
    } finally {
      for (const pid of server) killQuietly(pid, 'SIGCONT');
    }
    await eventually(
      'events are taken again',
      async () => (await post('async-work', { n: 'back' })).status === 202,
    );
    await eventually('it has run', async () => (await seen('work')).some(({ event }) => event.n === 'back'));
    await eventually('nothing is left', nothingLeft, 30_000);
  });
});

/** AWS's own client, with nothing changed but the endpoint and the keys. */
function sdk(node: RealNode) {
  const { control, accessKeyId, secretAccessKey } = JSON.parse(
    readFileSync(join(node.home, 'node.json'), 'utf8'),
  );
  const credentials = { accessKeyId, secretAccessKey };
  const lambda = new LambdaClient({ endpoint: control, region: 'us-east-1', credentials, maxAttempts: 1 });
  return { lambda, [Symbol.asyncDispose]: async () => lambda.destroy() };
}
