/** Refusals as each protocol writes them: status, headers and body. */
import { writeBindings } from './bindings.ts';
import { encodeCbor } from './cbor.ts';
import { writeCbor } from './cbor-values.ts';
import type { AwsError } from './error.ts';
import { writeJson } from './json-values.ts';
import type { AwsResponse } from './message.ts';
import type { ErrorModel, ServiceModel } from './model.ts';
import { isS3, requestIdHeaders } from './request-id.ts';
import { namespaceText, queryContentType } from './write.ts';
import { escapeXml } from './xml.ts';
import { writeXmlMembers } from './xml-values.ts';

export interface Refused {
  /** Null where no operation was found. */
  readonly operation: string | null;
  readonly error: AwsError;
  readonly requestId: string;
}

type Members = Readonly<Record<string, unknown>>;

interface Told {
  readonly model: ServiceModel;
  readonly error: AwsError;
  readonly known: ErrorModel | null;
  readonly status: number;
  /** What the wire calls it. */
  readonly code: string;
  readonly requestId: string;
}

/** The names that errors have in the protocols that say `…Exception`, where `query` and `ec2` say other words. */
const QUERY_CODES: Readonly<Record<string, string>> = {
  ValidationException: 'ValidationError',
  SerializationException: 'MalformedInput',
  AccessDeniedException: 'AccessDenied',
  ExpiredTokenException: 'ExpiredToken',
  IncompleteSignatureException: 'IncompleteSignature',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  UnrecognizedClientException: 'InvalidClientTokenId',
  InvalidParameterValueException: 'InvalidParameterValue',
  MissingRequiredParameterException: 'MissingParameter',
  ThrottlingException: 'Throttling',
  InternalServiceException: 'InternalFailure',
};
/** Errors that no model has, and that write `Message` with a capital. */
const CAPITAL = new Set(['SerializationException', 'AccessDeniedException']);

export function writeError(model: ServiceModel, { error, requestId }: Refused): AwsResponse {
  const known = model.error(error.code);
  const { protocol } = model.metadata;
  const status = error.status ?? statusOf(model, known);
  const isQuery = protocol === 'query' || protocol === 'ec2';
  const code = isQuery ? queryCode(model, error.code) : (known?.shape.name ?? error.code);
  const told: Told = { model, error, known, status, code, requestId };
  const { headers, body } = isQuery || protocol === 'rest-xml' ? asXml(told) : asObject(told);
  const retry =
    error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.retryAfterSeconds) };
  return {
    statusCode: status,
    headers: { ...headers, ...requestIdHeaders(model, requestId), ...retry },
    body,
  };
}

/** @returns what the query protocol calls an error; those that left it for JSON still say it in places */
export function queryCode(model: ServiceModel, code: string): string {
  return model.error(code)?.code ?? QUERY_CODES[code] ?? code;
}

/** Services that once spoke `query` keep that protocol's statuses in their models; on the wire it is 400 or 500. */
function statusOf({ metadata }: ServiceModel, known: ErrorModel | null): number {
  if (known === null) return 400;
  if (metadata.awsQueryCompatible === undefined) return known.status;
  return known.status >= 500 ? 500 : 400;
}

/** The error's members, with the message under the name that its shape has for it. */
function membersOf({ error, known, status }: Told): Members {
  const { members = new Map() } = known?.shape ?? {};
  const messageName = [...members.keys()].find((name) => /^message$/i.test(name)) ?? 'message';
  const type = members.has('Type') ? { Type: status >= 500 ? 'Service' : 'User' } : {};
  const message = error.message === '' ? {} : { [messageName]: error.message };
  return { ...type, ...message, ...error.members };
}

function asObject(told: Told): { headers: Record<string, string>; body: Buffer } {
  const { model, known, code } = told;
  const { protocol, jsonVersion } = model.metadata;
  const members = membersOf(told);
  if (protocol === 'smithy-rpc-v2-cbor') {
    const written = known === null ? plain(told) : (writeCbor(known.shape, members) as object);
    const headers = {
      'content-type': 'application/cbor',
      'smithy-protocol': 'rpc-v2-cbor',
      ...queryError(told),
    };
    return { headers, body: encodeCbor({ __type: code, ...written }) };
  }
  if (protocol === 'json') {
    const written = known === null ? plain(told) : (writeJson(known.shape, members) as object);
    const headers = { 'content-type': `application/x-amz-json-${jsonVersion ?? '1.0'}`, ...queryError(told) };
    return { headers, body: Buffer.from(JSON.stringify({ __type: code, ...written })) };
  }
  const bound = known === null ? {} : writeBindings(known.shape, members).headers;
  const written = known === null ? plain(told) : (writeJson(known.shape, inBody(known, members)) as object);
  const headers = { 'content-type': 'application/json', 'x-amzn-errortype': code, ...bound };
  return { headers, body: Buffer.from(JSON.stringify(written)) };
}

function inBody({ shape }: ErrorModel, members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).filter(([name]) => shape.members.get(name)?.traits.location === undefined),
  );
}

function plain({ error }: Told): object {
  const message =
    error.message === '' ? {} : { [CAPITAL.has(error.code) ? 'Message' : 'message']: error.message };
  return { ...message, ...error.members };
}

function queryError({ model, code, status }: Told): Record<string, string> {
  if (model.metadata.awsQueryCompatible === undefined) return {};
  return { 'x-amzn-query-error': `${queryCode(model, code)};${status >= 500 ? 'Receiver' : 'Sender'}` };
}

function asXml(told: Told): { headers: Record<string, string>; body: Buffer } {
  const { model, error, known, code, status, requestId } = told;
  const { protocol } = model.metadata;
  const id = escapeXml(requestId);
  const message = error.message === '' ? '' : `<Message>${escapeXml(error.message)}</Message>`;
  const head = `<Code>${escapeXml(code)}</Code>${message}`;
  const rest = known === null ? '' : writeXmlMembers(known.shape, withoutMessage(error.members));
  const headers = {
    'content-type': protocol === 'rest-xml' ? 'application/xml' : queryContentType(model),
    ...(known === null || protocol !== 'rest-xml' ? {} : writeBindings(known.shape, membersOf(told)).headers),
  };
  if (protocol === 'ec2') {
    const text = `<Response><Errors><Error>${head}${rest}</Error></Errors><RequestID>${id}</RequestID></Response>`;
    return { headers, body: Buffer.from(text) };
  }
  if (isS3(model)) {
    const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${head}${rest}<RequestId>${id}</RequestId><HostId>${id}</HostId></Error>`;
    return { headers, body: Buffer.from(text) };
  }
  const type = `<Type>${status >= 500 ? 'Receiver' : 'Sender'}</Type>`;
  const text = `<ErrorResponse${namespaceText(model)}><Error>${type}${head}${rest}</Error><RequestId>${id}</RequestId></ErrorResponse>`;
  return { headers, body: Buffer.from(text) };
}

function withoutMessage(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !/^message$/i.test(name)));
}
