/** Answers of operations, and refusals, as each protocol writes them. */
import { writeBindings } from './bindings.ts';
import { encodeCbor } from './cbor.ts';
import { writeCbor } from './cbor-values.ts';
import { AwsError } from './error.ts';
import { writeEvents } from './event-stream.ts';
import { writeJson } from './json-values.ts';
import type { AwsResponse } from './message.ts';
import type { ServiceModel } from './model.ts';
import { requestIdHeaders } from './request-id.ts';
import { bytesOf } from './scalars.ts';
import type { Shape } from './shape.ts';
import { escapeXml } from './xml.ts';
import { writeXmlMembers, writeXmlStructure } from './xml-values.ts';

export interface Answered {
  readonly operation: string;
  readonly output: unknown;
  readonly requestId: string;
  /** What a failure inside an event stream is told as, where it is no `AwsError`. */
  readonly failureOf?: (error: unknown) => AwsError;
}

type Members = Readonly<Record<string, unknown>>;

interface Body {
  readonly type: string | null;
  readonly body: AwsResponse['body'];
}

const EMPTY = Buffer.alloc(0);
const NO_BODY: ReadonlySet<number> = new Set([204, 304]);

export function writeResponse(model: ServiceModel, answered: Answered): AwsResponse {
  const operation = model.operation(answered.operation);
  if (operation === null) throw new Error(`the model has no operation ${answered.operation}`);
  const output = (answered.output ?? {}) as Members;
  const ids = requestIdHeaders(model, answered.requestId);
  const { protocol } = model.metadata;
  if (protocol !== 'rest-json' && protocol !== 'rest-xml') {
    const { type, body } = rpcBody(model, output, answered);
    return { statusCode: 200, headers: { ...typed(type), ...extra(model), ...ids }, body };
  }
  const bound = operation.output === null ? null : writeBindings(operation.output, output);
  const statusCode = bound?.statusCode ?? operation.statusCode;
  const written = operation.output === null ? { type: null, body: EMPTY } : restBody(model, output, answered);
  const { type, body } = NO_BODY.has(statusCode) ? { type: null, body: EMPTY } : written;
  return { statusCode, headers: { ...typed(type), ...ids, ...bound?.headers }, body };
}

function typed(type: string | null): Readonly<Record<string, string>> {
  return type === null ? {} : { 'content-type': type };
}

function extra({ metadata }: ServiceModel): Readonly<Record<string, string>> {
  return metadata.protocol === 'smithy-rpc-v2-cbor' ? { 'smithy-protocol': 'rpc-v2-cbor' } : {};
}

/** The protocols where the whole output is the body. */
function rpcBody(model: ServiceModel, output: Members, answered: Answered): Body {
  const { metadata } = model;
  const operation = model.operation(answered.operation);
  const shape = operation?.output ?? null;
  switch (metadata.protocol) {
    case 'json':
      return {
        type: `application/x-amz-json-${metadata.jsonVersion ?? '1.0'}`,
        body: Buffer.from(JSON.stringify(shape === null ? {} : writeJson(shape, output))),
      };
    case 'smithy-rpc-v2-cbor':
      return shape === null
        ? { type: null, body: EMPTY }
        : { type: 'application/cbor', body: encodeCbor(writeCbor(shape, output)) };
    default:
      return { type: queryContentType(model), body: Buffer.from(queryXml(model, output, answered)) };
  }
}

function queryXml(model: ServiceModel, output: Members, { operation: name, requestId }: Answered): string {
  const operation = model.operation(name);
  const members = operation?.output ? writeXmlMembers(operation.output, output) : '';
  const id = escapeXml(requestId);
  const namespace = namespaceText(model);
  if (model.metadata.protocol === 'ec2') {
    return `<${name}Response${namespace}><requestId>${id}</requestId>${members}</${name}Response>`;
  }
  const wrapper = operation?.resultWrapper ?? `${name}Result`;
  const result = operation?.output ? `<${wrapper}>${members}</${wrapper}>` : '';
  const metadata = `<ResponseMetadata><RequestId>${id}</RequestId></ResponseMetadata>`;
  return `<${name}Response${namespace}>${result}${metadata}</${name}Response>`;
}

export function queryContentType({ metadata }: ServiceModel): string {
  return metadata.protocol === 'ec2' ? 'text/xml;charset=UTF-8' : 'text/xml';
}

export function namespaceText({ metadata: { xmlNamespace } }: ServiceModel): string {
  return xmlNamespace === undefined ? '' : ` xmlns="${escapeXml(xmlNamespace)}"`;
}

function restBody(model: ServiceModel, output: Members, answered: Answered): Body {
  const shape = model.operation(answered.operation)?.output as Shape;
  const format = model.metadata.protocol === 'rest-json' ? 'json' : 'xml';
  const { payload } = shape.traits;
  const member = payload === undefined ? undefined : shape.members.get(payload);
  if (member !== undefined) {
    return payloadBody(member, output[payload as string], {
      member: payload as string,
      format,
      failureOf: answered.failureOf,
    });
  }
  const inBody = [...shape.members.values()].some(({ traits }) => traits.location === undefined);
  if (format === 'json') {
    if (!inBody && shape.members.size > 0) return { type: null, body: EMPTY };
    const body = Object.fromEntries(
      Object.entries(output).filter(([name]) => shape.members.get(name)?.traits.location === undefined),
    );
    return { type: 'application/json', body: Buffer.from(JSON.stringify(writeJson(shape, body))) };
  }
  if (!inBody) return { type: null, body: EMPTY };
  const namespace = shape.root.namespace ?? model.metadata.xmlNamespace;
  return xml(writeXmlStructure(shape, shape.root.name, { value: output, namespace }));
}

interface PayloadWriting {
  readonly member: string;
  readonly format: 'json' | 'xml';
  readonly failureOf: Answered['failureOf'];
}

function payloadBody(shape: Shape, value: unknown, { member, format, failureOf }: PayloadWriting): Body {
  if (value === undefined || value === null) return { type: null, body: EMPTY };
  if (shape.traits.eventstream === true) {
    const events = value as AsyncIterable<unknown>;
    const writing = { shape, format, failureOf: failureOf ?? internalFailure };
    return { type: 'application/vnd.amazon.eventstream', body: writeEvents(events, writing) };
  }
  if (shape.type === 'blob') {
    const isStream = typeof value === 'object' && Symbol.asyncIterator in value;
    const body = isStream ? (value as AsyncIterable<Uint8Array>) : bytesOf(value);
    return { type: 'application/octet-stream', body };
  }
  if (shape.type === 'string') return { type: 'text/plain', body: Buffer.from(String(value)) };
  if (format === 'json') {
    return { type: 'application/json', body: Buffer.from(JSON.stringify(writeJson(shape, value))) };
  }
  const { name, namespace } = shape.root;
  const own = shape.traits.locationName;
  // a name that only repeats the member's says nothing
  const root = own === undefined || own === member ? name : own;
  return xml(writeXmlStructure(shape, root, { value: value as Members, namespace }));
}

function internalFailure(): AwsError {
  return new AwsError('InternalFailure', 'The request failed inside the service.', { status: 500 });
}

function xml(text: string): Body {
  return { type: 'application/xml', body: Buffer.from(text) };
}
