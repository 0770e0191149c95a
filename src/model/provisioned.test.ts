import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { mostOf, type ProvisionedStep, provisionedAt } from './provisioned.ts';

const HOUR = 3_600_000;

function step(cron: string, count: number, over: Partial<ProvisionedStep> = {}): ProvisionedStep {
  return { expression: `cron(${cron})`, timezone: 'UTC', count, forMs: null, ...over };
}

/** How many there are at a time, and until when. */
function at(time: string, base: number, ...steps: ProvisionedStep[]): string {
  const plan = { base, steps };
  const found = provisionedAt({ provisioned: mostOf(plan), provisionedPlan: plan }, Date.parse(`${time}Z`));
  const until = found.untilMs === null ? 'for ever' : new Date(found.untilMs).toISOString().slice(0, 16);
  return `${found.count} until ${until}`;
}

suite('how many instances stand ready when', () => {
  test('a plain number always counts', () => {
    assert.deepEqual(provisionedAt({ provisioned: 3 }, 0), { count: 3, untilMs: null });
  });

  test('an entry with a duration counts for that long, and then the base does', () => {
    const office = step('0 8 * * MON-FRI', 5, { forMs: 10 * HOUR });
    assert.equal(at('2026-03-02T07:59', 1, office), '1 until 2026-03-02T08:00');
    assert.equal(at('2026-03-02T08:00', 1, office), '5 until 2026-03-02T18:00');
    assert.equal(at('2026-03-02T17:59', 1, office), '5 until 2026-03-02T18:00');
    assert.equal(at('2026-03-02T18:00', 1, office), '1 until 2026-03-03T08:00');
    assert.equal(at('2026-03-06T18:00', 1, office), '1 until 2026-03-09T08:00');
  });

  test('an entry without one counts until another begins', () => {
    const day = [step('0 8 * * *', 5), step('0 18 * * *', 0)];
    assert.equal(at('2026-03-02T12:00', 2, ...day), '5 until 2026-03-02T18:00');
    assert.equal(at('2026-03-02T18:00', 2, ...day), '0 until 2026-03-03T08:00');
    assert.equal(at('2026-03-03T03:00', 2, ...day), '0 until 2026-03-03T08:00');
  });

  test('the one that began last counts; when it is over, the one before it does', () => {
    const steps = [step('0 0 * * *', 2), step('0 12 * * *', 9, { forMs: HOUR })];
    assert.equal(at('2026-03-02T11:00', 0, ...steps), '2 until 2026-03-02T12:00');
    assert.equal(at('2026-03-02T12:30', 0, ...steps), '9 until 2026-03-02T13:00');
    assert.equal(at('2026-03-02T13:00', 0, ...steps), '2 until 2026-03-03T00:00');
  });

  test('of two that begin together the larger one counts, in whatever order they are written', () => {
    const steps = [step('0 8 * * *', 3), step('0 8 * * MON', 7)];
    assert.match(at('2026-03-02T09:00', 0, ...steps), /^7 /);
    assert.match(at('2026-03-02T09:00', 0, ...steps.toReversed()), /^7 /);
    assert.match(at('2026-03-03T09:00', 0, ...steps), /^3 /);
  });

  test('a rare entry is found again years later, and one that is over for good is not waited for', () => {
    assert.match(at('2031-06-01T00:00', 0, step('0 0 29 2 *', 4)), /^4 until 2032-02-29/);
    assert.equal(at('2026-06-01T00:00', 1, step('0 0 1 1 ? 2026', 4)), '4 until for ever');
    assert.equal(at('2025-06-01T00:00', 1, step('0 0 1 1 ? 2026', 4)), '1 until 2026-01-01T00:00');
  });

  test('an entry that cannot be read is passed over', () => {
    const lost = step('0 8 * * *', 9, { timezone: 'Atlantis/Capital' });
    assert.equal(at('2026-03-02T12:00', 1, lost, step('0 0 * * *', 2)), '2 until 2026-03-03T00:00');
  });

  test('begins by the clocks of its time zone', () => {
    const berlin = step('0 8 * * *', 5, { timezone: 'Europe/Berlin', forMs: HOUR });
    assert.equal(at('2026-03-28T07:30', 0, berlin), '5 until 2026-03-28T08:00');
    assert.equal(at('2026-03-29T06:30', 0, berlin), '5 until 2026-03-29T07:00');
  });
});
