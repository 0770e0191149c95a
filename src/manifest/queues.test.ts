import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseApp } from './app.ts';
import { parseManifest } from './manifest.ts';

/** A minimal manifest with these queues (`queues` is line 2, the first queue is line 3). */
function withQueues(...lines: string[]): string {
  const queues = lines.map((line) => `  ${line}\n`).join('');
  return `app: shop\nqueues:\n${queues}functions:\n  f: { runtime: nodejs24.x, handler: a.b, code: . }\n`;
}

const parse = (text: string) => parseManifest(text, { file: 'skein.yaml' }).app;

suite('queues of a manifest', () => {
  test('are read with defaults; an app without any has none', () => {
    const { queues } = parse(
      withQueues(
        'failed: {}',
        'jobs: { visibilityTimeout: 2m, maxReceiveCount: 5, deadLetter: failed, delay: 10s, retention: 24h, receiveWait: 20s }',
        'orders: { fifo: true, contentBasedDeduplication: true, highThroughput: true }',
      ),
    );
    const plain = {
      ...{ fifo: false, delayMs: 0, retentionMs: 345_600_000, receiveWaitMs: 0, visibilityTimeoutMs: 30_000 },
      ...{ deadLetter: null, maxReceiveCount: 10, contentBasedDeduplication: false, highThroughput: false },
    };
    assert.deepEqual(queues, [
      { ...plain, key: 'failed' },
      {
        ...{ ...plain, key: 'jobs', visibilityTimeoutMs: 120_000, maxReceiveCount: 5, deadLetter: 'failed' },
        ...{ delayMs: 10_000, retentionMs: 86_400_000, receiveWaitMs: 20_000 },
      },
      { ...plain, key: 'orders', fifo: true, contentBasedDeduplication: true, highThroughput: true },
    ]);
    assert.equal(
      parse('app: a\nfunctions: { f: { runtime: nodejs24.x, handler: a.b, code: . } }').queues,
      undefined,
    );
  });

  test('are the same in the JSON of a deploy', () => {
    const app = parse(withQueues('failed: {}', 'jobs: { deadLetter: failed }'));
    assert.deepEqual(parseApp(JSON.parse(JSON.stringify(app))), app);
    const twice = { ...app, queues: [app.queues![0], app.queues![0]] };
    assert.throws(() => parseApp(twice), /queues\[1\]: "failed" is there twice/);
  });

  const cases: [string, string, RegExp][] = [
    ['an unknown key', 'jobs: { visibility: 30s }', /:3:11 queues\.jobs\.visibility: .*visibilityTimeout/],
    ['a number without a unit', 'jobs: { delay: 5 }', /queues\.jobs\.delay: 5 has no unit/],
    ['parts of a second', 'jobs: { delay: 1500ms }', /queues\.jobs\.delay: must be whole seconds/],
    ['more than 12 h', 'jobs: { visibilityTimeout: 13h }', /allowed is 0ms to 12h|allowed is 0h to 12h/],
    [
      'a queue that is its own dead-letter queue',
      'jobs: { deadLetter: jobs }',
      /deadLetter: "jobs" is this queue itself/,
    ],
    [
      'an unknown dead-letter queue',
      'jobs: { deadLetter: no }',
      /deadLetter: "no" is not a queue of this app/,
    ],
    [
      'a count without a dead-letter queue',
      'jobs: { maxReceiveCount: 3 }',
      /maxReceiveCount: needs `deadLetter`/,
    ],
    ['FIFO keys of a standard queue', 'jobs: { highThroughput: true }', /highThroughput: needs `fifo: true`/],
    ['a word for true', 'jobs: { fifo: "yes" }', /fifo: must be true or false, was "yes", a text/],
    [
      'a count that is out of range',
      'jobs: { deadLetter: jobs, maxReceiveCount: 0 }',
      /of receives from 1 to 1000/,
    ],
  ];
  for (const [what, line, message] of cases)
    test(`${what} is refused`, () => {
      assert.throws(() => parse(withQueues(line)), { code: 'manifest-invalid', message });
    });

  test('a standard queue cannot be the dead-letter queue of a FIFO queue', () => {
    const text = withQueues('failed: {}', 'orders: { fifo: true, deadLetter: failed }');
    assert.throws(() => parse(text), /queues\.orders\.deadLetter: "failed" must be a FIFO queue, too/);
  });
});
