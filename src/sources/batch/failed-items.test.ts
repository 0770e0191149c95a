import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { failedItems } from './failed-items.ts';

const IDS = ['a', 'b', 'c'];

suite('what a function says of its batch', () => {
  test('nothing said is success', () => {
    const answers = ['', 'null', '{}', '""', '[]', '{"batchItemFailures":[]}', '{"batchItemFailures":null}'];
    for (const answer of [...answers, '{"statusCode":200}'])
      assert.deepEqual([...failedItems(answer, IDS)], [], answer);
  });

  test('what is named fails, and nothing else', () => {
    const answer = '{"batchItemFailures":[{"itemIdentifier":"c"},{"itemIdentifier":"a","why":1}]}';
    assert.deepEqual([...failedItems(answer, IDS)].toSorted(), ['a', 'c']);
  });

  test('what makes no sense fails as a whole', () => {
    const items = ['[{"itemIdentifier":""}]', '[{"itemIdentifier":null}]', '[{"id":"a"}]', '[null]', '["a"]'];
    const more = ['[{"itemIdentifier":123}]', '[{"itemIdentifier":"a"},{"itemIdentifier":"z"}]', '{}', '"a"'];
    const answers = [...items, ...more].map((list) => `{"batchItemFailures":${list}}`);
    for (const answer of [...answers, '"done"', '12', 'true', '["a"]', '{"batchItemFailures":['])
      assert.deepEqual([...failedItems(answer, IDS)], IDS, answer);
  });
});
