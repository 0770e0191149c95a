import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../../../base/index.ts';
import { VirtualNames } from './virtual-names.ts';

suite('virtual addresses', () => {
  test('one name has one address, whoever holds it, and keeps it afterwards', () => {
    const names = new VirtualNames('10.127.16.0/20');
    const first = names.hold('a.com');
    assert.equal(first.address, '10.127.16.1');
    assert.equal(names.hold('a.com'), first);
    assert.equal(names.hold('b.com').address, '10.127.16.2');
    names.release(first);
    names.release(first);
    assert.equal(names.hold('a.com').address, '10.127.16.1');
  });

  test('the one unused for longest goes to the next name, with what is pinned there', () => {
    const names = new VirtualNames('10.0.0.0/20', 2);
    const [a, b] = [names.hold('a.com'), names.hold('b.com')];
    a.pins.set(443, Promise.resolve());
    names.release(b);
    names.release(a);
    names.hold('b.com');
    const c = names.hold('c.com');
    assert.equal(c.address, '10.0.0.1');
    assert.deepEqual([...c.pins.keys()], [443]);
    assert.equal(names.hold('c.com'), c);
  });

  test('a name that is held is never given away', () => {
    const names = new VirtualNames('10.0.0.0/30');
    for (const host of ['a.com', 'b.com', 'c.com']) names.hold(host);
    assert.throws(
      () => names.hold('d.com'),
      (error) => error instanceof Fault && error.code === 'no-capacity',
    );
  });
});
