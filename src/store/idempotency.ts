/**
 * Idempotency keys: what was run under which key of a function, and what it answered. The database's clock decides.
 *
 * A key is somebody's while it runs, with a lease that is renewed; then it holds what was answered until its window
 * is over. One whose holder is gone is free to whoever comes with it next, as is one whose run has failed.
 */
import { orUnavailable, type Queryable } from './connect.ts';

/** What a run answered, so that it can be answered again. */
export interface RecordedAnswer {
  readonly kind: 'result' | 'stream';
  readonly executedVersion: number;
  /** Of a stream. */
  readonly contentType: string | null;
  /** null: it was too large to be kept. */
  readonly body: Uint8Array | null;
}

export interface WantedKey {
  readonly functionName: string;
  readonly key: string;
  /** UUID, of this run alone. */
  readonly lease: string;
  /** How long an answer is kept, ms. */
  readonly windowMs: number;
}

export interface FoundKey {
  /** The lease it was wanted with. */
  readonly lease: string;
  /** `mine`: to be run now, and ended; `running`: somebody else runs it; `done`: `answer` is what it answered. */
  readonly state: 'mine' | 'running' | 'done';
  readonly answer: RecordedAnswer | null;
}

/**
 * Takes keys that nobody has.
 *
 * Two of one batch with the same key: one of them gets it. One that somebody else takes in the same moment is
 * found to be running.
 */
export async function takeKeys(
  sql: Queryable,
  { wanted, leaseMs, holder }: { wanted: readonly WantedKey[]; leaseMs: number; holder: string },
): Promise<FoundKey[]> {
  const rows = await orUnavailable(sql<KeyRow[]>`
    with w as materialized (
      select * from json_to_recordset(${JSON.stringify(wanted)}::text::json) as w (
        "functionName" text, key text, lease uuid, "windowMs" float8)
    ),
    taken as (
      insert into skein.idempotency_keys as k (function_name, key, lease, holder, leased_until, expires_at)
      select distinct on ("functionName", key) "functionName", key, lease, ${holder},
        now() + ${leaseMs} * interval '1 ms', now() + ("windowMs" + ${leaseMs}) * interval '1 ms'
      from w order by "functionName", key, lease
      on conflict (function_name, key) do update
      set lease = excluded.lease, holder = excluded.holder, leased_until = excluded.leased_until,
        expires_at = excluded.expires_at, answer = null, body = null
      where k.leased_until <= now() or (k.lease is null and k.expires_at <= now())
      returning lease
    )
    select w.lease, t.lease is not null as mine, coalesce(k.lease is null and k.expires_at > now(), false) as done,
      k.answer, k.body
    from w left join taken t on t.lease = w.lease
    left join skein.idempotency_keys k on t.lease is null and k.function_name = w."functionName" and k.key = w.key`);
  return rows.map(({ lease, mine, done, answer, body }) => {
    const state = mine ? 'mine' : done ? 'done' : 'running';
    return { lease, state, answer: state === 'done' && answer !== null ? { ...answer, body } : null };
  });
}

interface KeyRow {
  lease: string;
  mine: boolean;
  done: boolean;
  answer: Omit<RecordedAnswer, 'body'> | null;
  body: Buffer | null;
}

export interface EndedKey {
  readonly lease: string;
  readonly functionName: string;
  readonly key: string;
  /** null: there is none to be kept, and the key is free. */
  readonly answer: RecordedAnswer | null;
  readonly windowMs: number;
}

/** Ends runs. One whose key somebody else has taken meanwhile changes nothing. */
export async function endKeys(sql: Queryable, ended: readonly EndedKey[]): Promise<void> {
  const done = ended.filter(({ answer }) => answer !== null).map(rowOf);
  const free = ended.filter(({ answer }) => answer === null).map(rowOf);
  await orUnavailable(sql`
    with done as (
      update skein.idempotency_keys k set lease = null, holder = null, leased_until = null, answer = d.answer,
        body = decode(d.body, 'base64'), expires_at = now() + d."windowMs" * interval '1 ms'
      from json_to_recordset(${JSON.stringify(done)}::text::json) as d (
        "functionName" text, key text, lease uuid, answer json, body text, "windowMs" float8)
      where k.function_name = d."functionName" and k.key = d.key and k.lease = d.lease
    )
    delete from skein.idempotency_keys k
    using json_to_recordset(${JSON.stringify(free)}::text::json) as f ("functionName" text, key text, lease uuid)
    where k.function_name = f."functionName" and k.key = f.key and k.lease = f.lease`);
}

function rowOf({ answer, ...key }: EndedKey): object {
  if (answer === null) return key;
  const { body, ...rest } = answer;
  return { ...key, answer: rest, body: body && Buffer.from(body).toString('base64') };
}

/** Makes leases last from now. */
export async function renewKeys(
  sql: Queryable,
  { leases, leaseMs, holder }: { leases: readonly string[]; leaseMs: number; holder: string },
): Promise<void> {
  await orUnavailable(sql`
    update skein.idempotency_keys set leased_until = now() + ${leaseMs} * interval '1 ms'
    where holder = ${holder} and lease = any(${leases as string[]}::uuid[])`);
}

/** Frees what a node was running: for a node that starts, which knows that its earlier self is gone. */
export async function releaseKeys(sql: Queryable, holder: string): Promise<void> {
  await orUnavailable(sql`delete from skein.idempotency_keys where holder = ${holder}`);
}

/** @returns rows deleted; call again while it equals `batch` */
export async function dropOldKeys(sql: Queryable, batch: number): Promise<number> {
  const { count } = await orUnavailable(sql`
    delete from skein.idempotency_keys where (function_name, key) in (
      select function_name, key from skein.idempotency_keys where expires_at < now() and coalesce(leased_until < now(), true)
      order by expires_at limit ${batch} for update skip locked)`);
  return count;
}
