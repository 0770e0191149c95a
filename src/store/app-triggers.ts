/**
 * The triggers of an app, as event source mappings: written with its deploy, gone with it. One keeps its id, and with
 * it what is under way, for as long as it connects the same queue and function.
 */
import type { TransactionSql } from 'postgres';
import {
  ACCOUNT_ID,
  type App,
  type AppQueueTrigger,
  fullName,
  queueArn,
  queueName,
  REGION,
} from '../model/index.ts';

interface Wanted {
  readonly functionName: string;
  readonly source: string;
  readonly trigger: AppQueueTrigger;
}

/** Makes the app's triggers what its manifest says. */
export async function writeTriggers(tx: TransactionSql, app: App): Promise<void> {
  const fifo = new Set((app.queues ?? []).filter((queue) => queue.fifo).map(({ key }) => key));
  const arnOf = (key: string) => queueArn(queueName(app.app, { key, fifo: fifo.has(key) }));
  const wanted = app.functions.flatMap(({ key, queueTriggers = [] }) =>
    queueTriggers.map((trigger): Wanted => {
      return { functionName: fullName(app.app, key), source: arnOf(trigger.queue), trigger };
    }),
  );
  await tx`
    delete from skein.event_source_mappings
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app.app}
      and (function_name, source) not in (select * from unnest(
        ${wanted.map((one) => one.functionName)}::text[], ${wanted.map((one) => one.source)}::text[]))`;
  for (const one of wanted) await writeTrigger(tx, app.app, one);
}

/** One that an API made for the same queue and function becomes the app's. */
async function writeTrigger(
  tx: TransactionSql,
  app: string,
  { functionName, source, trigger }: Wanted,
): Promise<void> {
  const settings = tx.json(settingsOf(trigger) as never);
  const { count } = await tx`
    update skein.event_source_mappings set app = ${app}, enabled = ${trigger.enabled}, settings = ${settings},
      modified_at = case when enabled = ${trigger.enabled} and settings = ${settings}::jsonb and app = ${app}
        then modified_at else now() end
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and function_name = ${functionName}
      and source = ${source} and qualifier is null`;
  if (count > 0) return;
  await tx`
    insert into skein.event_source_mappings (account_id, region, id, app, function_name, source, enabled, settings)
    values (${ACCOUNT_ID}, ${REGION}, gen_random_uuid(), ${app}, ${functionName}, ${source}, ${trigger.enabled},
      ${settings})`;
}

/** Under AWS's names, as Lambda's API would have stored it. */
function settingsOf({ batch, windowMs, maxConcurrency, filter, partial }: AppQueueTrigger): object {
  return {
    BatchSize: batch,
    MaximumBatchingWindowInSeconds: windowMs / 1_000,
    FunctionResponseTypes: partial ? ['ReportBatchItemFailures'] : [],
    ...(maxConcurrency !== null && { ScalingConfig: { MaximumConcurrency: maxConcurrency } }),
    ...(filter.length > 0 && { FilterCriteria: { Filters: filter.map((Pattern) => ({ Pattern })) } }),
  };
}

/** With its app they go, too. */
export async function deleteTriggers(tx: TransactionSql, app: string): Promise<void> {
  await tx`
    delete from skein.event_source_mappings
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app}`;
}
