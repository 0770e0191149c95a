import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Schedule } from '../../store/index.ts';
import { payloadOf } from './payload.ts';

const fired = { id: '019a5b6e-0000-7000-8000-000000000000', slotMs: Date.UTC(2026, 0, 5, 8) };

function told(over: { app?: string | null; input?: string | null }): string {
  const target = {
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:shop-report',
    input: over.input ?? null,
  };
  const schedule = { group: 'default', name: 'shop-report', app: over.app ?? null, target };
  return payloadOf(schedule as Schedule, fired);
}

suite('what a schedule tells', () => {
  test('of a manifest: as a rule of EventBridge, key by key', () => {
    assert.deepEqual(JSON.parse(told({ app: 'shop' })), {
      version: '0',
      id: fired.id,
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: '000000000000',
      time: '2026-01-05T08:00:00Z',
      region: 'us-east-1',
      resources: ['arn:aws:events:us-east-1:000000000000:rule/shop-report'],
      detail: {},
    });
  });

  test('made by AWS’s API: as its Scheduler', () => {
    const { source, detail, resources } = JSON.parse(told({}));
    assert.deepEqual([source, detail], ['aws.scheduler', '{}']);
    assert.deepEqual(resources, ['arn:aws:scheduler:us-east-1:000000000000:schedule/default/shop-report']);
  });

  test('its own input, with what is known of the firing in it', () => {
    const input =
      '{"at":"<aws.scheduler.scheduled-time>","id":"<aws.scheduler.execution-id>","n":<aws.scheduler.attempt-number>,"other":"<aws.scheduler.constructor>"}';
    assert.deepEqual(JSON.parse(told({ input })), {
      at: '2026-01-05T08:00:00Z',
      id: fired.id,
      n: 1,
      other: '<aws.scheduler.constructor>',
    });
  });
});
