import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../../base/index.ts';
import { type MappingSettings, mappingSettings } from './settings.ts';

const of = (service: string, rest = 'one') => `arn:aws:${service}:us-east-1:000000000000:${rest}`;
const QUEUE = of('sqs');
const STREAM = of('kinesis', 'stream/one');
const TABLE = of('dynamodb', 'table/a/stream/b');

suite('what a mapping may ask of its source', () => {
  test('is filled up with the defaults of each kind', () => {
    const defaults: readonly (readonly [string | null, MappingSettings, number])[] = [
      [QUEUE, {}, 10],
      [STREAM, { StartingPosition: 'LATEST' }, 100],
      [TABLE, { StartingPosition: 'TRIM_HORIZON' }, 100],
      [of('kafka', 'cluster/one/1'), { StartingPosition: 'LATEST', Topics: ['a'] }, 100],
      [of('mq', 'broker:one:1'), { Queues: ['a'] }, 100],
      [of('rds', 'cluster:one'), { StartingPosition: 'LATEST' }, 100],
      [null, { StartingPosition: 'LATEST', SelfManagedEventSource: { Endpoints: {} } }, 100],
    ];
    for (const [source, wanted, batch] of defaults)
      assert.equal(mappingSettings(source, wanted).BatchSize, batch, String(source));
    const stream = mappingSettings(STREAM, { StartingPosition: 'LATEST', MaximumRetryAttempts: 3 });
    assert.equal(stream.ParallelizationFactor, 1);
    assert.equal(stream.MaximumRetryAttempts, 3);
    assert.equal(stream.MaximumRecordAgeInSeconds, -1);
  });

  test('is refused by the name of the parameter where the source has no such thing', () => {
    const start = { StartingPosition: 'LATEST' };
    const wrong: readonly (readonly [string | null, MappingSettings, string])[] = [
      [QUEUE, { StartingPosition: 'LATEST' }, 'StartingPosition'],
      [QUEUE, { ParallelizationFactor: 2 }, 'ParallelizationFactor'],
      [QUEUE, { BatchSize: 11 }, 'MaximumBatchingWindowInSeconds'],
      [`${QUEUE}.fifo`, { BatchSize: 11, MaximumBatchingWindowInSeconds: 1 }, 'BatchSize'],
      [`${QUEUE}.fifo`, { MaximumBatchingWindowInSeconds: 1 }, 'MaximumBatchingWindowInSeconds'],
      [QUEUE, { BatchSize: 10_001, MaximumBatchingWindowInSeconds: 1 }, 'BatchSize'],
      [STREAM, {}, 'StartingPosition'],
      [STREAM, { ...start, ScalingConfig: {} }, 'ScalingConfig'],
      [STREAM, { ...start, StartingPositionTimestamp: 1 }, 'StartingPositionTimestamp'],
      [STREAM, { StartingPosition: 'AT_TIMESTAMP' }, 'StartingPositionTimestamp'],
      [TABLE, { StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: 1 }, 'StartingPosition'],
      [STREAM, { ...start, FilterCriteria: { Filters: [{ Pattern: '[]' }] } }, 'FilterCriteria'],
      [STREAM, { ...start, FilterCriteria: { Filters: Array(6).fill({ Pattern: '{}' }) } }, 'FilterCriteria'],
      [of('s3', 'photos'), {}, 'EventSourceArn'],
      [null, {}, 'EventSourceArn'],
    ];
    for (const [source, wanted, parameter] of wrong)
      assert.throws(
        () => mappingSettings(source, wanted),
        (error) =>
          error instanceof Fault && error.code === 'parameter-invalid' && error.facts.parameter === parameter,
        `${source} ${JSON.stringify(wanted)}`,
      );
  });

  test('eleven records wait for a window', () => {
    const settings = mappingSettings(QUEUE, { BatchSize: 11, MaximumBatchingWindowInSeconds: 1 });
    assert.equal(settings.BatchSize, 11);
  });
});
