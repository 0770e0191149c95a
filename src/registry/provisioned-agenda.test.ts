import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../base/fake-clock.ts';
import { aliasByHand, functionByHand } from '../model/testing.ts';
import { ProvisionedAgenda } from './provisioned-agenda.ts';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 2, 2, 12);

function withPlan(name: string, cron: string) {
  const steps = [{ expression: `cron(${cron})`, timezone: 'UTC', count: 5, forMs: HOUR }];
  const live = aliasByHand('live', 1, { provisioned: 5, provisionedPlan: { base: 0, steps } });
  return [name, functionByHand({ name, aliases: new Map([['live', live]]) })] as const;
}

function openAgenda(...functions: ReturnType<typeof withPlan>[]) {
  const clock = fakeClock(NOON);
  const due: string[] = [];
  const snapshot = { functions: new Map(functions) };
  const agenda: ProvisionedAgenda = new ProvisionedAgenda({
    clock,
    onDue(names) {
      due.push(`${new Date(clock.wallMs()).toISOString().slice(11, 16)} ${names.join(' ')}`);
      agenda.read(snapshot, names);
    },
  });
  agenda.read(snapshot, null);
  return { clock, due, snapshot, agenda };
}

suite('the agenda of provisioned instances', () => {
  test('tells whose number changes, when an entry begins and when it is over', async () => {
    const { clock, due } = openAgenda(withPlan('a', '0 13 * * *'), withPlan('b', '0 14 * * *'));
    await clock.advance(3 * HOUR);
    assert.deepEqual(due, ['13:00 a', '14:00 a b', '15:00 b']);
  });

  test('follows changes, forgets what has no plan any more, and ends', async () => {
    const { clock, due, snapshot, agenda } = openAgenda(withPlan('a', '0 13 * * *'));
    snapshot.functions.set(...withPlan('a', '30 13 * * *'));
    snapshot.functions.set(...withPlan('b', '45 13 * * *'));
    agenda.read(snapshot, ['a', 'b']);
    await clock.advance(1.6 * HOUR);
    assert.deepEqual(due, ['13:30 a']);
    snapshot.functions.delete('b');
    agenda.read(snapshot, ['b']);
    await clock.advance(HOUR);
    assert.deepEqual(due, ['13:30 a', '14:30 a']);
    agenda.stop();
    await clock.advance(48 * HOUR);
    assert.equal(due.length, 2);
  });
});
