/**
 * `npm run bench -- registry`: the control plane with 5,000 functions of 3 versions each. The functions are made
 * through the store; what is measured is a node's start with them, calls of Lambda's API by the SDK, and one
 * snapshot by itself: its memory, its first load, and its refresh after a change.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  CreateFunctionCommand,
  GetFunctionCommand,
  LambdaClient,
  ListFunctionsCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { zipByHand } from '../src/artifacts/zip-by-hand.ts';
import { systemClock } from '../src/base/index.ts';
import type { Version } from '../src/model/index.ts';
import { configByHand } from '../src/model/testing.ts';
import { createRegistry } from '../src/registry/index.ts';
import {
  changeLatest,
  connect,
  createFunction,
  listenConfiguration,
  loadConfiguration,
  migrate,
  type Sql,
  writeArtifact,
} from '../src/store/index.ts';
import { startTestServer } from '../src/store/testing.ts';
import { startRealNode } from '../test/support/real-node.ts';
import { median, printTable, spreadOf } from './support/numbers.ts';

const FUNCTIONS = 5_000;
/** Calls of each kind, and how many at once. */
const CALLS = 500;
const AT_ONCE = 4;
const REFRESHES = 50;
const ZIP = zipByHand([{ name: 'index.mjs', content: 'export const handler = () => 1;' }]);
const DIGEST = createHash('sha256').update(ZIP).digest('hex');

const nameOf = (index: number) => `shop-function-${index}`;

export async function registry(): Promise<unknown> {
  const server = await startTestServer();
  try {
    const sql = connect({ url: server.url, max: 10 });
    await migrate(sql);
    const fillSeconds = (await timed(() => fill(sql))) / 1_000;
    const alone = await snapshotAlone(sql);
    await sql.end({ timeout: 2 });
    const rows = [
      { what: 'filling the database, s', value: fillSeconds },
      ...alone,
      ...(await onNode(server.url)),
    ];
    printTable(rows);
    return rows;
  } finally {
    await server.stop();
  }
}

/** Each function with `$LATEST` and three versions, of which no two have the same configuration. */
async function fill(sql: Sql): Promise<void> {
  await writeArtifact(sql, { digest: DIGEST, bytes: ZIP.length, chunks: [ZIP] });
  await inTurns(FUNCTIONS, async (index) => {
    const name = nameOf(index);
    const wanted = (generation: number) => ({
      ...{
        artifact: DIGEST,
        description: `function ${index}`,
        aws: { Role: `arn:aws:iam::000000000000:role/${name}` },
      },
      config: configByHand({
        environment: { TABLE_NAME: `table-${index}`, LOG_LEVEL: 'info', GENERATION: String(generation) },
      }),
    });
    const made = { name, ...wanted(1) };
    await createFunction(sql, { made, tags: { team: 'shop' }, codeSigning: null, publish: true });
    for (const generation of [2, 3]) {
      const change = (_: Version) => wanted(generation);
      await changeLatest(sql, { name, revisionId: null, change, publish: true });
    }
  });
}

async function snapshotAlone(sql: Sql) {
  const registry = createRegistry({
    load: (since) => loadConfiguration(sql, since),
    listen: (poke) => listenConfiguration(sql, poke),
    clock: systemClock,
  });
  const before = heapMb();
  const loadMs = await timed(() => registry.start());
  const memoryMb = heapMb() - before;
  const refreshes: number[] = [];
  for (let round = 0; round < REFRESHES; round++) {
    const name = nameOf((round * 97) % FUNCTIONS);
    const change = ({ artifact, config, details: { description, aws } }: Version) => ({
      ...{ artifact, description, aws },
      config: { ...config, memoryMb: 128 + round + 1 },
    });
    const { revision } = await changeLatest(sql, { name, revisionId: null, change, publish: false });
    refreshes.push(await timed(() => registry.reach(revision ?? 0, AbortSignal.timeout(10_000))));
  }
  await registry.stop();
  const refresh = spreadOf(refreshes);
  return [
    { what: 'first load of the snapshot, ms', value: loadMs },
    { what: 'memory of the snapshot, MB (promised 100)', value: memoryMb },
    { what: 'refresh after a change, ms, median', value: refresh.p50 },
    { what: 'refresh after a change, ms, p99 (promised 100)', value: refresh.p99 },
  ];
}

async function onNode(databaseUrl: string) {
  await using node = await startRealNode(['--database-url', databaseUrl, '--blanks', '0']);
  const starts: number[] = [];
  for (let round = 0; round < 3; round++) {
    await node.skein(['down']);
    starts.push(await timed(() => node.up()));
  }
  const written = JSON.parse(readFileSync(join(node.home, 'node.json'), 'utf8'));
  const { accessKeyId, secretAccessKey, control } = written;
  const client = new LambdaClient({
    ...{ endpoint: control, region: 'us-east-1', maxAttempts: 1 },
    credentials: { accessKeyId, secretAccessKey },
  });
  const calls = await measureCalls(client);
  client.destroy();
  return [{ what: 'skein up with all of them, s (promised 3)', value: median(starts) / 1_000 }, ...calls];
}

async function measureCalls(client: LambdaClient) {
  const Role = 'arn:aws:iam::000000000000:role/skein-shop-function-1';
  const kinds: Record<string, (index: number) => Promise<unknown>> = {
    list: () => client.send(new ListFunctionsCommand({ MaxItems: 50 })),
    get: (index) => client.send(new GetFunctionCommand({ FunctionName: nameOf(index) })),
    create: (index) =>
      client.send(
        new CreateFunctionCommand({
          ...{ FunctionName: `new-${index}`, Runtime: 'nodejs24.x', Handler: 'index.handler', Role },
          Code: { ZipFile: ZIP },
        }),
      ),
    update: (index) =>
      client.send(
        new UpdateFunctionConfigurationCommand({ FunctionName: nameOf(index), Timeout: 1 + (index % 9) }),
      ),
  };
  const rows: { what: string; value: number }[] = [];
  for (const [kind, call] of Object.entries(kinds)) {
    await call(CALLS); // the first of its kind compiles
    for (const atOnce of [1, AT_ONCE]) {
      const times: number[] = [];
      const base = atOnce === 1 ? 0 : CALLS + 1;
      await inTurns(CALLS, async (index) => void times.push(await timed(() => call(base + index))), atOnce);
      const { p50, p99 } = spreadOf(times);
      const promise = atOnce === 1 ? ' (promised 50)' : '';
      rows.push({ what: `${kind}, ${atOnce} at once, ms, median`, value: p50 });
      rows.push({ what: `${kind}, ${atOnce} at once, ms, p99${promise}`, value: p99 });
    }
  }
  return rows;
}

/** Runs so many, some at once. */
async function inTurns(count: number, work: (index: number) => Promise<void>, atOnce = 8): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** After a collection of garbage, which this turns on for itself. */
function heapMb(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
