/** What is sent to a queue, and what is received from it. */
import type { Fault } from '../../base/index.ts';

export interface NewMessage {
  /** Text of XML's characters, as SQS has it: no control characters but tab, line feed and carriage return. */
  readonly body: string;
  readonly attributes?: Readonly<Record<string, MessageAttribute>>;
  /** X-Ray's header: which chain of events the message belongs to. Travels with it as `AWSTraceHeader`. */
  readonly traceHeader?: string | null;
  /** Who sends: what `SenderId` tells. */
  readonly senderId?: string | null;
  /** How long it is held back, ms, 0 to 15 min; null: what the queue says. Of a FIFO queue only the queue says. */
  readonly delayMs?: number | null;
  /** Its group; required by a FIFO queue, kept by a standard one. */
  readonly groupId?: string | null;
  /** Of a FIFO queue: another with the same within 5 min is accepted and not kept. */
  readonly deduplicationId?: string | null;
}

export interface MessageAttribute {
  /** `String`, `Number` or `Binary`, with a custom label or without: `Number.euro`. */
  readonly dataType: string;
  readonly stringValue?: string;
  /** Base64. */
  readonly binaryValue?: string;
}

/** It is committed. A duplicate has the ids of the first. */
export interface Sent {
  /** UUID. */
  readonly messageId: string;
  /** 20 digits that grow; null: a standard queue. */
  readonly sequenceNumber: string | null;
}

/**
 * What became of one of several. Faults: `message-invalid` (facts: `parameter` by SQS's name, and `problem`:
 * `missing`, `invalid` or `duplicate-id-missing`), `message-too-large`.
 */
export type SendOutcome = Sent | Fault;

export interface ReceivedMessage {
  readonly messageId: string;
  /** Names this receipt: who deletes or postpones it shows this. Opaque, URL-safe, under 100 characters. */
  readonly receipt: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  readonly traceHeader: string | null;
  readonly senderId: string | null;
  /** Wall clock of the database, ms. */
  readonly sentAtMs: number;
  readonly firstReceivedAtMs: number;
  /** Times it was handed out, this one included; those in a queue before a dead-letter queue count. */
  readonly receiveCount: number;
  readonly groupId: string | null;
  readonly deduplicationId: string | null;
  readonly sequenceNumber: string | null;
  /** The queue that it came from when it was dead-lettered, by name. */
  readonly deadLetterSource: string | null;
}

/** A message as it lies there: looked at, not received. */
export interface PeekedMessage extends Omit<ReceivedMessage, 'receipt' | 'firstReceivedAtMs'> {
  /** Where it lies in the queue; grows. */
  readonly position: number;
  readonly state: MessageState;
  /** null: it was never received. */
  readonly firstReceivedAtMs: number | null;
  /** When it can be received (again), wall clock, ms; in the past: now. */
  readonly visibleAtMs: number;
}

export type MessageState = 'visible' | 'in-flight' | 'delayed';

/** SQS's three approximate numbers; here they are what is committed. */
export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}
