/**
 * The tasks that move messages out of dead-letter queues: begun on one node, gone on with by whichever holds the lease.
 *
 * A pass comes once a second and moves no more than a second's worth of each task with a rate; one without goes on
 * until there is nothing more.
 */
import { Fault } from '../../base/index.ts';
import { LIMITS, type QueueEntry } from '../../model/index.ts';
import type { MoveRow } from '../../store/index.ts';
import type { Moves, MoveTask, NewMove } from './moves.ts';
import type { QueueStore } from './queue-store.ts';

export interface MoverParts {
  readonly store: Pick<QueueStore, 'startMove' | 'cancelMove' | 'listMoves' | 'leaseMoves' | 'move'>;
  readonly newId: () => string;
  /** @throws {Fault} `queue-not-found` */
  readonly entry: (name: string) => QueueEntry;
  readonly queues: () => ReadonlyMap<string, QueueEntry>;
  /** Messages have come into queues. */
  readonly onMoved: () => void;
}

/** Longer than a pass may take: a node that is gone is replaced after it. */
const LEASE_MS = 30_000;
const BATCH = 500;
/** What a task without a rate moves in one pass at most, so that others have their turn. */
const PASS = 20_000;
const MAX_LISTED = 10;

export function createMoves(parts: MoverParts): Moves & { run(): Promise<void> } {
  const { store } = parts;
  return {
    start: (wanted) => start(parts, wanted),
    async cancel(id) {
      const moved = UUID.test(id) ? await store.cancelMove(id) : null;
      if (moved === null)
        throw new Fault('resource-not-found', `There is no task "${id}" that moves messages.`, {
          facts: { id },
        });
      if (moved === 'ended')
        throw new Fault('resource-conflict', `Task ${id} has ended already.`, { facts: { id } });
      return moved;
    },
    async list(source, max) {
      parts.entry(source);
      const rows = await store.listMoves({ source, max: Math.min(max, MAX_LISTED) });
      return rows.map(taskOf);
    },
    async run() {
      for (const task of await store.leaseMoves(LEASE_MS)) await moveOn(parts, task);
    },
  };
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function start({ store, newId, entry, queues }: MoverParts, wanted: NewMove): Promise<MoveTask> {
  const { source, destination, maxPerSecond } = wanted;
  const from = entry(source);
  if (![...queues().values()].some(({ settings }) => settings.redrive?.deadLetter === source))
    throw invalid('SourceArn', `${source} is no dead-letter queue: no queue names it as its own.`);
  if (destination !== null && (entry(destination).settings.fifo === null) !== (from.settings.fifo === null))
    throw invalid('DestinationArn', `${source} and ${destination} are not of one kind: FIFO, or standard.`);
  if (destination === source) throw invalid('DestinationArn', 'Source and destination are the same queue.');
  const { min, max } = LIMITS.moveRate;
  if (
    maxPerSecond !== null &&
    !(Number.isInteger(maxPerSecond) && maxPerSecond >= min && maxPerSecond <= max)
  )
    throw invalid(
      'MaxNumberOfMessagesPerSecond',
      `${maxPerSecond} messages per second is not within ${min} and ${max}.`,
    );
  const row = await store.startMove({
    ...{ id: newId(), source, sourceId: from.id, destination, maxPerSecond, maxRunning: LIMITS.moveTasks },
  });
  if (row !== null) return taskOf(row);
  throw new Fault(
    'resource-conflict',
    `Another task moves messages from ${source}, or ${LIMITS.moveTasks} tasks run already. Cancel it, or wait.`,
    { facts: { source } },
  );
}

async function moveOn({ store, onMoved }: MoverParts, { id, maxPerSecond }: MoveRow): Promise<void> {
  const most = maxPerSecond ?? PASS;
  for (let moved = 0; moved < most; ) {
    const count = await store.move({ id, max: Math.min(BATCH, most - moved) });
    if (count === 0) break;
    moved += count;
  }
  onMoved();
}

function taskOf({ sourceId: _, ...task }: MoveRow): MoveTask {
  return task;
}

function invalid(parameter: string, message: string): Fault {
  return new Fault('parameter-invalid', message, { facts: { parameter } });
}
