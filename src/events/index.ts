/** Events: invocations that nobody waits for. */
export { outcomeOf } from './attempt.ts';
export { createEventDesk, type EventDesk, type ShownEvent } from './desk.ts';
export type { EventRequest, EventVolume } from './event.ts';
export { createEvents, type Events } from './events.ts';
export { keyOfMessage } from './idempotency/key.ts';
export type { Begun, KeyRequest } from './idempotency/keys.ts';
export { hopsOf, withHops, withoutHops } from './lineage.ts';
export { openEventStore } from './store-thread.ts';
