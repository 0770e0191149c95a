import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { UsageRecord } from '../model/index.ts';
import type { LogLine } from '../store/index.ts';
import { type LogStore, logReader } from './reader.ts';

/** Long after everything in these tests, unless one says otherwise. */
const NOW_MS = 1_000_000;

const usage = (
  id: number,
  startedAtMs: number,
  changes: Partial<UsageRecord> = {},
): UsageRecord & { id: number } => ({
  id,
  attemptId: `request-${id}`,
  functionName: 'shop-orders',
  version: 2,
  alias: 'live',
  instanceId: 'instance-1',
  startedAtMs,
  queuedMs: 0,
  initMs: null,
  durationMs: 10,
  billedMs: 10,
  memoryMb: 128,
  maxMemoryMb: 50,
  outcome: 'ok',
  errorType: null,
  ...changes,
});

const line = (
  id: number,
  atMs: number,
  { requestId = null, message = `line ${id}` }: { requestId?: string | null; message?: string } = {},
): LogLine & { id: number } => ({
  id,
  functionName: 'shop-orders',
  version: 2,
  instanceId: 'instance-1',
  requestId,
  level: null,
  atMs,
  message,
  dropped: null,
});

function reader(
  lines: readonly (LogLine & { id: number })[],
  records: readonly (UsageRecord & { id: number })[],
) {
  const after =
    <Row extends { id: number }>(rows: readonly Row[]) =>
    async ({ afterId, limit }: Parameters<LogStore['linesAfter']>[0]) =>
      rows.filter((row) => row.id > afterId).slice(0, limit);
  return logReader({ linesAfter: after(lines), usageAfter: after(records) }, { wallMs: () => NOW_MS });
}

const wanted = { functionName: 'shop-orders', after: null, sinceMs: null, limit: 100 };

suite('the log of a function', () => {
  test('has START, the lines, END and REPORT of a request in this order, also within one millisecond', async () => {
    const log = reader([line(1, 1_000, { requestId: 'request-1' })], [usage(1, 1_000, { durationMs: 0 })]);
    const { entries } = await log.read(wanted);
    assert.deepEqual(
      entries.map((entry) => entry.type),
      ['START', 'line', 'END', 'REPORT'],
    );
  });

  test('REPORT reads as Lambda prints it', async () => {
    const records = [
      usage(1, 0, { durationMs: 12.345, billedMs: 113, initMs: 100.5 }),
      usage(2, 50, { outcome: 'timeout', durationMs: 3_000 }),
    ];
    const { entries } = await reader([], records).read(wanted);
    const reports = entries.filter((entry) => entry.type === 'REPORT').map((entry) => entry.message);
    assert.equal(
      reports[0],
      'REPORT RequestId: request-1\tDuration: 12.35 ms\tBilled Duration: 113 ms\tMemory Size: 128 MB\tMax Memory Used: 50 MB\tInit Duration: 100.50 ms\t',
    );
    assert.match(reports[1]!, /\tStatus: timeout\t$/);
    assert.ok(entries.some((entry) => entry.message.endsWith('request-2 Task timed out after 3.00 seconds')));
  });

  test('what ran nothing has no lines', async () => {
    const { entries } = await reader([], [usage(1, 0, { outcome: 'throttled', instanceId: null })]).read(
      wanted,
    );
    assert.deepEqual(entries, []);
  });

  test('a line that is a JSON object keeps its fields', async () => {
    const { entries } = await reader(
      [line(1, 1, { message: '{"level":"info","orderId":7}' }), line(2, 2, { message: '{broken' })],
      [],
    ).read(wanted);
    assert.deepEqual(entries[0]?.fields, { level: 'info', orderId: 7 });
    assert.equal(entries[1]?.fields, undefined);
  });

  test('a line of nobody belongs to the request that ran on its instance then', async () => {
    const { entries } = await reader([line(1, 1_005), line(2, 5_000)], [usage(1, 1_000)]).read(wanted);
    const lines = entries.filter((entry) => entry.type === 'line');
    assert.deepEqual(
      lines.map((entry) => entry.requestId),
      ['request-1', null],
    );
  });

  test('reading page by page gives every entry once, in the same order as reading at once', async () => {
    const records = Array.from({ length: 40 }, (_, n) => usage(n + 1, n * 100));
    const lines = Array.from({ length: 120 }, (_, n) =>
      line(n + 1, Math.floor(n / 3) * 100 + 1 + (n % 3), {
        requestId: `request-${Math.floor(n / 3) + 1}`,
      }),
    );
    const log = reader(lines, records);
    const whole = (await log.read({ ...wanted, limit: 1_000 })).entries;
    const pages = [];
    let after: string | null = null;
    for (;;) {
      const page = await log.read({ ...wanted, after, limit: 7 });
      if (page.entries.length === 0) break;
      pages.push(...page.entries);
      after = page.cursor;
    }
    assert.equal(pages.length, whole.length);
    assert.deepEqual(
      new Set(pages.map((entry) => entry.message)),
      new Set(whole.map((entry) => entry.message)),
    );
  });

  test('who reads on is not shown what is so fresh that its START may still be on its way', async () => {
    const log = reader([line(1, NOW_MS - 600), line(2, NOW_MS - 100)], []);
    const page = await log.read({ ...wanted, after: '0.0' });
    assert.deepEqual(
      page.entries.map((entry) => entry.message),
      ['line 1'],
    );
    assert.equal((await log.read(wanted)).entries.length, 2, 'a first look shows all there is');
  });

  test('attempts of one event, which share its request id, follow one another', async () => {
    const again = { requestId: 'request-1', outcome: 'error', errorType: 'Error' } as const;
    const { entries } = await reader(
      [line(1, 1_003, { requestId: 'request-1' }), line(2, 60_004, { requestId: 'request-1' })],
      [usage(1, 1_000, { outcome: 'error', errorType: 'Error' }), usage(2, 60_000, again)],
    ).read(wanted);
    assert.deepEqual(
      entries.map(({ type, message }) => (type === 'line' ? message : type)),
      ['START', 'line 1', 'END', 'REPORT', 'START', 'line 2', 'END', 'REPORT'],
    );
    assert.ok(entries.every(({ requestId }) => requestId === 'request-1'));
  });
});
