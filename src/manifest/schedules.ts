/** `{ schedule: … }` among a function's triggers: when it is called. */
import { type AppSchedule, fullName, LIMITS, parseSchedule, ScheduleError } from '../model/index.ts';
import { described, optional, required } from './fields.ts';
import {
  below,
  choice,
  listOf,
  type Path,
  type Rule,
  record,
  report,
  type Spot,
  shown,
  text,
  whole,
} from './rules.ts';
import { duration } from './units.ts';

/** A schedule whose function is not known yet; its name is within the app, or null. */
export interface UnnamedSchedule extends Omit<AppSchedule, 'name'> {
  readonly name: string | null;
}

interface ScheduleText {
  schedule: string;
  timezone: string;
  name: string | null;
  start: string | null;
  end: string | null;
  jitter: number;
  overlap: AppSchedule['overlap'];
  missed: AppSchedule['missed'] | null;
  input: string | null;
}

/** As AWS's; a full name begins with the app's. */
const NAME = /^[0-9a-zA-Z_.-]{1,64}$/;
const FULL_NAME = /^[0-9a-zA-Z_.-]{1,128}$/;
const anyText = text({}, () => null);
const name = text({ pattern: NAME.source }, (value) =>
  NAME.test(value)
    ? null
    : `${shown(value)} cannot be a schedule's name: 1 to 64 letters, digits, dots, hyphens and underscores`,
);
const time = text({ examples: ['2026-12-24', '2026-12-24T18:00:00', '2026-12-24T18:00:00Z'] }, (value) =>
  timeOf(value, 'UTC') === null
    ? `${shown(value)} is no time; write 2026-12-24, 2026-12-24T18:00:00 (in the schedule's zone) or 2026-12-24T18:00:00Z`
    : null,
);
const overlap = choice(['allow', 'skip', 'queue'], { what: 'overlap' });
const missed = choice(['skip', 'catch-up'], { what: 'missed' });

/** Any JSON: it is the event. */
const anything: Rule<string> = { schema: {}, read: (value) => JSON.stringify(value) };

export const scheduleTrigger = record<ScheduleText>(
  {
    schedule: required(
      described(anyText, 'When: five fields of cron, cron(…) with AWS’s six, rate(…) or at(…).', {
        examples: ['cron(0 8 ? * MON-FRI *)', '0 8 * * 1-5', 'rate(5 minutes)', 'at(2026-12-24T18:00:00)'],
      }),
    ),
    timezone: optional(
      described(anyText, 'Of its times: a name such as Europe/Berlin.', { default: 'UTC' }),
      () => 'UTC',
    ),
    name: optional<string | null>(
      described(name, "Its name within the app; without one it has its function's."),
      () => null,
    ),
    start: optional<string | null>(
      described(time, 'It does not fire before; a rate counts from here.'),
      () => null,
    ),
    end: optional<string | null>(described(time, 'It does not fire then or later.'), () => null),
    jitter: optional(
      described(duration(LIMITS.scheduleWindowMs), 'It fires at any moment within this after its time.'),
      () => 0,
    ),
    overlap: optional(
      described(overlap, 'What happens while an earlier one waits or runs.', { default: 'allow' }),
      () => 'allow',
    ),
    missed: optional<AppSchedule['missed'] | null>(
      described(
        missed,
        'What happens with times at which no node was there. Default: skip; of at(…) catch-up.',
      ),
      () => null,
    ),
    input: optional<string | null>(
      described(anything, 'The event; without one, it says that it is time.'),
      () => null,
    ),
  },
  { what: 'a trigger such as { schedule: "rate(5 minutes)" }', across: checkText },
);

/** What a trigger says, in the words of the platform. Only of one without problems. */
export function scheduleOf(found: ScheduleText): UnnamedSchedule {
  const { schedule: expression, timezone, name, jitter: jitterMs, overlap, input } = found;
  const once = expression.trim().startsWith('at(');
  return {
    ...{ name, expression, timezone, jitterMs, overlap, input },
    startMs: found.start === null ? null : timeOf(found.start, timezone),
    endMs: found.end === null ? null : timeOf(found.end, timezone),
    missed: found.missed ?? (once ? 'catch-up' : 'skip'),
  };
}

function checkText(found: ScheduleText, spot: Spot): void {
  if (!checkTimes({ expression: found.schedule, timezone: found.timezone }, spot, 'schedule')) return;
  const { startMs, endMs } = scheduleOf(found);
  checkSpan({ startMs, endMs }, below(spot, 'end'));
}

/** @returns whether there is nothing to say against them */
function checkTimes(
  { expression, timezone }: { readonly expression: string; readonly timezone: string },
  spot: Spot,
  key: string,
): boolean {
  try {
    parseSchedule(expression, { timezone });
    return true;
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    const wrong = error.about === 'timezone' ? 'timezone' : key;
    if (!spot.problems.some(({ path }) => path.at(-1) === wrong)) report(below(spot, wrong), error.message);
    return false;
  }
}

function checkSpan({ startMs, endMs }: Pick<AppSchedule, 'startMs' | 'endMs'>, spot: Spot): void {
  if (endMs !== null && startMs !== null && endMs <= startMs) report(spot, 'is not after `start`');
}

/** @returns wall-clock ms; null when it cannot be read */
function timeOf(written: string, timezone: string): number | null {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/.test(written)) return null;
  if (/(Z|[+-]\d\d:\d\d)$/.test(written.slice(10))) {
    const ms = Date.parse(written);
    return Number.isNaN(ms) ? null : ms;
  }
  const local = `${written}${'T00:00:00'.slice(written.length - 10)}`;
  try {
    const at = parseSchedule(`at(${local})`, { timezone });
    return at.kind === 'at' ? at.atMs : null;
  } catch (error) {
    if (error instanceof ScheduleError) return null;
    throw error;
  }
}

function orNull<T>(rule: Rule<T>): Rule<T | null> {
  return { schema: rule.schema, read: (value, spot) => (value === null ? null : rule.read(value, spot)) };
}

const wallMs = orNull(whole({ min: 0, max: 253_402_300_799_999, what: 'ms' }));

const json = text({}, (value) => {
  try {
    JSON.parse(value);
    return null;
  } catch {
    return 'is not JSON';
  }
});

const fullNameText = text({ pattern: FULL_NAME.source }, (value) =>
  FULL_NAME.test(value) ? null : `${shown(value)} cannot be a schedule's name`,
);

/** As JSON has it. */
export const scheduleObjects: Rule<AppSchedule[]> = listOf(
  record<AppSchedule>(
    {
      name: required(fullNameText),
      expression: required(anyText),
      timezone: required(anyText),
      startMs: required(wallMs),
      endMs: required(wallMs),
      jitterMs: required(whole({ ...LIMITS.scheduleWindowMs, what: 'ms' })),
      overlap: required(overlap),
      missed: required(missed),
      input: required(orNull(json)),
    },
    {
      what: 'a schedule',
      across: (found, spot) => {
        checkTimes(found, spot, 'expression');
        checkSpan(found, below(spot, 'endMs'));
      },
    },
  ),
  { max: LIMITS.triggersPerFunction, what: 'schedules' },
);

/** @param wanted what the manifest calls it; null: nothing */
export function scheduleName(
  { app, key }: { readonly app: string; readonly key: string },
  wanted: string | null,
  index: number,
): string {
  return fullName(app, wanted ?? (index === 0 ? key : `${key}-${index + 1}`));
}

/** Reports schedules of an app that have the same name. */
export function reportSameSchedules(
  schedules: readonly { readonly at: Path; readonly name: string }[],
  spot: Spot,
): void {
  const seen = new Set<string>();
  for (const { at, name } of schedules) {
    const message = `is the second schedule ${shown(name)} of this app; give it another \`name\``;
    if (seen.has(name)) report(at.reduce<Spot>(below, spot), message);
    seen.add(name);
  }
}
