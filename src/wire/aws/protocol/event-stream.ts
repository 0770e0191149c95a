/**
 * Streams of a model's events: a union of which each message carries one member. In JSON protocols; the
 * XML ones stream their events' bodies as XML.
 */
import { AwsError } from './error.ts';
import {
  decodeEventMessages,
  type EventHeader,
  type EventMessage,
  encodeEventMessage,
} from './event-message.ts';
import { parseJson, readJson, writeJson } from './json-values.ts';
import { serializationError } from './refuse.ts';
import { bytesOf } from './scalars.ts';
import type { Shape } from './shape.ts';
import { parseXml } from './xml.ts';
import { readXml, writeXml } from './xml-values.ts';

export type BodyFormat = 'json' | 'xml';

/** What of an event stream is written how. */
export interface EventWriting {
  /** The stream's union. */
  readonly shape: Shape;
  readonly format: BodyFormat;
  /** What a failure that is not an `AwsError` is told as. */
  readonly failureOf: (error: unknown) => AwsError;
}

type Event = Readonly<Record<string, unknown>>;

/**
 * Messages of events. A failure of the source becomes the stream's last message, since its status is
 * long sent.
 */
export async function* writeEvents(
  events: AsyncIterable<unknown>,
  { shape, format, failureOf }: EventWriting,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const event of events) yield encodeEventMessage(eventMessage(shape, event as Event, format));
  } catch (error) {
    const failure = error instanceof AwsError ? error : failureOf(error);
    yield encodeEventMessage(failureMessage(shape, failure, format));
  }
}

function eventMessage(union: Shape, event: Event, format: BodyFormat): EventMessage {
  const found = [...union.members].find(([name]) => event[name] !== undefined);
  if (found === undefined) throw new Error(`an event of ${union.name} has none of its members`);
  const [name, shape] = found;
  const { headers, payload } = messageBody(shape, event[name] as Event, format);
  return { headers: { ':message-type': 'event', ':event-type': name, ...headers }, payload };
}

function messageBody(shape: Shape, event: Event, format: BodyFormat): EventMessage {
  const headers: Record<string, EventHeader> = {};
  for (const [name, member] of shape.members) {
    const value = event[name];
    if (member.traits.eventheader === true && value !== undefined) headers[name] = value as EventHeader;
  }
  const explicit = [...shape.members].find(([, member]) => member.traits.eventpayload === true);
  if (explicit !== undefined) return explicitPayload(headers, explicit, { event, format });
  const body = [...shape.members].filter(([, { traits }]) => traits.eventheader !== true);
  if (body.length === 0) return { headers, payload: Buffer.alloc(0) };
  const left = Object.fromEntries(body.map(([name]) => [name, event[name]]));
  return {
    headers: { ':content-type': contentType(format), ...headers },
    payload: written(shape, left, format),
  };
}

function explicitPayload(
  headers: Readonly<Record<string, EventHeader>>,
  [name, shape]: readonly [string, Shape],
  { event, format }: { readonly event: Event; readonly format: BodyFormat },
): EventMessage {
  const value = event[name];
  const type =
    shape.type === 'blob'
      ? 'application/octet-stream'
      : shape.type === 'string'
        ? 'text/plain'
        : contentType(format);
  const plain = shape.type === 'blob' || shape.type === 'string';
  const payload =
    value === undefined ? Buffer.alloc(0) : plain ? bytesOf(value) : written(shape, value, format);
  return { headers: { ':content-type': type, ...headers }, payload };
}

function written(shape: Shape, value: unknown, format: BodyFormat): Buffer {
  return Buffer.from(
    format === 'json' ? JSON.stringify(writeJson(shape, value)) : writeXml(shape, shape.name, value),
  );
}

function contentType(format: BodyFormat): string {
  return format === 'json' ? 'application/json' : 'text/xml';
}

function failureMessage(union: Shape, error: AwsError, format: BodyFormat): EventMessage {
  const modelled = [...union.members].find(
    ([name, shape]) => shape.traits.exception === true && (name === error.code || shape.name === error.code),
  );
  if (modelled === undefined) {
    const headers = { ':message-type': 'error', ':error-code': error.code, ':error-message': error.message };
    return { headers, payload: Buffer.alloc(0) };
  }
  const [name, shape] = modelled;
  const { headers, payload } = messageBody(shape, { message: error.message, ...error.members }, format);
  return { headers: { ':message-type': 'exception', ':exception-type': name, ...headers }, payload };
}

/** Events that a client streams to an operation. */
export async function* readEvents(
  stream: AsyncIterable<Uint8Array>,
  shape: Shape,
  format: BodyFormat,
): AsyncGenerator<Event, void, undefined> {
  for await (const message of decodeEventMessages(stream)) {
    const event = readEvent(message, shape, format);
    if (event !== null) yield event;
  }
}

/** @returns null for an event that the model does not know: a newer client's, passed over */
function readEvent({ headers, payload }: EventMessage, union: Shape, format: BodyFormat): Event | null {
  if (headers[':message-type'] !== 'event')
    throw serializationError('The client ended the event stream with an error');
  const name = String(headers[':event-type'] ?? '');
  const shape = union.members.get(name);
  if (shape === undefined) return null;
  const read: Record<string, unknown> = {};
  const explicit = [...shape.members].find(([, member]) => member.traits.eventpayload === true);
  for (const [member, { traits }] of shape.members) {
    if (traits.eventheader === true && headers[member] !== undefined) read[member] = headers[member];
  }
  if (explicit === undefined)
    return {
      [name]: { ...(payload.length > 0 ? (payloadValue(shape, payload, format) as object) : {}), ...read },
    };
  const [member, inner] = explicit;
  return { [name]: { ...read, [member]: payloadValue(inner, payload, format) } };
}

function payloadValue(shape: Shape, payload: Buffer, format: BodyFormat): unknown {
  if (shape.type === 'blob') return payload;
  if (shape.type === 'string') return payload.toString('utf8');
  return format === 'json'
    ? readJson(shape, parseJson(payload))
    : readXml(shape, [parseXml(payload.toString('utf8'))]);
}
