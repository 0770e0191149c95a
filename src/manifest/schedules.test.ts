import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { parseApp, parseManifest } from './index.ts';

function manifest(...triggers: string[]): string {
  const lines = triggers.map((trigger) => `      - ${trigger}\n`).join('');
  return `app: shop\nfunctions:\n  report:\n    runtime: nodejs24.x\n    handler: a.b\n    code: .\n    triggers:\n${lines}`;
}

function schedules(...triggers: string[]) {
  const { app } = parseManifest(manifest(...triggers), { file: 'skein.yaml' });
  assert.deepEqual(parseApp(JSON.parse(JSON.stringify(app))), app, 'as JSON it is the same');
  return app.functions[0]?.schedules ?? [];
}

function refused(...triggers: string[]): string {
  try {
    parseManifest(manifest(...triggers), { file: 'skein.yaml' });
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
  return 'taken';
}

suite('schedules in a manifest', () => {
  test('with what is said and what is not', () => {
    assert.deepEqual(schedules('{ schedule: "0 8 * * 1-5" }'), [
      {
        ...{ name: 'shop-report', expression: '0 8 * * 1-5', timezone: 'UTC', startMs: null, endMs: null },
        ...{ jitterMs: 0, overlap: 'allow', missed: 'skip', input: null },
      },
    ]);
    const [one] = schedules(
      '{ schedule: "rate(1 day)", timezone: Europe/Berlin, name: nightly, jitter: 5m, overlap: queue, missed: catch-up, start: 2026-07-01, end: 2026-08-01T00:00:00Z, input: { n: 1 } }',
    );
    assert.deepEqual(one, {
      ...{ name: 'shop-nightly', expression: 'rate(1 day)', timezone: 'Europe/Berlin' },
      ...{ startMs: Date.parse('2026-06-30T22:00Z'), endMs: Date.parse('2026-08-01T00:00Z') },
      ...{ jitterMs: 300_000, overlap: 'queue', missed: 'catch-up', input: '{"n":1}' },
    });
  });

  test('have names of their own', () => {
    const names = schedules(
      '{ schedule: "@daily" }',
      '{ schedule: "@hourly" }',
      '{ schedule: "at(2026-01-01T00:00:00)", name: once }',
    ).map(({ name, missed }) => `${name} ${missed}`);
    assert.deepEqual(names, ['shop-report skip', 'shop-report-2 skip', 'shop-once catch-up']);
    const twice = refused('{ schedule: "@daily", name: a }', '{ schedule: "@hourly", name: a }');
    assert.match(twice, /skein.yaml:9:\d+ functions.report.triggers\[1\]: is the second schedule "shop-a"/);
  });

  const wrong: readonly (readonly [string, RegExp])[] = [
    ['{ schedule: "every day" }', /triggers\[0\]\.schedule: "every day" is not a schedule/],
    ['{ schedule: "0 0 30 2 *" }', /never happens/],
    ['{ schedule: "@daily", timezone: Europe/Belin }', /triggers\[0\]\.timezone: there is no time zone/],
    ['{ schedule: "@daily", overlap: maybe }', /unknown overlap "maybe"; allowed: allow, skip, queue/],
    ['{ schedule: "@daily", jitter: 2d }', /jitter/],
    ['{ schedule: "@daily", start: tomorrow }', /start: "tomorrow" is no time/],
    ['{ schedule: "@daily", start: 2026-02-01, end: 2026-01-01 }', /end: is not after `start`/],
    ['{ schedule: "@daily", name: "a b" }', /cannot be a schedule's name/],
    ['{ schedule: "@daily", tiemzone: UTC }', /did you mean `timezone`/],
    ['{ bucket: photos }', /`bucket` is not available in this version/],
    ['{ }', /must be a trigger such as/],
  ];
  for (const [trigger, message] of wrong) {
    test(`refused: ${trigger}`, () => assert.match(refused(trigger), message));
  }
});
