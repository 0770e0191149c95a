/**
 * The desk: what people do with events. They look at those that wait and those that failed, mend a payload, let it
 * run again, and hold up a function's events.
 *
 * Asks the database each time: an event belongs to no node.
 */
import { Fault } from '../base/index.ts';
import { LIMITS } from '../model/index.ts';
import {
  type EventPause,
  editFailedEvent,
  type FailedEvent,
  findEvent,
  type KnownEvent,
  listFailedEvents,
  listPauses,
  listWaitingEvents,
  pauseEvents,
  redriveEvents,
  resumeEvents,
  type Sql,
  shapesOf,
  type WaitingEvent,
} from '../store/index.ts';
import { type ShapeDifferences, shapeDifferences, shapeOf } from './shapes/shape.ts';
import { type Directory, eventTarget } from './target.ts';

export interface EventDesk {
  waiting(page: EventPage): Promise<readonly WaitingEvent[]>;
  failed(page: EventPage): Promise<readonly FailedEvent[]>;
  /** @throws {Fault} `event-not-found` */
  show(id: string): Promise<ShownEvent>;
  /**
   * Gives a failed event another payload.
   *
   * @throws {Fault} `event-not-found`; `bad-request` for what is no JSON; `payload-too-large`
   */
  edit(id: string, payload: string): Promise<void>;
  /**
   * Lets failed events run again, with all attempts that they are due.
   *
   * @returns how many wait now
   * @throws {Fault} `event-not-found` when an id is named that is none of a failed event; nothing is run then
   */
  redrive(wanted: RedriveWish): Promise<{ readonly redriven: number }>;
  /** Functions whose events are held up. */
  pauses(): Promise<readonly EventPause[]>;
  /** @throws {Fault} `function-not-found`. @returns false when it was so already */
  pause(functionName: string): Promise<boolean>;
  resume(functionName: string): Promise<boolean>;
}

export interface EventPage {
  readonly functionName: string | null;
  readonly limit: number;
}

export interface RedriveWish {
  /** null: all that failed and that nobody was told of. */
  readonly ids: readonly string[] | null;
  readonly functionName: string | null;
  /** null: all at once. */
  readonly perSecond: number | null;
}

export interface ShownEvent extends KnownEvent {
  /** From the forms of payloads that the function has handled lately; null: its payload is no JSON. */
  readonly differences: ShapeDifferences | null;
}

export interface EventDeskParts {
  readonly sql: Sql;
  readonly directory: Directory;
  /** There are events that can run. */
  readonly lookAround: () => void;
}

/** Events that one statement lets run again. */
const BATCH = 1_000;

export function createEventDesk({ sql, directory, lookAround }: EventDeskParts): EventDesk {
  return {
    waiting: (page) => listWaitingEvents(sql, page),
    failed: (page) => listFailedEvents(sql, page),
    async show(id) {
      const event = await findEvent(sql, id);
      if (event === null) throw notFound(id);
      const shape = shapeOf(event.payload);
      const handled = await shapesOf(sql, event.functionName);
      return { ...event, differences: shape === null ? null : shapeDifferences(shape, handled) };
    },
    async edit(id, payload) {
      checkPayload(payload);
      if (!(await editFailedEvent(sql, { id, payload }))) throw notFound(id);
    },
    async redrive(wanted) {
      const redriven = await redrive(sql, wanted);
      lookAround();
      return { redriven };
    },
    pauses: () => listPauses(sql),
    async pause(functionName) {
      eventTarget(directory, functionName, null);
      return await pauseEvents(sql, functionName);
    },
    async resume(functionName) {
      const changed = await resumeEvents(sql, functionName);
      lookAround();
      return changed;
    },
  };
}

async function redrive(sql: Sql, { ids, functionName, perSecond }: RedriveWish): Promise<number> {
  const everyMs = perSecond === null ? 0 : 1_000 / perSecond;
  if (ids !== null) for (const id of ids) await requireFailed(sql, id);
  const [last] = await listFailedEvents(sql, { functionName, limit: 1 });
  if (last === undefined) return 0;
  // What runs again and fails anew meanwhile stays where it is.
  const failedBeforeMs = last.failedAtMs + 1;
  let redriven = 0;
  for (;;) {
    const pace = { inMs: redriven * everyMs, everyMs, limit: BATCH };
    const lanes = await redriveEvents(sql, { ids, functionName, failedBeforeMs, ...pace });
    redriven += lanes.length;
    if (lanes.length < BATCH) return redriven;
  }
}

async function requireFailed(sql: Sql, id: string): Promise<void> {
  if ((await findEvent(sql, id))?.state !== 'failed') throw notFound(id);
}

function checkPayload(payload: string): void {
  const bytes = Buffer.byteLength(payload);
  const maxBytes = LIMITS.asyncEventBytes;
  if (bytes > maxBytes) {
    const message = `The payload is ${bytes} bytes; an event has at most ${maxBytes} (1 MB).`;
    throw new Fault('payload-too-large', message, { facts: { bytes, maxBytes } });
  }
  try {
    JSON.parse(payload);
  } catch (cause) {
    throw new Fault('bad-request', `The payload is not JSON: ${(cause as Error).message}.`, { cause });
  }
}

function notFound(id: string): Fault {
  return new Fault(
    'event-not-found',
    `There is no failed event ${id}. It has succeeded, is running again, or was forgotten after 7 days; "skein events list --failed" shows those that there are.`,
    { facts: { eventId: id } },
  );
}
