import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Admission } from './admission.ts';

function times(count: number, action: () => void): void {
  for (let n = 0; n < count; n++) action();
}

const exceeded = { code: 'concurrency-exceeded' };

suite('admission', () => {
  test('what is reserved is kept free: others fill the account, and it still gets all of its own', () => {
    const admission = new Admission(10);
    admission.setReserved(4);
    times(6, () => admission.enter('shop-crowd', null));
    assert.throws(() => admission.enter('shop-crowd', null), exceeded);
    assert.throws(() => admission.enter('shop-other', null), exceeded);
    times(4, () => admission.enter('shop-orders', 4));
    assert.throws(() => admission.enter('shop-orders', 4), exceeded);
  });

  test('what is reserved is a cap, also while the account is idle', () => {
    const admission = new Admission(10);
    admission.setReserved(2);
    times(2, () => admission.enter('shop-orders', 2));
    assert.throws(() => admission.enter('shop-orders', 2), exceeded);
    admission.leave('shop-orders', 2);
    admission.enter('shop-orders', 2);
  });

  test('none reserved for it: a function with 0 never runs', () => {
    const admission = new Admission(10);
    assert.throws(() => admission.enter('shop-off', 0), exceeded);
  });
});
