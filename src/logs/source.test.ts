import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { LogLine } from '../store/index.ts';
import { LogSource } from './source.ts';

const LIMITS = { lineBytes: 100, bytesPerSecond: 100, burstBytes: 1_000 };
const OWNER = { functionName: 'shop-orders', version: 2 };

function open({ tagsLogs }: { tagsLogs: boolean }) {
  const lines: LogLine[] = [];
  const source = new LogSource('instance-1', LIMITS, { write: (line) => lines.push(line), nowMs: 0 });
  source.assign({ ...OWNER, tagsLogs });
  return { source, lines, texts: () => lines.map((line) => [line.requestId, line.message]) };
}

suite('the lines of one instance', () => {
  test('of a runtime that does not tag them wait for the end of their invocation', () => {
    const { source, texts } = open({ tagsLogs: false });
    source.begin('request-1');
    source.push(Buffer.from('one\ntwo\n'), 1);
    assert.deepEqual(texts(), []);
    source.settle('request-1');
    assert.deepEqual(texts(), [
      ['request-1', 'one'],
      ['request-1', 'two'],
    ]);
  });

  test('go out under the invocation that has begun when it takes long', () => {
    const { source, texts } = open({ tagsLogs: false });
    source.begin('request-1');
    source.push(Buffer.from('working\n'), 1);
    source.tick(200);
    assert.deepEqual(texts(), [['request-1', 'working']]);
  });

  test('written before a function was assigned wait for it', () => {
    const lines: LogLine[] = [];
    const source = new LogSource('instance-1', LIMITS, { write: (line) => lines.push(line), nowMs: 0 });
    source.push(Buffer.from('boot\n'), 1);
    source.tick(2);
    assert.equal(lines.length, 0);
    source.assign({ ...OWNER, tagsLogs: true });
    source.tick(3);
    assert.deepEqual(
      lines.map((line) => [line.functionName, line.message]),
      [['shop-orders', 'boot']],
    );
  });

  test('beyond the budget are dropped and counted, and one notice says so', () => {
    const { source, lines } = open({ tagsLogs: true });
    for (let line = 0; line < 30; line++) source.push(Buffer.from(`${'x'.repeat(99)}\n`), 1);
    source.tick(2);
    assert.equal(lines.length, 11);
    const notice = lines.at(-1)!;
    assert.equal(notice.dropped, 20);
    assert.match(
      notice.message,
      /20 lines \(1980 bytes\) were not kept: an instance may log 100 bytes a second, 1000 at once/,
    );
  });

  test('are kept again when the budget has recovered', () => {
    const { source, lines } = open({ tagsLogs: true });
    source.push(Buffer.from(`${'x\n'.repeat(600)}`), 1);
    const kept = lines.length;
    source.push(Buffer.from('later\n'), 5_001);
    assert.equal(lines.at(-1)?.message, 'later');
    assert.equal(lines.length, kept + 1);
  });

  test('a record cannot buy itself a budget with a time of its own', () => {
    const { source, lines } = open({ tagsLogs: true });
    const text = 'y'.repeat(90);
    for (let n = 0; n < 50; n++) source.push(Buffer.from(`\x1e-\tINFO\t${n * 1_000_000}\t90\n${text}\n`), 1);
    assert.equal(lines.length, 10);
  });

  test('that are too long say how much was cut', () => {
    const { source, lines } = open({ tagsLogs: true });
    source.push(Buffer.from(`${'z'.repeat(150)}\n`), 1);
    assert.match(lines[0]!.message, /^z{100} … \[50 bytes cut: a line keeps 100\]$/);
  });
});
