/**
 * The queues of a node.
 *
 * Owns   a line for each queue that somebody receives from, and the batches of what is sent and deleted.
 * Asks   the registry how a queue is configured, a store to keep and find messages.
 * Never  reads the configuration from the database: sending and receiving are one statement each, shared with
 *        what comes in the same moment.
 */
import { type Clock, Fault, Group, periodically } from '../../base/index.ts';
import { LIMITS, type QueueEntry } from '../../model/index.ts';
import type {
  FifoDeleted,
  HeldMessage,
  MessageRow,
  NumberedMessage,
  VisibilityRow,
} from '../../store/index.ts';
import { Line } from './line.ts';
import type { NewMessage, ReceivedMessage, SendOutcome } from './message.ts';
import { createMoves } from './mover.ts';
import type { FifoWish, QueueStore } from './queue-store.ts';
import type { DeleteOutcome, Queues, VisibilityChange, VisibilityOutcome, Wanted } from './queues.ts';
import { readReceipt } from './receipt.ts';
import { outgoing, seen, sentAs, shown } from './rows.ts';

/** What the registry gives. */
export interface QueueDirectory {
  current(): { readonly queues: ReadonlyMap<string, QueueEntry> };
  /** @returns ends that */
  onChange(action: () => void): () => void;
}

export interface QueuesParts {
  readonly store: QueueStore;
  readonly directory: QueueDirectory;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly onProblem: (problem: unknown) => void;
}

const MB = 1024 * 1024;
/** How long a caller waits for the database. */
const TIMEOUT_MS = 5_000;
/** How often lines look whether something has become visible, ms: what no news told of is found then. */
const LOOK_EVERY_MS = 1_000;
const SWEEP_EVERY_MS = 60_000;
const PEEK = { min: 1, max: 1_000 };
/** SQS's own bound of 20 s is its wire's. */
const WAIT_MS = { min: 0, max: 300_000 };

export function createQueues(parts: QueuesParts): Queues {
  return new NodeQueues(parts);
}

class NodeQueues implements Queues {
  readonly moves: Queues['moves'] & { run(): Promise<void> };
  readonly #parts: QueuesParts;
  readonly #lines = new Map<number, Line>();
  readonly #standard: Group<readonly MessageRow[], ReadonlySet<string>>;
  readonly #fifo: Group<readonly FifoWish[], ReadonlyMap<string, NumberedMessage>>;
  readonly #deletes: Group<readonly HeldMessage[], ReadonlySet<number>>;
  readonly #fifoDeletes: Group<readonly HeldMessage[], FifoDeleted>;
  #ends: (() => void)[] = [];
  #stopping: Promise<void> | null = null;
  #ending = false;

  constructor(parts: QueuesParts) {
    this.#parts = parts;
    const { store, clock } = parts;
    const sizes = { clock, maxItems: 500, maxBytes: 4 * MB, maxWaitingBytes: 64 * MB, timeoutMs: TIMEOUT_MS };
    const bytesOf = (rows: readonly { readonly bytes: number }[]) =>
      rows.reduce((sum, { bytes }) => sum + bytes + 500, 0);
    this.#standard = new Group<readonly MessageRow[], ReadonlySet<string>>({
      ...{ ...sizes, writers: 2, bytesOf },
      write: async (batches) => new Set(await store.insert(batches.flat())),
    });
    this.#fifo = new Group<readonly FifoWish[], ReadonlyMap<string, NumberedMessage>>({
      // One after the other: what is sent later comes later, also when the first is not answered yet.
      ...{
        ...sizes,
        writers: 1,
        bytesOf,
      },
      write: async (batches) => {
        const rows = batches.flat();
        const known = await store.insertFifo(rows);
        return new Map(rows.flatMap(({ id }, index) => (known[index] ? [[id, known[index]] as const] : [])));
      },
    });
    const small = { ...sizes, writers: 1, bytesOf: (held: readonly HeldMessage[]) => held.length * 100 };
    this.#deletes = new Group<readonly HeldMessage[], ReadonlySet<number>>({
      ...small,
      write: async (batches) => new Set(await store.delete(batches.flat())),
    });
    this.#fifoDeletes = new Group<readonly HeldMessage[], FifoDeleted>({
      ...small,
      write: (batches) => store.deleteFifo(batches.flat()),
    });
    this.moves = createMoves({
      ...{ ...parts, entry: (name) => this.#entry(name), queues: () => parts.directory.current().queues },
      onMoved: () => this.#pokeAll(),
    });
  }

  async start(): Promise<void> {
    const { store, directory, clock, onProblem } = this.#parts;
    store.onNews((queueIds) => {
      if (queueIds === null) return this.#pokeAll();
      for (const id of queueIds) this.#lines.get(id)?.pokeIn(0);
    });
    this.#ends = [
      directory.onChange(() => this.#pokeAll()),
      periodically(clock, { everyMs: LOOK_EVERY_MS, task: () => this.#look(), onProblem }),
      periodically(clock, { everyMs: LOOK_EVERY_MS, task: () => this.moves.run(), onProblem }),
      periodically(clock, { everyMs: SWEEP_EVERY_MS, task: () => store.sweep(null), onProblem }),
    ];
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  endWaits(): void {
    this.#ending = true;
    for (const line of this.#lines.values()) line.empty();
  }

  async #stop(): Promise<void> {
    for (const end of this.#ends) end();
    for (const line of this.#lines.values()) line.close(shuttingDown());
    await this.#parts.store.close();
  }

  async send(queue: string, messages: readonly NewMessage[]): Promise<readonly SendOutcome[]> {
    const entry = this.#entry(queue);
    const rows = messages.map((message) => outgoing(entry, message, this.#parts.newId));
    const good = rows.filter((row): row is Exclude<typeof row, Fault> => !(row instanceof Fault));
    if (good.length === 0) return rows as readonly Fault[];
    const { fifo } = entry.settings;
    const known =
      fifo === null
        ? await this.#standard.add(good as MessageRow[])
        : await this.#fifo.add(good as FifoWish[]);
    this.#lines.get(entry.id)?.pokeIn(Math.min(...good.map(({ delayMs }) => delayMs)));
    return rows.map((row) => (row instanceof Fault ? row : (sentAs(row, known) ?? notFound(queue))));
  }

  async receive(queue: string, wanted: Wanted, signal: AbortSignal): Promise<readonly ReceivedMessage[]> {
    const entry = this.#entry(queue);
    if (this.#ending) throw shuttingDown();
    const { settings } = entry;
    const {
      max,
      visibilityTimeoutMs = settings.visibilityTimeoutMs,
      waitMs = settings.receiveWaitMs,
    } = wanted;
    requireWithin('MaxNumberOfMessages', max, { min: 1, max: LIMITS.receiveMessages });
    requireWithin('VisibilityTimeout', visibilityTimeoutMs, LIMITS.queueVisibilityMs);
    requireWithin('WaitTimeSeconds', waitMs, WAIT_MS);
    const attemptId = settings.fifo === null ? null : (wanted.attemptId ?? null);
    const place = { max, visibilityTimeoutMs, waitMs, attemptId };
    const taken = await this.#lineOf(entry).join(place, signal);
    return taken.map((message) => shown(entry, message));
  }

  async delete(queue: string, receipts: readonly string[]): Promise<readonly DeleteOutcome[]> {
    const { id, settings } = this.#entry(queue);
    const read = receipts.map((receipt) => readReceipt(receipt, id));
    const held = read.filter((receipt) => receipt !== null);
    if (held.length === 0) return read.map(() => 'invalid');
    if (settings.fifo === null) {
      const deleted = await this.#deletes.add(held);
      return read.map((one) => (one === null ? 'invalid' : deleted.has(one.number) ? 'deleted' : 'stale'));
    }
    const { deleted, expired } = await this.#fifoDeletes.add(held);
    this.#lines.get(id)?.pokeIn(0);
    const outcome = (number: number): DeleteOutcome =>
      deleted.includes(number) ? 'deleted' : expired.includes(number) ? 'expired' : 'stale';
    return read.map((one) => (one === null ? 'invalid' : outcome(one.number)));
  }

  async changeVisibility(
    queue: string,
    changes: readonly VisibilityChange[],
  ): Promise<readonly VisibilityOutcome[]> {
    const { id, settings } = this.#entry(queue);
    const wallMs = this.#parts.clock.wallMs();
    const read = changes.map(({ receipt, visibilityTimeoutMs, uncounted = false }) => {
      requireWithin('VisibilityTimeout', visibilityTimeoutMs, LIMITS.queueVisibilityMs);
      const held = readReceipt(receipt, id);
      if (held === null) return 'invalid';
      if (wallMs + visibilityTimeoutMs > held.receivedAtMs + LIMITS.queueVisibilityMs.max + 1_000)
        return 'too-long';
      return { ...held, visibilityTimeoutMs, uncounted };
    });
    const good = read.filter((one): one is Exclude<typeof one, string> => typeof one !== 'string');
    if (good.length === 0) return read as VisibilityOutcome[];
    const changed = await this.#change(settings.fifo !== null, good);
    this.#lines.get(id)?.pokeIn(Math.min(...good.map(({ visibilityTimeoutMs }) => visibilityTimeoutMs)));
    return read.map((one) =>
      typeof one === 'string' ? one : changed.includes(one.number) ? 'changed' : 'not-in-flight',
    );
  }

  #change(fifo: boolean, rows: readonly VisibilityRow[]): Promise<readonly number[]> {
    const { store } = this.#parts;
    return fifo ? store.changeFifoVisibility(rows) : store.changeVisibility(rows);
  }

  async counts(queue: string): ReturnType<Queues['counts']> {
    return await this.#parts.store.count(this.#entry(queue).id);
  }

  async peek(...[queue, { max, after = 0 }]: Parameters<Queues['peek']>): ReturnType<Queues['peek']> {
    const entry = this.#entry(queue);
    requireWithin('max', max, PEEK);
    const messages = await this.#parts.store.see({ queueId: entry.id, after, max });
    return messages.map((message) => seen(entry, message));
  }

  async purge(queue: string): Promise<number> {
    const purged = await this.#parts.store.purge(this.#entry(queue).id);
    if (purged !== null) return purged;
    throw new Fault('purge-in-progress', `${queue} was purged within the last 60 s. Wait, and try again.`, {
      facts: { queue },
    });
  }

  #entry(name: string): QueueEntry {
    if (this.#stopping !== null) throw shuttingDown();
    const entry = this.#parts.directory.current().queues.get(name);
    if (entry === undefined) throw notFound(name);
    return entry;
  }

  #lineOf({ id, name }: QueueEntry): Line {
    const known = this.#lines.get(id);
    if (known !== undefined) return known;
    const queueNamed = (wanted: string) => this.#parts.directory.current().queues.get(wanted);
    const queue = () => {
      const entry = queueNamed(name);
      return entry?.id === id ? entry : undefined;
    };
    const line = new Line({ ...this.#parts, queue, queueNamed });
    this.#lines.set(id, line);
    return line;
  }

  #pokeAll(): void {
    const there = new Set([...this.#parts.directory.current().queues.values()].map(({ id }) => id));
    for (const [id, line] of this.#lines) {
      line.pokeIn(0);
      if (!there.has(id)) this.#lines.delete(id);
    }
  }

  /** One question for all lines. */
  async #look(): Promise<void> {
    const queues = this.#parts.directory.current().queues.values();
    const waiting = [...queues].filter(({ id, paused }) => !paused && this.#lines.get(id)?.waiting);
    if (waiting.length === 0) return;
    const idsOf = (fifo: boolean) =>
      waiting.filter(({ settings }) => (settings.fifo !== null) === fifo).map(({ id }) => id);
    const due = await this.#parts.store.due({ standard: idsOf(false), fifo: idsOf(true) });
    for (const { queueId, dueInMs } of due) this.#lines.get(queueId)?.pokeIn(dueInMs);
  }
}

function requireWithin(
  parameter: string,
  value: number,
  range: { readonly min: number; readonly max: number },
): void {
  const { min, max } = range;
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new Fault(
    'parameter-invalid',
    `${parameter} is ${value}; it must be a whole number from ${min} to ${max}.`,
    {
      facts: { parameter, value, min, max },
    },
  );
}

function notFound(queue: string): Fault {
  return new Fault(
    'queue-not-found',
    `There is no queue "${queue}" here. "skein queue list" shows what there is.`,
    {
      facts: { queue },
    },
  );
}

function shuttingDown(): Fault {
  return new Fault('shutting-down', 'This node is shutting down. Try again on another, or later.');
}
