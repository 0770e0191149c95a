/**
 * `npm run bench -- queues`: messages a second into a queue and through it, of a standard and of a FIFO queue; and the
 * same while a million others wait.
 *
 * The queue alone, as an edge or a trigger uses it: a PostgreSQL, 16 senders of one message each, and
 * receivers that take ten at a time and delete them.
 */
import { openQueues, type QueuesOfTest } from '../src/resources/queue/queues-fixture.ts';
import { connect, migrate, type Sql } from '../src/store/index.ts';
import { startTestServer } from '../src/store/testing.ts';
import { median, printTable } from './support/numbers.ts';

const SENDERS = 16;
const RECEIVERS = 8;
const BATCH = 10;
const MESSAGES = 10_000;
const ROUNDS = 3;
const WAITING = 1_000_000;
const BODY = JSON.stringify({ order: 'x'.repeat(200) });
const NEVER = new AbortController().signal;

type Row = Readonly<Record<string, string | number>>;

export async function queues(): Promise<unknown> {
  const server = await startTestServer();
  const sql = connect({ url: server.url, max: 2 });
  try {
    await migrate(sql);
    await using node = await openQueues({ url: server.url, sql, [Symbol.asyncDispose]: async () => {} });
    const rows = [await measure(node, 'standard'), await measure(node, 'jobs.fifo')];
    await fill(node, sql);
    rows.push(await measure(node, 'standard'));
    console.log(`\n${MESSAGES} messages of ${BODY.length} bytes, medians of ${ROUNDS} rounds\n`);
    printTable(
      rows.map((row, at) => ({
        waiting: at < 2 ? 'nothing' : 'a million others, and a million here',
        ...row,
      })),
    );
    return rows;
  } finally {
    await sql.end();
    await server.stop();
  }
}

async function measure(node: QueuesOfTest, name: string): Promise<Row> {
  await node.put(name);
  const rounds: { sent: number; tens: number; through: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({ sent: await sendAll(node, name, 1), through: await receiveAll(node, name), tens: 0 });
    const tens = await sendAll(node, name, BATCH);
    await receiveAll(node, name);
    rounds.push({ ...rounds.pop()!, tens });
  }
  const of = (pick: (round: (typeof rounds)[number]) => number) => Math.round(median(rounds.map(pick)));
  return {
    queue: name,
    [`sent by ${SENDERS}/s`]: of(({ sent }) => sent),
    'sent in tens/s': of(({ tens }) => tens),
    'received and deleted in tens/s': of(({ through }) => through),
  };
}

async function sendAll(node: QueuesOfTest, name: string, batch: number): Promise<number> {
  let left = MESSAGES / batch;
  const messages = (turn: number) =>
    Array.from({ length: batch }, (_, at) => ({
      body: BODY,
      ...(name.endsWith('.fifo') && {
        groupId: `g${turn % 100}`,
        deduplicationId: `${performance.now()}-${turn}-${at}`,
      }),
    }));
  return rateOf(SENDERS, async () => {
    while (left > 0) await node.send(name, messages(left--));
  });
}

async function receiveAll(node: QueuesOfTest, name: string): Promise<number> {
  let left = MESSAGES;
  return rateOf(RECEIVERS, async () => {
    while (left > 0) {
      const received = await node.receive(name, { max: BATCH, waitMs: 0 }, NEVER);
      if (received.length === 0) continue;
      await node.delete(
        name,
        received.map(({ receipt }) => receipt),
      );
      left -= received.length;
    }
  });
}

/** @returns messages a second */
async function rateOf(workers: number, work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await Promise.all(Array.from({ length: workers }, work));
  return (MESSAGES / (performance.now() - startMs)) * 1_000;
}

/** A million in a queue beside, and a million in the queue itself that are held back for an hour. */
async function fill(node: QueuesOfTest, sql: Sql): Promise<void> {
  for (const name of ['others', 'standard']) {
    const { id } = await node.put(name);
    await sql`
      insert into skein.messages (queue_id, number, id, visible_at, sent_at, bytes, body, details)
      select ${id}, nextval('skein.message_numbers'), gen_random_uuid(),
        now() + ${name === 'others' ? '0' : '1 hour'}::interval, now(), ${BODY.length}, ${BODY},
        (select '{}'::json)
      from generate_series(1, ${WAITING})`;
    await sql`
      insert into skein.message_volumes as v values (${id}, 'in', ${WAITING})
      on conflict (queue_id, side) do update set messages = v.messages + excluded.messages`;
  }
  await sql`vacuum analyze skein.messages`;
}
