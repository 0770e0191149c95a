import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { nextSlot, parseSchedule, ScheduleError } from './index.ts';

const ms = (text: string) => Date.parse(text);
const shown = (atMs: number) => `${new Date(atMs).toISOString().slice(0, 16)}Z`;

function slots(expression: string, timezone: string, from: { after: string; count: number }): string[] {
  const parsed = parseSchedule(expression, { timezone });
  const found: string[] = [];
  let slotMs: number | null = ms(from.after);
  while (found.length < from.count) {
    slotMs = nextSlot(parsed, slotMs);
    if (slotMs === null) break;
    found.push(shown(slotMs));
  }
  return found;
}

suite('slots of schedules', () => {
  const lines = readFileSync(new URL('recorded-slots.txt', import.meta.url), 'utf8').split('\n');
  const rows = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('\t'));

  test('are those that other implementations have recorded', () => {
    assert.ok(rows.length >= 200, `${rows.length} rows`);
    for (const [expression = '', zone = '', ...samples] of rows) {
      for (const sample of samples) {
        const [after = '', ...expected] = sample.split(' ');
        assert.deepEqual(
          slots(expression, zone, { after, count: 3 }),
          expected,
          `${expression} ${zone} ${after}`,
        );
      }
    }
  });

  test('where clocks are put forward: skipped, right after, or as clocks show them', () => {
    const count = 2;
    const after = '2026-03-28T12:00Z'; // in Berlin, 2:00 to 3:00 does not happen on the 29th
    const berlin = (expression: string) => slots(expression, 'Europe/Berlin', { after, count });
    assert.deepEqual(berlin('cron(30 2 * * ? *)'), ['2026-03-30T00:30Z', '2026-03-31T00:30Z']);
    assert.deepEqual(berlin('30 2 * * *'), ['2026-03-29T01:00Z', '2026-03-30T00:30Z']);
    assert.deepEqual(berlin('0,30 2,3 29 3 *'), ['2026-03-29T01:00Z', '2026-03-29T01:30Z']);
    assert.deepEqual(berlin('*/30 2-3 29 3 *'), ['2026-03-29T01:00Z', '2026-03-29T01:30Z']);
  });

  test('where clocks are put back: once, except for what happens every hour or every minute', () => {
    const after = '2026-10-25T00:00Z'; // in Berlin it is 2:00, and again at 1:00Z
    const berlin = (expression: string) => slots(expression, 'Europe/Berlin', { after, count: 3 });
    assert.deepEqual(berlin('30 2 * * *'), ['2026-10-25T00:30Z', '2026-10-26T01:30Z', '2026-10-27T01:30Z']);
    assert.deepEqual(berlin('cron(30 2 * * ? *)'), berlin('30 2 * * *'));
    assert.deepEqual(berlin('30 * * * *'), ['2026-10-25T00:30Z', '2026-10-25T01:30Z', '2026-10-25T02:30Z']);
    assert.deepEqual(berlin('cron(30 * * * ? *)'), [
      '2026-10-25T00:30Z',
      '2026-10-25T02:30Z',
      '2026-10-25T03:30Z',
    ]);
  });

  test('of the working day nearest to a day that not every month has', () => {
    const found = slots('cron(0 12 31W * ? *)', 'UTC', { after: '2027-03-01T00:00Z', count: 3 });
    assert.deepEqual(found, ['2027-03-31T12:00Z', '2027-05-31T12:00Z', '2027-07-30T12:00Z']);
    const first = slots('cron(0 12 1W,LW 8 ? 2026)', 'UTC', {
      ...{ after: '2026-01-01T00:00Z', count: 3 },
    });
    assert.deepEqual(first, ['2026-08-03T12:00Z', '2026-08-31T12:00Z']);
  });

  test('of rates count from the beginning, whatever the zone', () => {
    const parsed = parseSchedule('rate(2 hours)', { timezone: 'Europe/Berlin' });
    const span = { startMs: ms('2026-03-29T00:10Z'), endMs: ms('2026-03-29T06:10Z') };
    const next = (after: string) => nextSlot(parsed, ms(after), span);
    assert.equal(next('2026-03-01T00:00Z'), span.startMs);
    assert.equal(next('2026-03-29T00:10Z'), ms('2026-03-29T02:10Z'));
    assert.equal(next('2026-03-29T04:09Z'), ms('2026-03-29T04:10Z'));
    assert.equal(next('2026-03-29T04:10Z'), null, 'the end itself is excluded');
  });

  test('of one time happen once; a time that clocks skip is as much later, of two the first is meant', () => {
    const at = (local: string) =>
      slots(`at(${local})`, 'Europe/Berlin', { after: '2026-01-01T00:00Z', count: 2 });
    assert.deepEqual(at('2026-12-24T18:00:00'), ['2026-12-24T17:00Z']);
    assert.deepEqual(at('2026-03-29T02:30:00'), ['2026-03-29T01:30Z']);
    assert.deepEqual(at('2026-10-25T02:30:00'), ['2026-10-25T00:30Z']);
    assert.deepEqual(at('2025-12-24T18:00:00'), []);
  });

  test('begin and end with the schedule', () => {
    const parsed = parseSchedule('@daily');
    const span = { startMs: ms('2026-02-01T00:00Z'), endMs: ms('2026-02-02T00:00Z') };
    assert.equal(nextSlot(parsed, 0, span), span.startMs);
    assert.equal(nextSlot(parsed, span.startMs, span), null);
  });

  test('far away, and none at all, are found out in bounded time', () => {
    assert.deepEqual(slots('cron(0 0 ? 2 1#5 *)', 'UTC', { after: '2032-03-01T00:00Z', count: 1 }), [
      '2060-02-29T00:00Z',
    ]);
    assert.deepEqual(slots('cron(0 0 1 1 ? 2025)', 'UTC', { after: '2026-01-01T00:00Z', count: 1 }), []);
  });
});

suite('schedule expressions that are refused', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /is not a schedule/],
    ['* * *', /is not a schedule; write cron’s five fields/],
    ['cron(0 8 * *)', /is not a schedule/],
    ['cron(0 8 * * * *)', /exactly one of its day of month and its day of week must be \?/],
    ['cron(0 8 ? * ? *)', /exactly one/],
    ['cron(60 8 * * ? *)', /"60" cannot be its minute: 0 to 59/],
    ['cron(0 24 * * ? *)', /cannot be its hour/],
    ['cron(0 8 0 * ? *)', /cannot be its day of month/],
    ['cron(0 8 ? * 8 *)', /cannot be its day of week: 1 to 7 or SUN to SAT/],
    ['cron(0 8 ? * 2#6 *)', /cannot be its day of week/],
    ['cron(0 8 * 13 ? *)', /cannot be its month/],
    ['cron(0 8 * FOO ? *)', /"FOO" cannot be its month/],
    ['cron(0 8 * * ? 1969)', /cannot be its year/],
    ['cron(0/0 8 * * ? *)', /the step "0" of its minute field must be a number from 1 to 59/],
    ['cron(1,,2 8 * * ? *)', /cannot be its minute/],
    ['cron(0 20-8 * * ? *)', /the range 20-8 of its hour field runs backwards/],
    ['cron(0 0 30 2 ? *)', /never happens/],
    ['0 0 31 4,6,9,11 *', /never happens/],
    ['0 0 L * *', /cannot be its day of month/],
    ['rate(0 minutes)', /rate\(5 minutes\)/],
    ['rate(5 seconds)', /is not a schedule/],
    ['rate(5)', /is not a schedule/],
    ['at(2026-02-30T00:00:00)', /is not a schedule; write a date and a time/],
    ['at(2026-02-01)', /is not a schedule/],
  ];
  for (const [expression, message] of refused) {
    test(`${expression === '' ? 'nothing' : expression}`, () => {
      const about = { name: 'ScheduleError', about: 'expression', message };
      assert.throws(() => parseSchedule(expression), about);
    });
  }

  test('a zone that is none, and an offset', () => {
    for (const timezone of ['Europe/Belin', '+02:00', ''])
      assert.throws(
        () => parseSchedule('@daily', { timezone }),
        (error) => error instanceof ScheduleError && error.about === 'timezone' && /IANA/.test(error.message),
      );
  });

  test('cron’s own forms where AWS’s are wanted', () => {
    for (const expression of ['0 8 * * *', '@daily', 'cron(0 8 * * *)', '0 8 * * ? *'])
      assert.throws(() => parseSchedule(expression, { dialect: 'aws' }), /is not a schedule/);
    parseSchedule('cron(0 8 * * ? *)', { dialect: 'aws' });
  });
});
