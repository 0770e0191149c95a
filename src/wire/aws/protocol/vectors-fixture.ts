/** The vectors' form, and what a client does with a response: for the tests of the protocols. */
import assert from 'node:assert/strict';
import { readBindings } from './bindings.ts';
import { decodeCbor } from './cbor.ts';
import { readCbor } from './cbor-values.ts';
import type { ModelDocument, OperationDocument } from './document.ts';
import { parseJson, readJson } from './json-values.ts';
import type { AwsResponse } from './message.ts';
import type { ServiceModel } from './model.ts';
import { timestampFromSeconds } from './scalars.ts';
import type { Shape } from './shape.ts';
import { parseXml, type XmlElement } from './xml.ts';
import { readXml, readXmlStructure } from './xml-values.ts';

export interface VectorGroup {
  readonly description: string;
  readonly metadata: ModelDocument['metadata'];
  readonly shapes: ModelDocument['shapes'];
  readonly cases: readonly VectorCase[];
}

export interface VectorCase {
  readonly id: string;
  readonly given: OperationDocument;
  readonly params?: unknown;
  readonly serialized?: {
    readonly method: string;
    readonly uri: string;
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
  };
  readonly result?: unknown;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly error?: unknown;
  readonly response?: {
    readonly status_code: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
}

/** A vector's value (JSON) as values of our types; what is null is left out, as a server reads it. */
export function typed(shape: Shape, value: unknown): unknown {
  if (value === null || value === undefined) return shape.type === 'structure' ? {} : undefined;
  if (shape.traits.document === true) return value;
  if (shape.traits.jsonvalue === true && typeof value === 'string') return JSON.parse(value);
  switch (shape.type) {
    case 'structure':
      return without(Object.entries(value).map(([name, item]) => [name, member(shape, name, item)]));
    case 'list':
      return (value as unknown[]).filter((item) => item !== null).map((item) => typed(shape.member, item));
    case 'map':
      return without(
        Object.entries(value).map(([key, item]) => [
          key,
          item === null ? undefined : typed(shape.value, item),
        ]),
      );
    case 'timestamp':
      return timestampFromSeconds(value as number);
    case 'blob':
      return Buffer.from(value as string);
    case 'float':
    case 'double':
      return Number(value);
    default:
      return value;
  }
}

function member(shape: Shape, name: string, value: unknown): unknown {
  const found = shape.members.get(name);
  assert.ok(found !== undefined, `the shape ${shape.name} has no ${name}`);
  return value === null ? undefined : typed(found, value);
}

function without(entries: [string, unknown][]): object {
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

/** What a client makes of a response. */
export function readResponse(
  model: ServiceModel,
  shape: Shape | null,
  response: AwsResponse & { readonly error: string | undefined },
): object {
  if (shape === null) return {};
  const { headers, body } = response;
  assert.ok(Buffer.isBuffer(body));
  const { protocol } = model.metadata;
  const isRest = protocol.startsWith('rest');
  const { 'x-amzn-requestid': _id, 'content-type': _type, ...own } = headers;
  const bound = isRest ? readBindings(shape, { headers: own, labels: new Map(), query: new Map() }) : [];
  const status = [...shape.members].filter(([, { traits }]) => traits.location === 'statusCode');
  const statuses = status.map(([name]) => [name, response.statusCode]);
  const read =
    body.length === 0 ? {} : readBody(model, shape, { body, isError: response.error !== undefined });
  return { ...read, ...Object.fromEntries([...bound, ...statuses]) };
}

interface Reading {
  readonly body: Buffer;
  readonly isError: boolean;
}

function readBody({ metadata }: ServiceModel, shape: Shape, { body, isError }: Reading): object {
  const { protocol } = metadata;
  if (protocol === 'smithy-rpc-v2-cbor') return readCbor(shape, decodeCbor(body)) as object;
  const payload = isError ? undefined : shape.traits.payload;
  const inner = payload === undefined ? undefined : shape.members.get(payload);
  if (protocol.startsWith('rest') && inner !== undefined)
    return { [payload as string]: readPayload(inner, body, protocol) };
  if (protocol === 'json' || protocol === 'rest-json') return readJson(shape, parseJson(body)) as object;
  const root = parseXml(body.toString('utf8'));
  if (isError) return readXmlStructure(shape, errorElement(root));
  const result = protocol === 'query' ? root.children.find(({ name }) => name !== 'ResponseMetadata') : root;
  return result === undefined ? {} : readXmlStructure(shape, result);
}

function readPayload(shape: Shape, body: Buffer, protocol: string): unknown {
  if (shape.type === 'blob') return body;
  if (shape.type === 'string') return body.toString('utf8');
  return protocol === 'rest-json'
    ? readJson(shape, parseJson(body))
    : readXml(shape, [parseXml(body.toString('utf8'))]);
}

function errorElement(element: XmlElement): XmlElement {
  const inner = element.children.find(({ name }) => name === 'Error' || name === 'Errors');
  return inner === undefined ? element : errorElement(inner);
}
