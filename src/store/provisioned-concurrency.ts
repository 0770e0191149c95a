/** What is kept of concurrency for a function: reserved for all of it, provisioned by alias or version. */
import type { TransactionSql } from 'postgres';
import { ACCOUNT_ID, type ProvisionedPlan, REGION } from '../model/index.ts';
import { orUnavailable, type Queryable, type Sql } from './connect.ts';
import { changeFunction, type Outcome } from './function-changes.ts';

/** @param to.wanted 0: none are. @param to.plan absent: all of them, always */
export async function writeProvisioned(
  tx: TransactionSql,
  to: {
    readonly name: string;
    readonly qualifier: string;
    readonly wanted: number;
    readonly plan?: ProvisionedPlan | undefined;
  },
): Promise<void> {
  if (to.wanted === 0) {
    await tx`
      delete from skein.provisioned_concurrency
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${to.name}
        and qualifier = ${to.qualifier}`;
    return;
  }
  await tx`
    insert into skein.provisioned_concurrency (account_id, region, function_name, qualifier, wanted, plan)
    values (${ACCOUNT_ID}, ${REGION}, ${to.name}, ${to.qualifier}, ${to.wanted}, ${planJson(tx, to.plan)})
    on conflict (account_id, region, function_name, qualifier) do update
    set wanted = excluded.wanted, plan = excluded.plan, modified_at = case
      when provisioned_concurrency.wanted = excluded.wanted
        and provisioned_concurrency.plan is not distinct from excluded.plan
      then provisioned_concurrency.modified_at else now() end`;
}

function planJson(tx: TransactionSql, plan: ProvisionedPlan | undefined) {
  return plan === undefined ? null : tx.json(plan as never);
}

/** What of the account's concurrency is spoken for. */
export interface Claimed {
  /** Reserved by all other functions. */
  readonly reservedByOthers: number;
  /** Of this function; null: none. */
  readonly reserved: number | null;
  /** Provisioned for this function, by qualifier. */
  readonly provisioned: ReadonlyMap<string, number>;
  /** Provisioned for other functions that reserve nothing. */
  readonly provisionedUnreserved: number;
}

export interface ConcurrencyChange {
  readonly name: string;
  /** May throw, which changes nothing. */
  readonly check: (claimed: Claimed) => void;
}

/** @param wanted.reserved null: none. @throws {Fault} `function-not-found`, what `check` throws */
export function changeReserved(
  sql: Sql,
  wanted: ConcurrencyChange & { readonly reserved: number | null },
): Promise<Outcome<null>> {
  return changeFunction(sql, wanted.name, async (tx) => {
    wanted.check(await claimed(tx, wanted.name));
    await tx`
      update skein.functions set reserved = ${wanted.reserved}
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and name = ${wanted.name}`;
    return { changed: true, result: null };
  });
}

/** @param wanted.wanted 0: none. @throws {Fault} `function-not-found`, what `check` throws */
export function changeProvisioned(
  sql: Sql,
  wanted: ConcurrencyChange & { readonly qualifier: string; readonly wanted: number },
): Promise<Outcome<null>> {
  return changeFunction(sql, wanted.name, async (tx) => {
    wanted.check(await claimed(tx, wanted.name));
    await writeProvisioned(tx, wanted);
    return { changed: true, result: null };
  });
}

/** When what is provisioned was last changed, by qualifier, in ms. */
export async function provisionedChanges(sql: Queryable, name: string): Promise<Map<string, number>> {
  const rows = await orUnavailable(sql<{ qualifier: string; modified_ms: number }[]>`
    select qualifier, extract(epoch from modified_at)::float8 * 1000 as modified_ms
    from skein.provisioned_concurrency
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name} order by qualifier`);
  return new Map(rows.map((row) => [row.qualifier, row.modified_ms]));
}

/** Under a lock of the whole account: what two functions claim at once must not be more than there is. */
async function claimed(tx: TransactionSql, name: string): Promise<Claimed> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${`skein concurrency ${ACCOUNT_ID}/${REGION}`}, 0))`;
  const [sums] = await tx<{ others: number; mine: number | null; unreserved: number }[]>`
    select coalesce(sum(f.reserved) filter (where f.name <> ${name}), 0)::int as others,
      max(f.reserved) filter (where f.name = ${name}) as mine,
      (select coalesce(sum(p.wanted), 0)::int from skein.provisioned_concurrency p
        join skein.functions g on g.account_id = p.account_id and g.region = p.region and g.name = p.function_name
        where p.account_id = ${ACCOUNT_ID} and p.region = ${REGION} and g.reserved is null and g.name <> ${name}
      ) as unreserved
    from skein.functions f where f.account_id = ${ACCOUNT_ID} and f.region = ${REGION}`;
  const provisioned = await tx<{ qualifier: string; wanted: number }[]>`
    select qualifier, wanted from skein.provisioned_concurrency
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${name}`;
  return {
    reservedByOthers: sums!.others,
    reserved: sums!.mine,
    provisioned: new Map(provisioned.map((row) => [row.qualifier, row.wanted])),
    provisionedUnreserved: sums!.unreserved,
  };
}
