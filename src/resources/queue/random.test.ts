/** A thousand random operations on a queue, against a model of what a queue is. The seed is in the test's name. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Random, seededRandom } from '../../base/index.ts';
import { testDatabase } from '../../store/testing.ts';
import { NEVER, openQueues, pass, type QueuesOfTest } from './queues-fixture.ts';

const HOUR = 3_600_000;
const OPERATIONS = 500;
const MAX_RECEIVES = 4;

interface Known {
  readonly body: string;
  readonly group: string;
  /** In hours of the model; what is in flight ends between two of them. */
  visibleAt: number;
  receives: number;
  receipt: string | null;
  everReceived: boolean;
}

/** What must be in the queue, by body, in the order of sending; and what has left it. */
class Model {
  readonly there = new Map<string, Known>();
  readonly dead = new Set<string>();
  hour = 0;

  isOut(one: Known): boolean {
    return one.everReceived && one.visibleAt > this.hour;
  }

  /** Whether it may be handed out now. */
  isFree(one: Known, fifo: boolean): boolean {
    if (one.visibleAt > this.hour) return false;
    return !fifo || ![...this.there.values()].some((other) => other.group === one.group && this.isOut(other));
  }
}

interface Run {
  readonly queues: QueuesOfTest;
  readonly model: Model;
  readonly random: Random;
  readonly fifo: boolean;
  readonly name: string;
}

const below = (random: Random, n: number) => Math.floor(random() * n);

async function send({ queues, model, random, fifo, name }: Run, turn: number): Promise<void> {
  const bodies = Array.from({ length: 1 + below(random, 4) }, (_, n) => `${turn}-${n}`);
  const group = `g${below(random, 3)}`;
  await queues.send(
    name,
    bodies.map((body) => (fifo ? { body, groupId: group } : { body })),
  );
  for (const body of bodies)
    model.there.set(body, {
      body,
      group,
      visibleAt: model.hour,
      receives: 0,
      receipt: null,
      everReceived: false,
    });
}

async function receive({ queues, model, random, fifo, name }: Run): Promise<void> {
  const max = 1 + below(random, 5);
  const hours = 1 + below(random, 3);
  const free = new Set([...model.there.values()].filter((one) => model.isFree(one, fifo)));
  const dying = [...free].filter(({ receives }) => receives >= MAX_RECEIVES);
  const got = await queues.receive(name, { max, visibilityTimeoutMs: hours * HOUR - HOUR / 2 }, NEVER);
  const buried = new Set(
    (await queues.peek(`dead${fifo ? '.fifo' : ''}`, { max: 1_000 })).map(({ body }) => body),
  );
  for (const one of dying) if (buried.has(one.body)) leave(model, one);
  for (const { body, receipt, receiveCount } of got) {
    const one = model.there.get(body);
    assert.ok(one !== undefined && free.has(one), `${body} was handed out, which is not free`);
    assert.equal(receiveCount, one.receives + 1);
    if (fifo)
      assert.equal(
        body,
        firstOf(
          model,
          one.group,
          got.map((message) => message.body),
        ).shift(),
      );
    Object.assign(one, {
      receipt,
      receives: receiveCount,
      everReceived: true,
      visibleAt: model.hour + hours - 0.5,
    });
  }
  const left = [...free].filter((one) => model.there.has(one.body)).length;
  if (dying.length === 0) assert.equal(got.length, Math.min(max, left));
}

function leave(model: Model, one: Known): void {
  model.there.delete(one.body);
  model.dead.add(one.body);
}

/** The first messages of a group that are not out, but those of this very receive. */
function firstOf(model: Model, group: string, got: readonly string[]): string[] {
  const all = [...model.there.values()].filter((one) => one.group === group);
  return all
    .filter((one) => !(model.isOut(one) && got.includes(one.body) && one.receipt !== null))
    .map(({ body }) => body);
}

async function settle({ queues, model, random, fifo, name }: Run): Promise<void> {
  const received = [...model.there.values()].filter(({ receipt }) => receipt !== null);
  const one = received[below(random, received.length)];
  if (one === undefined) return;
  const isOut = model.isOut(one);
  if (random() < 0.6) {
    const [outcome] = await queues.delete(name, [one.receipt!]);
    assert.equal(outcome, isOut || !fifo ? 'deleted' : 'expired');
    if (outcome === 'deleted') model.there.delete(one.body);
    return;
  }
  const hours = below(random, 3);
  const uncounted = random() < 0.5;
  const change = {
    receipt: one.receipt!,
    visibilityTimeoutMs: Math.max(0, hours * HOUR - HOUR / 2),
    uncounted,
  };
  const [outcome] = await queues.changeVisibility(name, [change]);
  assert.equal(outcome, isOut ? 'changed' : 'not-in-flight');
  if (!isOut) return;
  one.visibleAt = model.hour + Math.max(0, hours - 0.5);
  if (uncounted) one.receives -= 1;
}

suite('random operations', () => {
  for (const fifo of [false, true])
    for (const seed of [1, 20_251_121])
      test(`${fifo ? 'FIFO' : 'standard'}, seed ${seed}`, async () => {
        await using database = await testDatabase();
        await using queues = await openQueues(database);
        const kind = fifo ? '.fifo' : '';
        await queues.put(`dead${kind}`);
        const retentionMs = 1_209_600_000;
        await queues.put(`jobs${kind}`, {
          redrive: { deadLetter: `dead${kind}`, maxReceiveCount: MAX_RECEIVES },
          retentionMs,
        });
        const run = { queues, model: new Model(), random: seededRandom(seed), fifo, name: `jobs${kind}` };
        const { model, random } = run;
        let sent = 0;
        for (let turn = 0; turn < OPERATIONS; turn += 1) {
          const what = random();
          if (what < 0.2) await send(run, turn);
          else if (what < 0.55) await receive(run);
          else if (what < 0.9) await settle(run);
          else {
            await pass(database, HOUR);
            model.hour += 1;
          }
          sent = Math.max(sent, model.there.size + model.dead.size);
        }
        const left = await queues.peek(run.name, { max: 1_000 });
        assert.deepEqual(left.map(({ body }) => body).toSorted(), [...model.there.keys()].toSorted());
        const all = [...model.there.values()];
        const visible = all.filter(({ visibleAt }) => visibleAt <= model.hour).length;
        assert.deepEqual(await queues.counts(run.name), {
          visible,
          inFlight: all.length - visible,
          delayed: 0,
        });
        assert.ok(sent > 0 && model.dead.size > 0, 'the seed reaches dead letters');
      });
});
