/**
 * A request becomes the name of an operation and its input: found, read by the service's protocol, and
 * checked against the model. Refusals are AWS's: `UnknownOperationException` (or the protocol's own name
 * for it), `SerializationException` for what cannot be read, `ValidationException` for what may not be.
 */
import type { Readable } from 'node:stream';
import { parseQuery, type RestParts, readBindings } from './bindings.ts';
import { decodeCbor } from './cbor.ts';
import { readCbor } from './cbor-values.ts';
import { checkConstraints } from './constraints.ts';
import { AwsError } from './error.ts';
import { readEvents } from './event-stream.ts';
import { parseJson, parseJsonObject, readJson } from './json-values.ts';
import { restore } from './large-json.ts';
import type { AwsRequest } from './message.ts';
import type { Operation, ServiceModel } from './model.ts';
import { parseForm, readForm } from './query.ts';
import { serializationError } from './refuse.ts';
import { scalarFromText } from './scalars.ts';
import type { Shape } from './shape.ts';
import { parseXml } from './xml.ts';
import { readXml, readXmlStructure } from './xml-values.ts';

export interface Parsed {
  readonly operation: string;
  readonly input: object;
}

/** An operation, and what of the request was needed to find it. */
export interface Located {
  readonly operation: Operation;
  readonly labels: ReadonlyMap<string, string>;
  readonly query: ReadonlyMap<string, readonly string[]>;
}

/**
 * @throws {AwsError} when no operation is meant, or the input is not what the model says
 */
export function parseRequest(model: ServiceModel, request: AwsRequest): Parsed {
  const located = locate(model, request);
  return { operation: located.operation.name, input: readInput(model, request, located) };
}

/**
 * Which operation a request means. Only the protocols `query` and `ec2` look at the body for it.
 *
 * @throws {AwsError} when it means none
 */
export function locate(
  model: ServiceModel,
  request: Omit<AwsRequest, 'body'> & { body: AwsRequest['body'] | null },
): Located {
  const { protocol } = model.metadata;
  if (protocol === 'rest-json' || protocol === 'rest-xml') return locateByRoute(model, request);
  const name = nameOf(model, request);
  const operation = name === null ? null : model.operation(name);
  if (operation === null) throw unknownOperation(model, name);
  return { operation, labels: new Map(), query: new Map() };
}

function locateByRoute(model: ServiceModel, { method, url, headers }: Omit<AwsRequest, 'body'>): Located {
  const query = parseQuery(url);
  const path = url.split('?', 1)[0] as string;
  const match = model.route({ method, path, query, headers });
  if (match === null) throw unknownOperation(model, null);
  return { ...match, query };
}

/** @returns null when the request names none */
function nameOf(
  model: ServiceModel,
  { url, headers, body }: Omit<AwsRequest, 'body'> & { body: unknown },
): string | null {
  switch (model.metadata.protocol) {
    case 'json': {
      const [prefix, name] = (headers['x-amz-target'] ?? '').split('.', 2);
      return name !== undefined && prefix === model.metadata.targetPrefix ? name : null;
    }
    case 'smithy-rpc-v2-cbor':
      return /\/operation\/([^/?]+)/.exec(url)?.[1] ?? null;
    default:
      return formOf(url, body).get('Action') ?? null;
  }
}

/** The query, with the form of the body laid over it. */
function formOf(url: string, body: unknown): Map<string, string> {
  const at = url.indexOf('?');
  const form = at === -1 ? new Map<string, string>() : parseForm(url.slice(at + 1));
  const text = Buffer.isBuffer(body) ? body.toString('utf8') : '';
  for (const [name, value] of parseForm(text.trim())) form.set(name, value);
  return form;
}

function unknownOperation(model: ServiceModel, name: string | null): AwsError {
  const { protocol, apiVersion } = model.metadata;
  if (protocol === 'query' || protocol === 'ec2') {
    if (name === null)
      return new AwsError('MissingAction', 'The request must contain the parameter Action', { status: 400 });
    const words = `Could not find operation ${name.slice(0, 100)} for version ${apiVersion}`;
    return new AwsError('InvalidAction', words, { status: 400 });
  }
  const what =
    name === null
      ? 'The requested operation is not recognized by the service.'
      : `The operation ${name.slice(0, 100)} is not recognized by the service.`;
  return new AwsError('UnknownOperationException', what, { status: 404 });
}

/** @throws {AwsError} `SerializationException`, `ValidationException` */
export function readInput(model: ServiceModel, request: AwsRequest, located: Located): object {
  const { input } = located.operation;
  if (input === null) return {};
  const value = readByProtocol(model, request, located);
  checkConstraints(input, value);
  return value;
}

function readByProtocol(model: ServiceModel, request: AwsRequest, located: Located): object {
  const input = located.operation.input as Shape;
  const { protocol } = model.metadata;
  switch (protocol) {
    case 'rest-json':
    case 'rest-xml':
      return readRest(input, request, {
        ...located,
        headers: request.headers,
        format: protocol === 'rest-json' ? 'json' : 'xml',
      });
    case 'query':
    case 'ec2':
      return {
        ...readPath(input, request.url),
        ...readForm(input, formOf(request.url, request.body), protocol),
      };
    case 'json':
      return readJson(input, restored(request, parseJsonObject(wholeBody(request.body)))) as object;
    case 'smithy-rpc-v2-cbor': {
      const body = wholeBody(request.body);
      return body.length === 0 ? {} : ((readCbor(input, decodeCbor(body)) ?? {}) as object);
    }
  }
}

/** The one member that a path can say in `query`, as the URL of a queue: what the form says counts more. */
function readPath({ members }: Shape, url: string): object {
  const path = url.split('?', 1)[0] as string;
  const found = [...members].find(([, { traits }]) => traits.location === 'uri');
  return found === undefined || path === '/' ? {} : { [found[0]]: path };
}

type RestReading = RestParts & { readonly format: 'json' | 'xml' };

function readRest(input: Shape, request: AwsRequest, parts: RestReading): object {
  const entries = readBindings(input, parts);
  const { payload } = input.traits;
  if (payload !== undefined) {
    const member = input.members.get(payload);
    const value = member === undefined ? undefined : readPayload(member, request, parts.format);
    if (value !== undefined) entries.push([payload, value]);
    return Object.fromEntries(entries);
  }
  const hasBody = [...input.members.values()].some(({ traits }) => traits.location === undefined);
  const read = hasBody ? readBody(input, request, parts.format) : {};
  // what the path says counts more than a member of the same name in the body
  return { ...read, ...Object.fromEntries(entries) };
}

function readBody(input: Shape, request: AwsRequest, format: 'json' | 'xml'): object {
  const body = wholeBody(request.body);
  if (body.length === 0) return {};
  if (format === 'xml') return readXmlStructure(input, parseXml(body.toString('utf8')));
  const read = readJson(input, restored(request, parseJsonObject(body))) as Readonly<Record<string, unknown>>;
  const inBody = Object.entries(read).filter(
    ([name]) => input.members.get(name)?.traits.location === undefined,
  );
  return Object.fromEntries(inBody);
}

function readPayload(shape: Shape, request: AwsRequest, format: 'json' | 'xml'): unknown {
  const { body } = request;
  if (shape.traits.eventstream === true) return readEvents(streamOf(body), shape, format);
  if (shape.type === 'blob') {
    if (shape.traits.streaming === true) return body;
    const bytes = wholeBody(body);
    return bytes.length === 0 ? undefined : bytes;
  }
  const bytes = wholeBody(body);
  if (bytes.length === 0) return undefined;
  if (shape.type === 'string') return scalarFromText(shape, bytes.toString('utf8'), 'iso8601');
  return format === 'json'
    ? readJson(shape, restored(request, parseJson(bytes)))
    : readXml(shape, [parseXml(bytes.toString('utf8'))]);
}

function restored({ longTexts }: AwsRequest, value: unknown): unknown {
  return longTexts === undefined ? value : restore(value, longTexts);
}

function streamOf(body: Buffer | Readable): AsyncIterable<Uint8Array> {
  if (!Buffer.isBuffer(body)) return body;
  return (async function* () {
    yield body;
  })();
}

function wholeBody(body: Buffer | Readable): Buffer {
  if (Buffer.isBuffer(body)) return body;
  throw serializationError('The operation takes no streamed body');
}
