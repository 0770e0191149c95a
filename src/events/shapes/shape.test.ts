import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fakeClock } from '../../base/fake-clock.ts';
import type { SeenShape } from '../../store/index.ts';
import { Sampler } from './sampler.ts';
import { shapeDifferences, shapeOf } from './shape.ts';

suite('the form of a payload', () => {
  test('is its keys and types, without a value', () => {
    assert.deepEqual(shapeOf('{"id":1,"items":[{"price":2},{"price":null}],"a b":true}'), {
      $: 'object',
      '$.id': 'number',
      '$.items': 'array',
      '$.items[]': 'object',
      '$.items[].price': 'null|number',
      '$["a b"]': 'boolean',
    });
    assert.deepEqual(shapeOf('"x"'), { $: 'string' });
    assert.equal(shapeOf('no json'), null);
  });

  test('is bounded, however large or deep the payload', () => {
    const wide = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`k${n}`, n]));
    assert.equal(Object.keys(shapeOf(JSON.stringify(wide)) ?? {}).length, 300);
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    assert.ok(Object.keys(shapeOf(deep) ?? {}).length < 20);
  });

  test('differs by what is new, missing, or of another type', () => {
    const handled = ['{"id":1,"item":"a"}', '{"id":2,"item":null,"note":"x"}'].map((text) => shapeOf(text)!);
    assert.deepEqual(shapeDifferences(shapeOf('{"id":"7","note":"x","extra":[]}')!, handled), {
      compared: 2,
      added: [{ path: '$.extra', type: 'array' }],
      missing: [{ path: '$.item', type: 'null|string' }],
      changed: [{ path: '$.id', type: 'string', before: 'number' }],
    });
    assert.deepEqual(shapeDifferences(handled[0]!, []), { compared: 0, added: [], missing: [], changed: [] });
  });

  test('is sampled: one of a function per second, each form once, small ones only', async () => {
    const clock = fakeClock();
    const written: (readonly SeenShape[])[] = [];
    const sampler = new Sampler({
      clock,
      write: async (seen) => void written.push(seen),
      onProblem: (problem) => assert.fail(String(problem)),
    });
    const handle = (payload: string, bytes = payload.length) =>
      sampler.handled({ functionName: 'shop', payload, bytes });
    handle('{"a":1}');
    handle('{"b":1}');
    await clock.advance(5_000);
    handle('{"a":2}');
    await clock.advance(5_000);
    handle('{"c":2}', 1e6);
    handle('{"c":2}');
    await clock.advance(5_000);
    assert.deepEqual(
      written.flat().map(({ functionName, shape }) => [functionName, Object.keys(shape)[1]]),
      [
        ['shop', '$.a'],
        ['shop', '$.c'],
      ],
    );
  });
});
