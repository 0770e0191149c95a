/** What people do with schedules: see them, hold them up, fire one now. That they are made: deploys, and AWS's API. */
import type { TransactionSql } from 'postgres';
import { Fault } from '../../base/index.ts';
import { beginSchedule, goOn, parseSchedule } from '../../model/index.ts';
import {
  databaseNow,
  findSchedule,
  listSchedules,
  type Schedule,
  type ScheduleKey,
  type Sql,
  writeSchedule,
} from '../../store/index.ts';
import { answerOf, type ScheduleAnswer, type ScheduleRunAnswer, type SchedulesAnswer } from './answers.ts';

export interface ScheduleDeskOptions {
  readonly sql: Sql;
  /** A schedule was changed: another slot may be the next. */
  readonly poke: () => void;
  /** Keeps the event of a firing that no slot has asked for. @returns its id */
  readonly fire: (schedule: Schedule) => Promise<string>;
}

export interface ScheduleDesk {
  /** @param app null: of all */
  list(app: string | null): Promise<SchedulesAnswer>;
  /** @throws {Fault} `resource-not-found` */
  show(key: ScheduleKey): Promise<ScheduleAnswer>;
  /** Slots while it is paused are left out, not made up for. @throws {Fault} `resource-not-found` */
  pause(key: ScheduleKey): Promise<ScheduleAnswer>;
  /** @throws {Fault} `resource-not-found` */
  resume(key: ScheduleKey): Promise<ScheduleAnswer>;
  /** Fires it now, whatever its times, and also while it is paused. @throws {Fault} `resource-not-found` */
  run(key: ScheduleKey): Promise<ScheduleRunAnswer>;
}

/** Schedules that one answer lists. */
const MOST_LISTED = 10_000;

export function createScheduleDesk({ sql, poke, fire }: ScheduleDeskOptions): ScheduleDesk {
  const found = async (key: ScheduleKey) => (await findSchedule(sql, key)) ?? missing(key);
  const setEnabled = async (key: ScheduleKey, enabled: boolean) => {
    await sql.begin(async (tx: TransactionSql) => {
      const schedule = (await findSchedule(tx, key, { change: true })) ?? missing(key);
      if (schedule.enabled === enabled) return;
      const progress = enabled ? resumed(schedule, await databaseNow(tx)) : schedule;
      const wish = { ...schedule, enabled };
      await writeSchedule(tx, { wish, lane: schedule.lane, progress }, { replace: true });
    });
    poke();
    return answerOf(await found(key));
  };
  return {
    async list(app) {
      const all = { group: null, prefix: '', enabled: null, after: null, limit: MOST_LISTED };
      return { schedules: (await listSchedules(sql, { ...all, app })).map(answerOf) };
    },
    show: async (key) => answerOf(await found(key)),
    pause: (key) => setEnabled(key, false),
    resume: (key) => setEnabled(key, true),
    run: async (key) => ({ name: key.name, requestId: await fire(await found(key)) }),
  };
}

/** A schedule for one time whose time has passed meanwhile is over. */
function resumed(schedule: Schedule, nowMs: number) {
  const { kind } = parseSchedule(schedule.expression, { timezone: schedule.timezone });
  return kind === 'at' ? beginSchedule(schedule, nowMs) : goOn(schedule, nowMs);
}

function missing({ group, name }: ScheduleKey): never {
  const where = group === 'default' ? '' : ` in group "${group}"`;
  throw new Fault(
    'resource-not-found',
    `There is no schedule "${name}"${where} here. "skein schedule list" shows those that there are.`,
    { facts: { group, name } },
  );
}
