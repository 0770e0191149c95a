/**
 * Schedules that an API makes: made, replaced, shown, listed, deleted, each in one transaction. Those of apps are
 * shown among them; what they are is their manifest's to say.
 */
import type { TransactionSql } from 'postgres';
import { Fault } from '../../base/index.ts';
import { beginSchedule, goOn, LIMITS, parseSchedule, type ScheduleProgress } from '../../model/index.ts';
import {
  countSchedules,
  databaseNow,
  deleteSchedule,
  doOnce,
  findSchedule,
  findScheduleGroup,
  listSchedules,
  type Schedule,
  type ScheduleKey,
  type ScheduleWish,
  type Sql,
  writeSchedule,
} from '../../store/index.ts';
import { createScheduleGroups, full, groupNotFound, type ScheduleGroups } from './groups.ts';

interface Call {
  /** The caller's name for this call; see `doOnce`. */
  readonly token: string | null;
}

/** What a caller decides. */
export type MadeScheduleWish = Omit<ScheduleWish, 'app' | 'overlap' | 'missed'>;

export interface MadeSchedules {
  /** @throws {Fault} `resource-not-found` for its group; `resource-conflict` when there is one of this name */
  create(wanted: MadeScheduleWish & Call): Promise<void>;
  /** What it was is no more. @throws {Fault} `resource-not-found`; `resource-conflict` for one of an app */
  replace(wanted: MadeScheduleWish & Call): Promise<void>;
  /** @throws {Fault} `resource-not-found` */
  get(key: ScheduleKey): Promise<Schedule>;
  /** @throws {Fault} `resource-not-found`; `resource-conflict` for one of an app */
  delete(unwanted: ScheduleKey & Call): Promise<void>;
  /** A null filters nothing. @throws {Fault} `resource-not-found` for the group */
  list(wanted: {
    readonly group: string | null;
    readonly prefix: string;
    readonly enabled: boolean | null;
    readonly after: ScheduleKey | null;
    readonly limit: number;
  }): Promise<{ readonly schedules: readonly Schedule[]; readonly next: ScheduleKey | null }>;
  readonly groups: ScheduleGroups;
}

/** @param parts.poke is told that a schedule was made, changed or deleted */
export function createMadeSchedules(sql: Sql, parts: { readonly poke: () => void }): MadeSchedules {
  const change = async (
    operation: 'CreateSchedule' | 'DeleteSchedule' | 'UpdateSchedule',
    { token, ...wish }: Call & object,
    work: (tx: TransactionSql) => Promise<void>,
  ) => {
    await doOnce(sql, { operation, token, wish }, work);
    parts.poke();
  };
  return {
    create: (wanted) => change('CreateSchedule', wanted, (tx) => create(tx, wanted)),
    replace: (wanted) => change('UpdateSchedule', wanted, (tx) => replace(tx, wanted)),
    get: async (key) => found(await findSchedule(sql, key), key),
    delete: (unwanted) =>
      change('DeleteSchedule', unwanted, async (tx) => {
        await held(tx, unwanted);
        await deleteSchedule(tx, unwanted);
      }),
    async list({ limit, ...wanted }) {
      const { group } = wanted;
      if (group !== null && (await findScheduleGroup(sql, group)) === null) throw groupNotFound(group);
      const rows = await listSchedules(sql, { ...wanted, app: null, limit: limit + 1 });
      const schedules = rows.slice(0, limit);
      const last = schedules.at(-1);
      const more = rows.length > limit && last !== undefined;
      return { schedules, next: more ? { group: last.group, name: last.name } : null };
    },
    groups: createScheduleGroups(sql, parts),
  };
}

async function create(tx: TransactionSql, made: MadeScheduleWish): Promise<void> {
  const { group, name } = made;
  if ((await findScheduleGroup(tx, group, 'keep')) === null) throw groupNotFound(group);
  if ((await countSchedules(tx, LIMITS.schedules)) === LIMITS.schedules)
    throw full('schedules', LIMITS.schedules);
  const progress = beginSchedule(made, await databaseNow(tx));
  const change = { wish: wishOf(made), lane: null, progress };
  if (await writeSchedule(tx, change, { replace: false })) return;
  throw new Fault('resource-conflict', `Schedule ${name} already exists.`, { facts: { group, name } });
}

async function replace(tx: TransactionSql, made: MadeScheduleWish): Promise<void> {
  const before = await held(tx, made);
  const progress = progressOf(made, before, await databaseNow(tx));
  await writeSchedule(tx, { wish: wishOf(made), lane: null, progress }, { replace: true });
}

/** One whose times are the same goes on where it stood; what it would have fired while it was disabled is left out. */
function progressOf(wish: MadeScheduleWish, before: Schedule, nowMs: number): ScheduleProgress {
  const keys = ['expression', 'timezone', 'startMs', 'endMs', 'windowMs'] as const;
  if (!keys.every((key) => before[key] === wish[key])) return beginSchedule(wish, nowMs);
  return before.enabled ? before : goOn({ ...wish, anchorMs: before.anchorMs }, Math.floor(nowMs));
}

/** What is to happen once happens late rather than never; of what comes again, the next time will do. */
function wishOf(made: MadeScheduleWish): ScheduleWish {
  const { kind } = parseSchedule(made.expression, { timezone: made.timezone });
  return { ...made, app: null, overlap: 'allow', missed: kind === 'at' ? 'catch-up' : 'skip' };
}

/** Nobody else's while the transaction lasts. */
async function held(tx: TransactionSql, key: ScheduleKey): Promise<Schedule> {
  const schedule = found(await findSchedule(tx, key, { change: true }), key);
  if (schedule.app === null) return schedule;
  throw new Fault(
    'resource-conflict',
    `Schedule ${key.name} is of app "${schedule.app}": change its manifest and deploy it, or pause it by "skein schedule pause ${key.name}".`,
    { facts: { group: key.group, name: key.name, app: schedule.app } },
  );
}

function found(schedule: Schedule | null, { group, name }: ScheduleKey): Schedule {
  if (schedule !== null) return schedule;
  throw new Fault('resource-not-found', `Schedule ${name} does not exist.`, { facts: { group, name } });
}
