import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Admission } from './admission.ts';

function enter(admission: Admission, name: string, reserved: number | null, times: number): void {
  for (let n = 0; n < times; n++) admission.enter(name, reserved);
}

const exceeded = { code: 'concurrency-exceeded' };

suite('admission', () => {
  test('what is reserved is kept free: others fill the account, and it still gets all of its own', () => {
    const admission = new Admission(10);
    admission.setReserved(4);
    enter(admission, 'shop-crowd', null, 6);
    assert.throws(() => admission.enter('shop-crowd', null), exceeded);
    assert.throws(() => admission.enter('shop-other', null), exceeded);
    enter(admission, 'shop-orders', 4, 4);
    assert.throws(() => admission.enter('shop-orders', 4), exceeded);
  });

  test('what is reserved is a cap, also while the account is idle', () => {
    const admission = new Admission(10);
    admission.setReserved(2);
    enter(admission, 'shop-orders', 2, 2);
    assert.throws(() => admission.enter('shop-orders', 2), exceeded);
    admission.leave('shop-orders', 2);
    admission.enter('shop-orders', 2);
  });

  test('none reserved for it: a function with 0 never runs', () => {
    const admission = new Admission(10);
    assert.throws(() => admission.enter('shop-off', 0), exceeded);
  });
});
