/**
 * A storm: events and messages at a steady rate into a real node, while the node is killed, its PostgreSQL is
 * killed, instances are replaced and functions fail; and at the end, what was accepted and what came of it.
 *
 * The functions write what they did into the app's database, so the count does not depend on what the node says.
 */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { appFolder } from './app-folder.ts';
import { eventually } from './eventually.ts';
import { killQuietly } from './processes.ts';
import type { RealNode } from './real-node.ts';

export interface StormOrder {
  /** Accepted before the storm is over: half of them events, half messages. */
  readonly events: number;
  /** Times that the node is killed with -9 and started again. */
  readonly kills: number;
  /** Times that PostgreSQL is killed, which the node starts again. */
  readonly databaseKills: number;
  /** How long the rest may take when the storm is over, ms. */
  readonly calmMs: number;
}

export interface Tally {
  readonly accepted: number;
  /** Of the accepted, those that no function has handled and no dead-letter queue holds. */
  readonly lost: readonly number[];
  /** Times that a function handled something beyond once each. */
  readonly repeated: number;
  readonly deadLetters: number;
  /** What the function says that stores key and effect in one transaction: as many as it was given keys. */
  readonly exact: { readonly keys: number; readonly total: number };
}

const SENDERS = 8;
const PAGE = 1_000;
const MOST_READS = 20;

const CODE = `
import postgres from 'postgres';
const sql = postgres(process.env.DATABASE_URL, { max: 1, onnotice: () => {} });
const tables = sql.begin(async (sql) => {
  await sql\`select pg_advisory_xact_lock(1)\`;
  await sql\`create table if not exists seen (n int not null)\`;
  await sql\`create table if not exists keys (n int primary key)\`;
  await sql\`create table if not exists totals (total int not null)\`;
  await sql\`insert into totals select 0 where not exists (select from totals)\`;
});
tables.catch(() => {});
async function handle(n) {
  if (Math.random() < 0.1) throw new Error('one in ten fails');
  await tables;
  await sql.begin(async (sql) => {
    await sql\`insert into seen values (\${n})\`;
    const added = await sql\`insert into keys values (\${n}) on conflict do nothing returning n\`;
    if (added.length > 0) await sql\`update totals set total = total + 1\`;
  });
}
export const event = ({ n }) => handle(n);
export async function messages({ Records }) {
  const batchItemFailures = [];
  for (const { body, messageId } of Records) {
    await handle(JSON.parse(body).n).catch(() => batchItemFailures.push({ itemIdentifier: messageId }));
  }
  return { batchItemFailures };
}
export async function read() {
  await tables;
  const [{ seen }] = await sql\`select coalesce(array_agg(distinct n), '{}') as seen from seen\`;
  const [{ times }] = await sql\`select count(*)::int as times from seen\`;
  const [{ keys }] = await sql\`select count(*)::int as keys from keys\`;
  const [{ total }] = await sql\`select total from totals\`;
  return { seen, times, keys, total };
}
`;

const MANIFEST = `
app: storm
databases: { main: {} }
queues:
  jobs: { visibilityTimeout: 5s, maxReceiveCount: 5, deadLetter: failed }
  failed: {}
functions:
  event:
    { runtime: nodejs24.x, handler: index.event, code: ./code, timeout: 10s, database: main, deadLetter: failed }
  messages:
    { runtime: nodejs24.x, handler: index.messages, code: ./code, timeout: 10s, database: main,
      triggers: [ { queue: jobs, batch: 10, partial: true } ] }
  read: { runtime: nodejs24.x, handler: index.read, code: ./code, timeout: 60s, memory: 512MB, database: main }
`;

/** @param node started with a short \`--event-retry\` */
export async function storm(node: RealNode, order: StormOrder): Promise<Tally> {
  {
    using folder = appFolder({ 'skein.yaml': MANIFEST, 'code/index.mjs': CODE });
    symlinkSync(join(import.meta.dirname, '../../node_modules'), join(folder.path, 'node_modules'));
    await node.skein(['deploy', folder.path]);
  }
  const accepted = new Set<number>();
  await Promise.all([sendAll(node, order, accepted), strike(node, order, accepted)]);
  let deadLetters = new Set<number>();
  let seen = await read(node);
  await eventually(
    'all that was accepted is handled or put aside',
    async () => {
      deadLetters = await deadLettersOf(node);
      seen = await read(node);
      const open = lostOf(accepted, seen.seen, deadLetters);
      return open.length === 0 ? true : `${open.length} open`;
    },
    order.calmMs,
  ).catch((error: Error) => {
    if (!error.message.startsWith('after')) throw error; // that it took too long, the tally says
  });
  return {
    accepted: accepted.size,
    lost: lostOf(accepted, seen.seen, deadLetters),
    repeated: seen.times - seen.seen.length,
    deadLetters: deadLetters.size,
    exact: { keys: seen.keys, total: seen.total },
  };
}

/** What was not accepted, or not as far as is known, is sent again. */
async function sendAll(node: RealNode, { events }: StormOrder, accepted: Set<number>): Promise<void> {
  let next = 0;
  const sender = async () => {
    while (next < events) {
      const n = next++;
      while (!(await send(node, n))) await new Promise((resolve) => setTimeout(resolve, 50));
      accepted.add(n);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
}

async function send(node: RealNode, n: number): Promise<boolean> {
  const [path, body] =
    n % 2 === 0
      ? ['/api/v1/functions/storm-event/invocations?async=true', { n }]
      : ['/api/v1/queues/storm-jobs/messages', { body: JSON.stringify({ n }) }];
  try {
    return Math.floor((await node.control('POST', path, body)).status / 100) === 2;
  } catch {
    return false; // the node is away
  }
}

/** One blow after the other, spread over what is sent. */
async function strike(node: RealNode, order: StormOrder, accepted: ReadonlySet<number>): Promise<void> {
  const blows = order.kills + order.databaseKills;
  const every = Math.max(1, Math.ceil(blows / Math.max(1, order.databaseKills)));
  for (let blow = 1; blow <= blows; blow++) {
    const due = Math.floor((order.events * blow) / (blows + 1));
    await eventually(`${due} are accepted`, () => accepted.size >= due || accepted.size, 600_000);
    if (order.databaseKills > 0 && blow % every === 0) {
      killQuietly(node.postgresPid, 'SIGKILL');
      continue;
    }
    killQuietly(node.pid, 'SIGKILL');
    await node.up();
  }
}

interface Read {
  readonly seen: readonly number[];
  readonly times: number;
  readonly keys: number;
  readonly total: number;
}

/** Tries again where the reader itself was struck. */
async function read(node: RealNode): Promise<Read> {
  for (let tries = 1; ; tries++) {
    const { payload, functionError } = await node.invoke('storm-read');
    if (functionError === null) return payload as Read;
    if (tries === MOST_READS) throw new Error(JSON.stringify(payload));
  }
}

async function deadLettersOf(node: RealNode): Promise<Set<number>> {
  const found = new Set<number>();
  for (let after = 0; ; ) {
    const path = `/api/v1/queues/storm-failed/messages?limit=${PAGE}&after=${after}`;
    const { messages } = (await node.control('GET', path)).json() as {
      messages: { body: string; position: number }[];
    };
    for (const { body } of messages) found.add(JSON.parse(body).n);
    if (messages.length < PAGE) return found;
    after = messages.at(-1)?.position ?? 0;
  }
}

function lostOf(
  accepted: ReadonlySet<number>,
  seen: readonly number[],
  deadLetters: ReadonlySet<number>,
): number[] {
  const handled = new Set(seen);
  return [...accepted].filter((n) => !handled.has(n) && !deadLetters.has(n));
}
