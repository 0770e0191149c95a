import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { linesAfter } from '../store/index.ts';
import { testDatabase } from '../store/testing.ts';
import { type LogIntake, startLogIntake } from './intake.ts';

async function open({
  stopMs,
  onLost = (lines, why) => assert.fail(`${lines} lines lost: ${why}`),
}: {
  stopMs?: number;
  onLost?: (lines: number, why: string) => void;
} = {}) {
  const database = await testDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'skein-logs-'));
  const options = { socketFolder: folder, databaseUrl: database.url, stopMs };
  const intake = await startLogIntake(options, onLost);
  return {
    intake,
    database,
    read: () => linesAfter(database.sql, { functionName: 'shop-orders', afterId: 0, limit: 1_000 }),
    async [Symbol.asyncDispose]() {
      await intake.stop();
      rmSync(folder, { recursive: true });
      await database[Symbol.asyncDispose]();
    },
  };
}

/** Runs a shell script whose output goes to the log of an instance. */
async function print(
  intake: LogIntake,
  { id, script, tagsLogs }: { id: string; script: string; tagsLogs: boolean },
) {
  const log = await intake.open(id);
  log.assign({ functionName: 'shop-orders', version: 1, tagsLogs });
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', log.output, log.output] });
  log.output.destroy();
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return { log, child, ended };
}

const REQUEST = (n: number) => `01a1fc54-a6ef-7000-8230-00000000000${n}`;

suite('the log intake', () => {
  test('keeps what processes print, out and err, by instance', async () => {
    await using opened = await open();
    const one = await print(opened.intake, { id: 'one', script: 'echo out; echo err >&2', tagsLogs: true });
    const two = await print(opened.intake, { id: 'two', script: 'printf "no newline"', tagsLogs: true });
    await Promise.all([one.ended, two.ended]);
    await opened.intake.stop();
    const lines = await opened.read();
    assert.deepEqual(lines.map((line) => [line.instanceId, line.message]).sort(), [
      ['one', 'err'],
      ['one', 'out'],
      ['two', 'no newline'],
    ]);
  });

  test('what an invocation printed before it was settled belongs to it, to the last line', async () => {
    await using opened = await open();
    const script =
      'while read -r n; do i=0; while [ $i -lt 50 ]; do echo "line of $n"; i=$((i+1)); done; echo done >&3; done';
    const log = await opened.intake.open('one');
    log.assign({ functionName: 'shop-orders', version: 1, tagsLogs: false });
    const child = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', log.output, log.output, 'pipe'] });
    log.output.destroy();
    for (const n of [1, 2, 3]) {
      log.begin(REQUEST(n));
      const answered = new Promise((resolve) => child.stdio[3]!.once('data', resolve));
      child.stdin!.write(`${n}\n`);
      await answered;
      await log.settle(REQUEST(n));
    }
    child.stdin!.end();
    await new Promise((resolve) => child.once('exit', resolve));
    await opened.intake.stop();
    const lines = await opened.read();
    assert.equal(lines.length, 150);
    for (const line of lines) assert.equal(line.message, `line of ${line.requestId?.at(-1)}`);
  });

  test('the last lines of an instance that ended before it was assigned are kept', async () => {
    await using opened = await open();
    const log = await opened.intake.open('one');
    const child = spawn('/bin/sh', ['-c', 'echo last words'], { stdio: ['pipe', log.output, log.output] });
    log.output.destroy();
    await new Promise((resolve) => child.once('exit', resolve));
    const alive = setInterval(() => {}, 60_000); // nothing else keeps a process from ending here
    // Each lets the thread read on for some turns: by then it has seen the end of the socket.
    for (let n = 0; n < 20; n++) await log.settle(REQUEST(1));
    clearInterval(alive);
    log.assign({ functionName: 'shop-orders', version: 1, tagsLogs: true });
    await opened.intake.stop();
    assert.deepEqual(
      (await opened.read()).map((line) => line.message),
      ['last words'],
    );
  });

  test('ends, and says what is lost, also while PostgreSQL hangs', async () => {
    const lost: number[] = [];
    await using opened = await open({ stopMs: 50, onLost: (lines) => lost.push(lines) });
    await opened.database.sql.begin(async (sql) => {
      await sql`lock table skein.log_lines in access exclusive mode`;
      const { ended } = await print(opened.intake, { id: 'one', script: 'echo a; echo b', tagsLogs: true });
      await ended;
      await opened.intake.stop();
    });
    assert.deepEqual(lost, [2]);
  });

  test('a flood is bounded and counted, and does not end the process that makes it', async () => {
    await using opened = await open();
    const flood =
      'i=0; while [ $i -lt 300 ]; do head -c 100000 /dev/zero | tr "\\0" x; echo; i=$((i+1)); done; exit 0';
    const { ended } = await print(opened.intake, { id: 'one', script: flood, tagsLogs: true });
    await ended;
    await opened.intake.stop();
    const lines = await opened.read();
    const kept = lines.filter((line) => line.dropped === null);
    const dropped = lines.reduce((sum, line) => sum + (line.dropped ?? 0), 0);
    assert.ok(kept.length < 100, `${kept.length} lines kept`);
    assert.equal(kept.length + dropped, 300);
  });

  test('the tail of a request has every line that it printed before it ended, whoever names the request', async () => {
    await using opened = await open();
    const tagged = opened.intake.tail(REQUEST(1));
    const text = `first of a tagged runtime`;
    const script = `printf '\\036${REQUEST(1)}\\tINFO\\t0\\t${text.length}\\n${text}\\n'`;
    const one = await print(opened.intake, { id: 'one', script, tagsLogs: true });
    await one.ended;
    assert.equal(await tagged.take('one'), `1970-01-01T00:00:00.000Z\t${REQUEST(1)}\tINFO\t${text}\n`);
    const untagged = opened.intake.tail(REQUEST(2));
    const two = await print(opened.intake, {
      ...{ id: 'two', tagsLogs: false },
      script: 'read -r go; echo a; echo b',
    });
    two.log.begin(REQUEST(2)); // before the first line: what was printed earlier is nobody's
    two.child.stdin!.end('go\n');
    await two.ended;
    const settled = two.log.settle(REQUEST(2));
    assert.equal(await untagged.take('two'), 'a\nb\n');
    await settled;
    assert.equal(await opened.intake.tail(REQUEST(3)).take(null), '');
  });
});
