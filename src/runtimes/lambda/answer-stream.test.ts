import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AnswerStream } from './answer-stream.ts';

const PIECE = Buffer.alloc(100 * 1024, 'x');

function stream(maxBytes?: number) {
  const calls: string[] = [];
  const source = { pause: () => calls.push('pause'), resume: () => calls.push('resume') };
  return { calls, answer: new AnswerStream(source, maxBytes) };
}

suite('the body of a streamed answer', () => {
  test('pauses its source above 256 KB and resumes it when the reader has caught up', async () => {
    const { answer, calls } = stream();
    for (let i = 0; i < 3; i++) answer.push(PIECE);
    assert.deepEqual(calls, ['pause']);
    answer.end(null);
    assert.equal(Buffer.concat(await answer.body.toArray()).length, 3 * PIECE.length);
    assert.deepEqual(calls, ['pause', 'resume']);
  });

  test('a reader that leaves resumes the source, and what comes then is thrown away', () => {
    const { answer, calls } = stream();
    for (let i = 0; i < 3; i++) answer.push(PIECE);
    answer.body.destroy();
    answer.push(PIECE);
    answer.end(null);
    assert.deepEqual(calls, ['pause', 'resume']);
  });

  test('a stream above its limit breaks off after what fits', async () => {
    const { answer } = stream(PIECE.length);
    answer.push(PIECE);
    answer.push(Buffer.from('y'));
    const seen: number[] = [];
    await assert.rejects(async () => {
      for await (const piece of answer.body) seen.push(piece.length);
    }, /Function\.ResponseSizeTooLarge/);
    assert.deepEqual(seen, [PIECE.length]);
    assert.equal(answer.overflowed, true);
  });
});
