/** Queues as operators see them: what lies there, sending by hand, pausing, emptying, moving dead letters back. */
import { z } from 'zod';
import { Fault } from '../base/index.ts';
import { LIMITS, type QueueEntry } from '../model/index.ts';
import type { MoveTask, PeekedMessage, QueueCounts, Queues } from '../resources/index.ts';
import { type Endpoint, endpoint } from './endpoint.ts';

const byName = z.object({ name: z.string().min(1).max(LIMITS.queueNameLength) });

export interface QueueOptions {
  readonly queues: {
    /** All queues, by name. */
    list(): ReadonlyMap<string, QueueEntry>;
    /** Full names of the functions that a queue's messages go to. */
    consumers(queue: string): readonly string[];
    /** @throws {Fault} `queue-not-found` */
    pause(name: string, paused: boolean): Promise<void>;
    readonly messages: Pick<Queues, 'send' | 'peek' | 'counts' | 'purge' | 'moves'>;
  };
}

type QueueParts = QueueOptions['queues'];

export interface QueueSummary extends QueueCounts {
  readonly name: string;
  /** null: it was made through an API. */
  readonly app: string | null;
  readonly fifo: boolean;
  readonly paused: boolean;
  readonly deadLetter: { readonly queue: string; readonly maxReceiveCount: number } | null;
}

export interface QueuesAnswer {
  readonly queues: readonly QueueSummary[];
}

export interface QueueAnswer extends QueueSummary {
  readonly settings: {
    readonly delaySeconds: number;
    readonly visibilityTimeoutSeconds: number;
    readonly retentionSeconds: number;
    readonly receiveWaitSeconds: number;
    readonly maxMessageBytes: number;
  };
  readonly consumers: readonly string[];
  /** Queues whose dead letters come here. */
  readonly deadLettersOf: readonly string[];
  /** When the oldest message was sent, ISO 8601; null: there is none. */
  readonly oldestAt: string | null;
  readonly redrives: readonly RedriveAnswer[];
}

export interface MessageAnswer extends Omit<PeekedMessage, 'sentAtMs' | 'firstReceivedAtMs' | 'visibleAtMs'> {
  /** ISO 8601. */
  readonly sentAt: string;
  readonly firstReceivedAt: string | null;
  readonly visibleAt: string;
}

export interface MessagesAnswer {
  readonly messages: readonly MessageAnswer[];
}

export interface SentAnswer {
  readonly messageId: string;
  readonly sequenceNumber: string | null;
}

export interface QueuePausedAnswer {
  readonly name: string;
  readonly paused: boolean;
}

export interface PurgedAnswer {
  readonly name: string;
  readonly deleted: number;
}

export interface RedriveAnswer extends Omit<MoveTask, 'startedAtMs'> {
  readonly startedAt: string;
}

const message = z.object({
  body: z.string(),
  group: z.string().min(1).max(128).optional(),
  deduplicationId: z.string().min(1).max(128).optional(),
  delaySeconds: z
    .number()
    .min(0)
    .max(LIMITS.queueDelayMs.max / 1_000)
    .optional(),
});

export function queueEndpoints({ queues }: QueueOptions): Endpoint[] {
  return [...lookingEndpoints(queues), ...actingEndpoints(queues), ...redriveEndpoints(queues)];
}

function lookingEndpoints(queues: QueueParts): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/queues',
      summary: 'All queues, with what lies in them',
      needsDatabase: true,
      handle: async (): Promise<QueuesAnswer> => ({
        queues: await Promise.all([...queues.list().values()].map((entry) => summaryOf(queues, entry))),
      }),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/queues/{name}',
      summary: 'A queue: its settings, what lies in it, who reads it',
      needsDatabase: true,
      params: byName,
      handle: ({ params }) => answerOf(queues, entryOf(queues, params.name)),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/queues/{name}/messages',
      summary: 'Messages, oldest first, looked at and not received',
      needsDatabase: true,
      params: byName,
      query: z.object({
        limit: z.coerce.number().int().min(1).max(1_000).default(10),
        after: z.coerce.number().int().min(0).optional(),
      }),
      handle: async ({ params, query }): Promise<MessagesAnswer> => {
        const wanted = { max: query.limit, ...(query.after !== undefined && { after: query.after }) };
        const found = await queues.messages.peek(entryOf(queues, params.name).name, wanted);
        return { messages: found.map(messageOf) };
      },
    }),
  ];
}

function actingEndpoints(queues: QueueParts): Endpoint[] {
  const pausing = (verb: 'pause' | 'resume', summary: string) =>
    endpoint({
      method: 'POST',
      path: `/api/v1/queues/{name}/${verb}`,
      summary,
      needsDatabase: true,
      params: byName,
      handle: async ({ params }): Promise<QueuePausedAnswer> => {
        const paused = verb === 'pause';
        await queues.pause(entryOf(queues, params.name).name, paused);
        return { name: params.name, paused };
      },
    });
  return [
    endpoint({
      method: 'POST',
      path: '/api/v1/queues/{name}/messages',
      summary: 'Send a message',
      needsDatabase: true,
      params: byName,
      body: message,
      handle: async ({ params, body }): Promise<SentAnswer> => {
        const [sent] = await queues.messages.send(entryOf(queues, params.name).name, [
          {
            body: body.body,
            groupId: body.group ?? null,
            deduplicationId: body.deduplicationId ?? null,
            delayMs: body.delaySeconds === undefined ? null : body.delaySeconds * 1_000,
          },
        ]);
        if (sent === undefined || sent instanceof Fault) throw sent ?? new Error('nothing was sent');
        return { messageId: sent.messageId, sequenceNumber: sent.sequenceNumber };
      },
    }),
    endpoint({
      method: 'DELETE',
      path: '/api/v1/queues/{name}/messages',
      summary: 'Delete every message that is in the queue now',
      needsDatabase: true,
      params: byName,
      handle: async ({ params }): Promise<PurgedAnswer> => {
        const { name } = entryOf(queues, params.name);
        return { name, deleted: await queues.messages.purge(name) };
      },
    }),
    pausing('pause', 'Hand nothing out; what is sent is kept'),
    pausing('resume', 'Hand messages out again'),
  ];
}

function redriveEndpoints(queues: QueueParts): Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/api/v1/queues/{name}/redrives',
      summary: 'Move dead letters back to where they came from, or to another queue',
      needsDatabase: true,
      params: byName,
      body: z.object({
        to: z.string().min(1).max(LIMITS.queueNameLength).optional(),
        perSecond: z.int().min(1).max(LIMITS.moveRate.max).optional(),
      }),
      handle: async ({ params, body }) =>
        redriveOf(
          await queues.messages.moves.start({
            source: entryOf(queues, params.name).name,
            destination: body.to === undefined ? null : entryOf(queues, body.to).name,
            maxPerSecond: body.perSecond ?? null,
          }),
        ),
    }),
    endpoint({
      method: 'DELETE',
      path: '/api/v1/queues/{name}/redrives/{id}',
      summary: 'Stop moving; what was moved stays where it is',
      needsDatabase: true,
      params: z.object({ name: byName.shape.name, id: z.uuid() }),
      handle: async ({ params }) => ({ id: params.id, moved: await queues.messages.moves.cancel(params.id) }),
    }),
  ];
}

/** @throws {Fault} `queue-not-found` */
function entryOf(queues: QueueParts, name: string): QueueEntry {
  const entry = queues.list().get(name);
  if (entry !== undefined) return entry;
  throw new Fault(
    'queue-not-found',
    `There is no queue "${name}" here. "skein queue list" shows what there is.`,
    {
      facts: { queue: name },
    },
  );
}

async function summaryOf(queues: QueueParts, entry: QueueEntry): Promise<QueueSummary> {
  const { name, app, paused, settings } = entry;
  const { visible, inFlight, delayed } = await queues.messages.counts(name);
  const { redrive, fifo } = settings;
  return {
    ...{ name, app, fifo: fifo !== null, paused, visible, inFlight, delayed },
    deadLetter: redrive && { queue: redrive.deadLetter, maxReceiveCount: redrive.maxReceiveCount },
  };
}

async function answerOf(queues: QueueParts, entry: QueueEntry): Promise<QueueAnswer> {
  const { name, settings } = entry;
  const [summary, [oldest], redrives] = await Promise.all([
    summaryOf(queues, entry),
    queues.messages.peek(name, { max: 1 }),
    queues.messages.moves.list(name, 10),
  ]);
  return {
    ...summary,
    settings: {
      delaySeconds: settings.delayMs / 1_000,
      visibilityTimeoutSeconds: settings.visibilityTimeoutMs / 1_000,
      retentionSeconds: settings.retentionMs / 1_000,
      receiveWaitSeconds: settings.receiveWaitMs / 1_000,
      maxMessageBytes: settings.maxMessageBytes,
    },
    consumers: queues.consumers(name),
    deadLettersOf: [...queues.list().values()]
      .filter((other) => other.settings.redrive?.deadLetter === name)
      .map((other) => other.name),
    oldestAt: oldest === undefined ? null : new Date(oldest.sentAtMs).toISOString(),
    redrives: redrives.map(redriveOf),
  };
}

function messageOf({ sentAtMs, firstReceivedAtMs, visibleAtMs, ...rest }: PeekedMessage): MessageAnswer {
  return {
    ...rest,
    sentAt: new Date(sentAtMs).toISOString(),
    firstReceivedAt: firstReceivedAtMs === null ? null : new Date(firstReceivedAtMs).toISOString(),
    visibleAt: new Date(visibleAtMs).toISOString(),
  };
}

function redriveOf({ startedAtMs, ...task }: MoveTask): RedriveAnswer {
  return { ...task, startedAt: new Date(startedAtMs).toISOString() };
}
