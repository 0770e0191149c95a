/**
 * The intake: what is taken in, and what is refused before it is.
 *
 * Counts what waits by what the database says with each batch, and what is on its way there; so a lane may be
 * over its bound by what other nodes store in the same moment.
 */
import { isUtf8 } from 'node:buffer';
import { type Clock, Fault, Group } from '../base/index.ts';
import { LIMITS, orderedLane } from '../model/index.ts';
import type { LaneVolume, NewEvent } from '../store/index.ts';
import type { EventRequest } from './event.ts';
import type { EventStore } from './event-store.ts';
import { hopsOf } from './lineage.ts';
import { type Directory, eventTarget } from './target.ts';

export interface IntakeParts {
  readonly store: Pick<EventStore, 'insert'>;
  readonly directory: Directory;
  readonly clock: Clock;
  /** Events of this lane are there. */
  readonly onStored: (lane: string) => void;
  readonly onProblem: (problem: unknown) => void;
}

const MB = 1024 * 1024;
/** How long a caller waits for the database. */
const TIMEOUT_MS = 5_000;

export class Intake {
  readonly #parts: IntakeParts;
  readonly #group: Group<NewEvent, readonly LaneVolume[]>;
  #volumes = new Map<string, LaneVolume>();
  #total = { waiting: 0, bytes: 0 };

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#group = new Group({
      ...{ clock: parts.clock, writers: 2, maxItems: 500, maxBytes: 4 * MB, maxWaitingBytes: 64 * MB },
      ...{ timeoutMs: TIMEOUT_MS, bytesOf: (event) => event.bytes + 500 },
      write: (events) => this.#write(events),
    });
  }

  /** @throws {Fault} see `Events.enqueue` */
  async take(request: EventRequest): Promise<void> {
    const event = this.#eventOf(request);
    this.#refuseFull(event);
    await this.#group.add(event);
  }

  /** What all lanes hold, as it was counted now. */
  recount(volumes: readonly LaneVolume[]): void {
    this.#volumes = new Map(volumes.map((volume) => [volume.lane, volume]));
    this.#total = volumes.reduce(
      (sum, { waiting, bytes }) => ({ waiting: sum.waiting + waiting, bytes: sum.bytes + bytes }),
      { waiting: 0, bytes: 0 },
    );
  }

  get total(): { readonly waiting: number; readonly bytes: number } {
    return this.#total;
  }

  async #write(events: readonly NewEvent[]): Promise<readonly LaneVolume[]> {
    const volumes = await this.#parts.store.insert(events);
    for (const volume of volumes) {
      const before = this.#volumes.get(volume.lane);
      this.#total.waiting += volume.waiting - (before?.waiting ?? 0);
      this.#total.bytes += volume.bytes - (before?.bytes ?? 0);
      this.#volumes.set(volume.lane, volume);
      this.#parts.onStored(volume.lane);
    }
    return volumes;
  }

  #eventOf(request: EventRequest): NewEvent {
    const { functionName, qualifier, requestId, traceId, clientContext } = request;
    const { entry } = eventTarget(this.#parts.directory, functionName, qualifier);
    const { payload, bytes } = payloadOf(request.event, request.maxBytes ?? LIMITS.asyncEventBytes);
    const hops = hopsOf(traceId) + 1;
    if (hops > LIMITS.eventHops && entry.recursion === 'Terminate') {
      const fault = loop(functionName);
      this.#parts.onProblem(fault.message);
      throw fault;
    }
    const context = { traceId, clientContext, hops };
    const { group, terms = null, delivery } = request;
    const lane = group === undefined ? functionName : orderedLane(functionName, group);
    return {
      ...{ id: requestId, lane, functionName, qualifier, payload, bytes, context, terms },
      ...(delivery !== undefined && { delivery }),
    };
  }

  #refuseFull({ lane, bytes }: NewEvent): void {
    const { eventsPerFunction, eventsWaiting, eventsWaitingBytes } = LIMITS;
    const waiting = this.#volumes.get(lane)?.waiting ?? 0;
    if (waiting >= eventsPerFunction)
      throw full(`${waiting} events wait for ${lane}, as many as may.`, { lane, waiting });
    const total = this.#total;
    if (total.waiting >= eventsWaiting || total.bytes + bytes > eventsWaitingBytes)
      throw full(`${total.waiting} events of ${total.bytes} bytes wait on this node, as many as may.`, total);
  }
}

/** @throws {Fault} `payload-too-large`, `bad-request` for what is no text, of which one would spoil a whole batch */
function payloadOf(event: string | Uint8Array, maxBytes: number): { payload: string; bytes: number } {
  const bytes = typeof event === 'string' ? Buffer.byteLength(event) : event.byteLength;
  if (bytes > maxBytes) {
    const message = `The event is ${bytes} bytes; one that nobody waits for has at most ${maxBytes} (${maxBytes / MB} MB).`;
    throw new Fault('payload-too-large', message, { facts: { bytes, maxBytes } });
  }
  const isText = typeof event === 'string' ? event.isWellFormed() : isUtf8(event);
  const payload =
    typeof event === 'string' ? event : Buffer.from(event.buffer, event.byteOffset, bytes).toString('utf8');
  if (!isText || payload.includes('\0'))
    throw new Fault('bad-request', 'The event is not JSON: it is not well-formed UTF-8.');
  return { payload, bytes };
}

function full(what: string, facts: Readonly<Record<string, string | number>>): Fault {
  return new Fault('events-full', `${what} Try again when some have been worked off.`, {
    facts: { ...facts },
  });
}

function loop(functionName: string): Fault {
  const message = `An event for ${functionName} comes out of a chain of more than ${LIMITS.eventHops} events, so it was stopped: most likely a function calls itself. Break the loop, or allow recursion for this function.`;
  return new Fault('event-loop', message, { facts: { functionName, maxHops: LIMITS.eventHops } });
}
