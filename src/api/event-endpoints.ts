/** Events as operators see them: those that wait, those that failed, and what is done with these. */
import { z } from 'zod';
import type { EventDesk, ShownEvent } from '../events/index.ts';
import { type Endpoint, endpoint } from './endpoint.ts';

export interface EventLine {
  readonly id: string;
  readonly function: string;
  readonly qualifier: string | null;
  readonly state: 'waiting' | 'running' | 'failed';
  readonly attempts: number;
  /** ISO 8601. */
  readonly acceptedAt: string;
  /** Of one that waits: when it is run next. */
  readonly dueAt: string | null;
  readonly failedAt: string | null;
  /** Why it is among the failed. */
  readonly reason: string | null;
  /** ARNs of those who were told. */
  readonly told: readonly string[];
}

export interface EventsAnswer {
  readonly events: readonly EventLine[];
  /** Functions whose events are held up. */
  readonly paused: readonly { readonly function: string; readonly pausedAt: string }[];
}

export interface EventAnswer extends EventLine {
  /** The event itself, JSON text. */
  readonly payload: string;
  readonly traceId: string | null;
  /** Its place in a chain of events, from 1. */
  readonly hops: number;
  /** Attempts that counted and failed: the first, and the last ones. */
  readonly failures: readonly {
    readonly attemptId: string;
    readonly at: string;
    readonly outcome: string;
    readonly errorType: string;
    readonly errorMessage: string;
    readonly version: string;
    readonly durationMs: number;
    readonly instanceId: string;
  }[];
  /** What the last of them answered, JSON text. */
  readonly lastAnswer: string | null;
  readonly differences: ShownEvent['differences'];
}

export interface RedrivenAnswer {
  readonly redriven: number;
}

export interface PausedAnswer {
  readonly function: string;
  readonly paused: boolean;
  readonly changed: boolean;
}

export interface EventOptions {
  readonly eventDesk: EventDesk;
}

const functionName = z.string().min(1).max(140);
const id = z.uuid();
const flag = z.enum(['true', 'false']).default('false');
const byName = z.object({ name: functionName });
const byId = z.object({ id });

export function eventEndpoints({ eventDesk: desk }: EventOptions): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/events',
      summary:
        'Events that wait or run, the oldest first; with failed=true those that failed, the last ones first',
      needsDatabase: true,
      query: z.object({
        failed: flag,
        function: functionName.optional(),
        limit: z.coerce.number().int().min(1).max(1_000).default(100),
      }),
      handle: async ({ query }): Promise<EventsAnswer> => {
        const page = { functionName: query.function ?? null, limit: query.limit };
        const events =
          query.failed === 'true'
            ? (await desk.failed(page)).map((event) => lineOf({ ...event, state: 'failed', dueAtMs: null }))
            : (await desk.waiting(page)).map(({ running, ...event }) =>
                lineOf({ ...event, ...NOT_FAILED, state: running ? 'running' : 'waiting' }),
              );
        const paused = (await desk.pauses()).map((one) => ({
          ...{ function: one.functionName, pausedAt: timeOf(one.pausedAtMs) },
        }));
        return { events, paused };
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/events/{id}',
      summary:
        'One event that waits, runs or has failed: its attempts, and how it differs from those that succeeded',
      needsDatabase: true,
      params: byId,
      handle: async ({ params }) => eventOf(await desk.show(params.id)),
    }),
    endpoint({
      method: 'PUT',
      path: '/api/v1/events/{id}/payload',
      summary: 'Give a failed event another payload: the body',
      needsDatabase: true,
      params: byId,
      body: 'event',
      handle: async ({ params, request }) => {
        await desk.edit(params.id, (request.body as Buffer).toString('utf8'));
        return { id: params.id, edited: true };
      },
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/events/redrive',
      summary:
        'Let failed events run again: {ids}, or all that nobody was told of; {perSecond} so many a second',
      needsDatabase: true,
      body: z.object({
        ids: z.array(id).min(1).max(1_000).optional(),
        function: functionName.optional(),
        perSecond: z.number().min(0.001).max(10_000).optional(),
      }),
      handle: ({ body }): Promise<RedrivenAnswer> =>
        desk.redrive({
          ids: body.ids ?? null,
          functionName: body.function ?? null,
          perSecond: body.perSecond ?? null,
        }),
    }),
    ...pauseEndpoints(desk),
  ];
}

function pauseEndpoints(desk: EventDesk): Endpoint[] {
  return [
    endpoint({
      method: 'PUT',
      path: '/api/v1/functions/{name}/events/pause',
      summary: 'Hold up the events of a function, on all nodes; what runs goes on',
      needsDatabase: true,
      params: byName,
      handle: async ({ params: { name } }): Promise<PausedAnswer> => {
        return { function: name, paused: true, changed: await desk.pause(name) };
      },
    }),
    endpoint({
      method: 'DELETE',
      path: '/api/v1/functions/{name}/events/pause',
      summary: 'Let the events of a function go on',
      needsDatabase: true,
      params: byName,
      handle: async ({ params: { name } }): Promise<PausedAnswer> => {
        return { function: name, paused: false, changed: await desk.resume(name) };
      },
    }),
  ];
}

const NOT_FAILED = { failedAtMs: null, reason: null, told: [] } as const;

interface Line {
  readonly id: string;
  readonly functionName: string;
  readonly qualifier: string | null;
  readonly state: EventLine['state'];
  readonly attempts: number;
  readonly acceptedAtMs: number;
  readonly dueAtMs: number | null;
  readonly failedAtMs: number | null;
  readonly reason: string | null;
  readonly told: readonly string[];
}

function lineOf({ id: eventId, qualifier, state, attempts, reason, told, ...rest }: Line): EventLine {
  return {
    ...{ id: eventId, function: rest.functionName, qualifier, state, attempts },
    acceptedAt: timeOf(rest.acceptedAtMs),
    dueAt: rest.dueAtMs === null ? null : timeOf(rest.dueAtMs),
    failedAt: rest.failedAtMs === null ? null : timeOf(rest.failedAtMs),
    ...{ reason, told },
  };
}

function eventOf(event: ShownEvent): EventAnswer {
  const { payload, context, trail, failure, differences } = event;
  return {
    ...lineOf(event),
    ...{ payload, traceId: context.traceId, hops: context.hops },
    failures: trail.map(({ atMs, executedVersion: version, ...note }) => ({
      ...note,
      at: timeOf(atMs),
      version,
    })),
    lastAnswer: failure?.payload ?? null,
    differences,
  };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
