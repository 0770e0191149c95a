import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '../base/index.ts';
import { testSeed } from '../base/testing.ts';
import type { ParsedLine } from './line.ts';
import { LineParser } from './parser.ts';

const ID = '01a1fc54-a6ef-7000-8230-7bd7575ccbdd';

function record(text: string, { id = ID, level = 'INFO', atMs = 7 } = {}): string {
  return `\x1e${id}\t${level}\t${atMs}\t${Buffer.byteLength(text)}\n${text}\n`;
}

function parse(chunks: readonly Buffer[], maxLineBytes = 1_000): ParsedLine[] {
  const lines: ParsedLine[] = [];
  const parser = new LineParser(maxLineBytes, (line) => lines.push(line));
  for (const chunk of chunks) parser.push(chunk, 99);
  parser.end(99);
  return lines;
}

const plain = (text: string): ParsedLine => ({ requestId: null, level: null, atMs: 99, text, cutBytes: 0 });
const tagged = (text: string): ParsedLine => ({ requestId: ID, level: 'INFO', atMs: 7, text, cutBytes: 0 });

suite('the log parser', () => {
  test('takes plain lines, the last one without a newline too', () => {
    assert.deepEqual(parse([Buffer.from('one\n\nthree')]), [plain('one'), plain(''), plain('three')]);
  });

  test('takes records with newlines inside, between plain lines', () => {
    const bytes = Buffer.from(`before\n${record('a\nb')}after\n`);
    assert.deepEqual(parse([bytes]), [plain('before'), tagged('a\nb'), plain('after')]);
  });

  test('an empty message is a line, and no id and no level are null', () => {
    const bytes = Buffer.from(record('', { id: '-', level: '-' }));
    assert.deepEqual(parse([bytes]), [{ requestId: null, level: null, atMs: 7, text: '', cutBytes: 0 }]);
  });

  test('a header that is none is a plain line', () => {
    const text = '\x1ehello\tx';
    assert.deepEqual(parse([Buffer.from(`${text}\nnext\n`)]), [plain(text), plain('next')]);
  });

  test('a line longer than is kept is cut, and the rest counted', () => {
    const lines = parse([Buffer.from(`${'x'.repeat(125)}\n${record('y'.repeat(130))}`)], 100);
    assert.deepEqual(
      lines.map((line) => [line.text, line.cutBytes]),
      [
        ['x'.repeat(100), 25],
        ['y'.repeat(100), 30],
      ],
    );
  });

  test('the same lines come out however the bytes are cut into chunks', (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const bytes = Buffer.from(
      `start\n${record('é\n€')}${record('')}mid\x1edle\n\x1enot a header\n${record('end')}`,
    );
    const whole = parse([bytes]);
    for (let run = 0; run < 300; run++) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + Math.floor(random() * 12);
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual(parse(chunks), whole);
    }
  });
});
