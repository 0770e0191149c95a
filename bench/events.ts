/**
 * `npm run bench -- events`: what is kept and what is run a second, and how long an event takes from its acceptance
 * to its function.
 *
 * The first table is the core alone (a PostgreSQL, an empty function): events are taken in from 16 callers, then
 * delivered, then both, also with a million others waiting. The second is a whole node.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAIR_WEATHER, systemClock, systemRandom, uuidSource } from '../src/base/index.ts';
import { createEvents, type Events, openEventStore } from '../src/events/index.ts';
import type { Invocation, Report } from '../src/invoke/index.ts';
import { functionByHand } from '../src/model/testing.ts';
import { connect, migrate, type Sql } from '../src/store/index.ts';
import { startTestServer } from '../src/store/testing.ts';
import { startRealNode } from '../test/support/real-node.ts';
import { helloApp } from './support/apps.ts';
import { percentile, printTable } from './support/numbers.ts';

const CALLERS = 16;
const EVENTS = 10_000;
const RATE = 500;
const RATE_SECONDS = 10;
const WAITING = 1_000_000;
const PAYLOAD = JSON.stringify({ order: 'x'.repeat(200) });

type Row = Readonly<Record<string, string | number>>;

export async function events(): Promise<unknown> {
  const core = await ofTheCore();
  console.log(`\nthe core, ${CALLERS} callers, ${EVENTS} events of ${PAYLOAD.length} bytes\n`);
  printTable(core);
  const node = await ofANode();
  console.log('\na node, by its control API\n');
  printTable(node);
  return { core, node };
}

async function ofTheCore(): Promise<Row[]> {
  const server = await startTestServer();
  const sql = connect({ url: server.url, max: 2 });
  try {
    await migrate(sql);
    const alone = await measureCore(server.url, 'nothing else');
    await fill(sql);
    return [alone, await measureCore(server.url, '1,000,000 others')];
  } finally {
    await sql.end();
    await server.stop();
  }
}

async function measureCore(url: string, waiting: string): Promise<Row> {
  const accepted = await rateOf(url, { start: false });
  const drained = await drain(url);
  const both = await rateOf(url, { start: true });
  const { p50, p99 } = await latency(url);
  return {
    waiting,
    'accepted/s': accepted,
    'drained/s': drained,
    'accepted while delivering/s': both,
    [`p50 at ${RATE}/s, ms`]: p50,
    'p99, ms': p99,
  };
}

/** How many are taken in a second. */
async function rateOf(url: string, { start }: { start: boolean }): Promise<number> {
  const { events, stop } = await open(url, () => {}, start);
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      for (let n = 0; n < EVENTS / CALLERS; n++) await events.enqueue(invocation());
    }),
  );
  const rate = (EVENTS / (performance.now() - startMs)) * 1_000;
  await stop();
  return Math.round(rate);
}

/** How many that wait are run a second. */
async function drain(url: string): Promise<number> {
  let left = EVENTS;
  const done = Promise.withResolvers<void>();
  const startMs = performance.now();
  const { stop } = await open(url, () => --left === 0 && done.resolve(), true);
  await done.promise;
  const rate = (EVENTS / (performance.now() - startMs)) * 1_000;
  await stop();
  return Math.round(rate);
}

/** From the call that hands an event in to its function, at a steady rate. */
async function latency(url: string): Promise<{ p50: number; p99: number }> {
  const sentAt = new Map<string, number>();
  const tookMs: number[] = [];
  const { events, stop } = await open(url, ({ requestId }) => {
    const at = sentAt.get(requestId);
    if (at !== undefined) tookMs.push(performance.now() - at);
  });
  const startMs = performance.now();
  const sent: Promise<unknown>[] = [];
  while (sent.length < RATE * RATE_SECONDS) {
    const dueCount = Math.min(RATE * RATE_SECONDS, ((performance.now() - startMs) / 1_000) * RATE);
    while (sent.length < dueCount) {
      const event = invocation();
      sentAt.set(event.requestId, performance.now());
      sent.push(events.enqueue(event));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(sent);
  while (tookMs.length < sent.length) await new Promise((resolve) => setTimeout(resolve, 10));
  await stop();
  return { p50: percentile(tookMs, 0.5), p99: percentile(tookMs, 0.99) };
}

const newId = uuidSource(() => systemClock.wallMs());

function invocation(): Invocation {
  const common = { qualifier: null, traceId: null, clientContext: null };
  return { ...common, functionName: 'bench', event: PAYLOAD, requestId: newId() };
}

async function open(
  url: string,
  onRun: (invocation: Invocation) => void,
  start = true,
): Promise<{ events: Events; stop: () => Promise<void> }> {
  const entry = functionByHand({ name: 'bench' });
  const report: Report = {
    ...{ outcome: 'ok', durationMs: 0, billedMs: 0, initMs: null, memoryMb: 128, maxMemoryMb: 1 },
    ...{ queuedMs: 0, phases: null, instanceId: 'bench' },
  };
  const answer = { kind: 'result', executedVersion: 1, payload: Buffer.from('null'), report } as const;
  const events = createEvents({
    store: openEventStore({ databaseUrl: url, holder: 'bench' }),
    directory: { current: () => ({ functions: new Map([['bench', entry]]), queues: new Map() }) },
    async invoke(invocation) {
      onRun(invocation);
      return answer;
    },
    ...{ clock: systemClock, random: systemRandom, newId, onProblem: console.error },
    ...{ retryMs: 60_000, accountConcurrency: 1_000, weather: FAIR_WEATHER },
  });
  if (start) await events.start();
  return { events, stop: () => events.stop() };
}

/** Events of another function that are due in an hour. */
async function fill(sql: Sql): Promise<void> {
  await sql`
    insert into skein.events (id, lane, function_name, payload, bytes, context, accepted_at, due_at)
    select gen_random_uuid(), 'others', 'others', ${PAYLOAD}, ${PAYLOAD.length},
      '{"traceId":null,"clientContext":null,"hops":1}', now(), now() + interval '1 hour'
    from generate_series(1, ${WAITING})`;
  await sql`insert into skein.event_volumes values ('others', 'in', ${WAITING}, ${WAITING * PAYLOAD.length})`;
  await sql`vacuum analyze skein.events`;
}

async function ofANode(): Promise<Row[]> {
  const driver = existsSync('/usr/bin/runc') || existsSync('/usr/sbin/runc') ? 'oci' : 'process';
  await using node = await startRealNode(['--driver', driver]);
  await node.skein(['deploy', helloApp('bench', ['hello'])]);
  const count = 5_000;
  await node.invoke('bench-hello');
  const { control, token } = JSON.parse(readFileSync(join(node.home, 'node.json'), 'utf8'));
  const url = `${control}/api/v1/functions/bench-hello/invocations?async=true`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const startMs = performance.now();
  let left = count;
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (left-- > 0) {
        const answer = await fetch(url, { method: 'POST', headers, body: PAYLOAD });
        await answer.arrayBuffer();
        if (answer.status !== 202) throw new Error(`an event was answered ${answer.status}`);
      }
    }),
  );
  const accepted = (count / (performance.now() - startMs)) * 1_000;
  for (;;) {
    if ((await node.usage('bench-hello')).invocations >= count) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const ran = (count / (performance.now() - startMs)) * 1_000;
  return [{ driver, 'accepted/s': Math.round(accepted), 'run/s': Math.round(ran) }];
}
