import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { parseApp, parseManifest } from './index.ts';

function read(concurrency: string) {
  const keys = `{ runtime: nodejs24.x, handler: a.b, code: ., concurrency: ${concurrency} }`;
  return parseManifest(`app: a\nfunctions:\n  f: ${keys}\n`, { file: 'skein.yaml' }).app;
}

function refusal(concurrency: string): string {
  try {
    read(concurrency);
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    return error.message;
  }
  assert.fail('it was accepted');
}

suite('concurrency in a manifest', () => {
  test('says how many stand ready when', () => {
    const app = read(
      '{ reserved: 9, provisioned: [ 1, { cron: "0 8 * * MON-FRI", timezone: Europe/Berlin, count: 5, for: 10h }, { cron: "0 0 ? * SUN *", count: 2 } ] }',
    );
    const { reserved, provisioned, provisionedPlan } = app.functions[0]!;
    assert.deepEqual([reserved, provisioned], [9, 5], 'the most that there may be');
    assert.deepEqual(provisionedPlan, {
      base: 1,
      steps: [
        { expression: 'cron(0 8 * * MON-FRI)', timezone: 'Europe/Berlin', count: 5, forMs: 36_000_000 },
        { expression: 'cron(0 0 ? * SUN *)', timezone: 'UTC', count: 2, forMs: null },
      ],
    });
    assert.deepEqual(parseApp(JSON.parse(JSON.stringify(app))), app);
  });

  for (const [what, text, message] of [
    [
      'more than is reserved',
      '{ reserved: 4, provisioned: [ { cron: "0 8 * * *", count: 5 } ] }',
      /is 5, more than the 4/,
    ],
    [
      'an entry that never comes',
      '{ provisioned: [ { cron: "0 8 30 2 *", count: 5 } ] }',
      /\[0\]\.cron: .*never/,
    ],
    ['too few fields', '{ provisioned: [ { cron: "0 8 *", count: 5 } ] }', /\[0\]\.cron: .*fields/],
    [
      'an unknown time zone',
      '{ provisioned: [ { cron: "0 8 * * *", timezone: Mars/Base, count: 5 } ] }',
      /\.timezone: .*Mars/,
    ],
    ['no count', '{ provisioned: [ { cron: "0 8 * * *" } ] }', /`count` is missing/],
    [
      'a duration that is too short',
      '{ provisioned: [ { cron: "0 8 * * *", count: 1, for: 5s } ] }',
      /5s is out of range/,
    ],
    ['two plain numbers', '{ provisioned: [ 1, 2, { cron: "0 8 * * *", count: 5 } ] }', /has 2 numbers/],
    ['a list of a number', '{ provisioned: [ 1 ] }', /no entry with `cron`/],
    ['a text', '{ provisioned: many }', /must be a whole number of instances/],
  ] as const) {
    test(`${what} is refused`, () => assert.match(refusal(text), message));
  }
});
