/** The schedules of an app, as its manifest has them. */
import type { TransactionSql } from 'postgres';
import { Fault } from '../base/index.ts';
import {
  type App,
  type AppSchedule,
  beginSchedule,
  fullName,
  functionArn,
  orderedLane,
} from '../model/index.ts';
import {
  databaseNow,
  deleteSchedulesOf,
  findSchedule,
  type Schedule,
  type ScheduleWish,
  writeSchedule,
} from './schedules.ts';

/** The group of schedules that name none. */
export const DEFAULT_SCHEDULE_GROUP = 'default';

/** Nothing fires sooner than this after a deploy, ms: by then every node knows the function that is called. */
const SETTLE_MS = 1_000;

/**
 * Makes the stored schedules of an app what its manifest says. One whose times are the same goes on where it stood, and
 * stays paused if it is.
 *
 * @throws {Fault} `name-taken`
 */
export async function writeSchedulesOf(tx: TransactionSql, app: App): Promise<void> {
  const wanted = app.functions.flatMap(({ key, schedules = [] }) =>
    schedules.map((schedule) => ({ functionName: fullName(app.app, key), schedule })),
  );
  await deleteSchedulesOf(tx, { app: app.app, except: wanted.map(({ schedule }) => schedule.name) });
  if (wanted.length === 0) return;
  const nowMs = await databaseNow(tx);
  for (const one of wanted) {
    const { functionName, schedule } = one;
    const key = { group: DEFAULT_SCHEDULE_GROUP, name: schedule.name };
    const before = await findSchedule(tx, key, { change: true });
    if (before !== null && before.app !== app.app) throw scheduleTaken(app.app, before);
    const wish = wishOf(app.app, { ...one, enabled: before?.enabled ?? true });
    const same = before !== null && sameTimes(before, wish);
    const progress = same ? before : beginSchedule(wish, nowMs + SETTLE_MS);
    const lane = schedule.overlap === 'allow' ? null : orderedLane(functionName, schedule.name);
    await writeSchedule(tx, { wish, lane, progress }, { replace: true });
  }
}

function wishOf(
  app: string,
  given: { readonly functionName: string; readonly schedule: AppSchedule; readonly enabled: boolean },
): ScheduleWish {
  const { jitterMs: windowMs, input, ...rest } = given.schedule;
  return {
    ...rest,
    ...{ app, windowMs, enabled: given.enabled },
    group: DEFAULT_SCHEDULE_GROUP,
    description: null,
    afterCompletion: 'keep',
    target: {
      arn: functionArn(given.functionName),
      roleArn: '',
      input,
      messageGroupId: null,
      maximumRetryAttempts: null,
      maximumEventAgeSeconds: null,
      deadLetterArn: null,
    },
  };
}

function sameTimes(before: Schedule, wish: ScheduleWish): boolean {
  const keys = ['expression', 'timezone', 'startMs', 'endMs', 'windowMs'] as const;
  return keys.every((key) => before[key] === wish[key]);
}

function scheduleTaken(app: string, { name, app: owner }: Schedule): Fault {
  const whose = owner === null ? 'an AWS API made' : `app "${owner}" has`;
  return new Fault(
    'name-taken',
    `There is a schedule "${name}" already, which ${whose}. Give that of app "${app}" another \`name\`.`,
    { facts: { name } },
  );
}
