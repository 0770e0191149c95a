import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Fault } from '../base/index.ts';
import { Memory } from './memory.ts';
import { testVersion } from './pool-fixture.ts';
import { Room, type RoomPool } from './room.ts';

/** A pool of instances that are all idle since these moments. */
function idlePool(...sinceMs: number[]) {
  const pool = {
    idle: sinceMs,
    leaving: 0,
    get size() {
      return pool.idle.length + pool.leaving;
    },
    oldestIdleMs: () => pool.idle[0] ?? null,
    evictOldest() {
      pool.idle.shift();
      pool.leaving += 1;
    },
  };
  return pool satisfies RoomPool;
}

function openRoom(pools: RoomPool[], { availableMb = 10_000, maxInstances = 100, blanks = 0 } = {}) {
  const memory = new Memory(1_000);
  memory.reading()({ availableMb });
  const shelf = {
    ready: blanks,
    giveUp() {
      const any = shelf.ready > 0;
      shelf.ready = 0;
      return any;
    },
  };
  return { memory, shelf, room: new Room({ pools: () => pools, blanks: shelf, memory, maxInstances }) };
}

const version = testVersion('shop-new');
const own = idlePool();

suite('room for one more instance', () => {
  test('is there while there is memory and a place', () => {
    const { room } = openRoom([own, idlePool(1)]);
    assert.equal(room.admit(version, 50, own), 'start');
    assert.equal(room.starved, false);
  });

  test('on a full node is made by ending what has been unused for longest', () => {
    const [older, newer] = [idlePool(1, 5), idlePool(2)];
    const { room } = openRoom([own, newer, older], { maxInstances: 3 });
    assert.equal(room.admit(version, 50, own), 'start');
    assert.deepEqual([older.idle, newer.idle], [[5], [2]]);
  });

  test('on a full node that is all busy is waited for', () => {
    const busy = idlePool();
    busy.leaving = 0;
    const { room } = openRoom([{ ...busy, size: 3, leaving: 0 }], { maxInstances: 3 });
    assert.equal(room.admit(version, 50, own), 'wait');
    assert.equal(room.starved, true);
  });

  test('short of memory: the oldest unused ones end, and the start waits until they have', () => {
    const [older, newer] = [idlePool(1, 3), idlePool(2, 4)];
    const { room, memory } = openRoom([older, newer], { availableMb: 1_020 });
    assert.equal(room.admit(version, 50, own), 'wait');
    assert.deepEqual([older.idle, newer.idle], [[], [4]], 'as many as it takes, oldest first');
    assert.equal(room.admit(version, 50, own), 'wait', 'while they are leaving, no more are ended');
    assert.deepEqual([older.idle, newer.idle], [[], [4]]);
    older.leaving = 0;
    newer.leaving = 0;
    memory.reading()({ availableMb: 1_060 });
    assert.equal(room.admit(version, 50, own), 'start');
  });

  test('short of memory with nothing unused: blanks go, and then it is refused with what there is', () => {
    const { room, shelf } = openRoom([own], { availableMb: 1_010, blanks: 3 });
    assert.equal(room.admit(version, 50, own), 'wait');
    assert.equal(shelf.ready, 0);
    const refusal = room.admit(version, 50, own);
    assert.ok(refusal instanceof Fault);
    assert.equal(refusal.code, 'no-capacity');
    assert.deepEqual(refusal.facts, { functionName: 'shop-new', availableMb: 1_010, reserveMb: 1_000 });
  });

  test('memory that others took is given back by what is unused, whoever asks', () => {
    const idle = idlePool(1, 2, 3);
    const { room, memory } = openRoom([idle]);
    room.relieve();
    assert.equal(idle.idle.length, 3);
    memory.reading()({ availableMb: 980 });
    room.relieve();
    assert.deepEqual(idle.idle, [3]);
  });
});
