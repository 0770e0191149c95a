/**
 * AWS's own protocol tests, as botocore has them. Input: what a client sends is read as what it was made
 * from. Output: what we write of a result is what the vector's response says, and read back it is the
 * result. What cannot hold for a server is named below with its reason.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { decodeCbor } from './cbor.ts';
import {
  AwsError,
  type AwsResponse,
  parseRequest,
  ServiceModel,
  writeError,
  writeResponse,
} from './index.ts';
import type { Shape } from './shape.ts';
import { readResponse, typed, type VectorCase, type VectorGroup } from './vectors-fixture.ts';
import { parseXml, type XmlElement } from './xml.ts';

const VECTORS = join(
  process.env.SKEIN_VECTORS ?? join(import.meta.dirname, '../../../../../shared/vectors'),
  'botocore-protocols',
);

/** What a server cannot know of a request, by vector: it is read or refused in order, but not compared. */
const INPUT_EXCEPTIONS: readonly (readonly [RegExp, string])[] = [
  [
    /EndpointTrait|HostWithPath/,
    'about the host and the base path that a client is configured with; the rest is not written out',
  ],
  [/SDKApp(lied|ends|ended)/, 'about compression by the client: the vector has no serialised body'],
  [/IdempotencyTokenAutoFill$/, 'the client makes the token up'],
  [
    /^Ec2EmptyQueryLists$|^QueryEmptyQueryMaps$|OmitsEmptyListQueryValues$/,
    'what is empty is not sent, so nobody can know',
  ],
  [/QueryPrecedence$/, 'the client drops one of the two values'],
  [
    /HttpWithEmptyStructurePayload$|HttpWithHeadersButNoPayload$/,
    'an empty structure and none are both sent as {}',
  ],
];

/** Members that hold the whole query on a server, and on a client what it adds to it: not compared. */
const QUERY_MAPS = ['queryParamsMapOfStrings', 'foo', 'baz'];
const QUERY_MAP_VECTORS =
  /^AllQueryStringTypes$|^RestXml(QueryStringEscaping|Supports(NaN|(Negative)?Infinity)FloatQueryValues|ZeroAndFalseQueryValues)$|QueryParamsStringListMap$/;

/** Outputs that no service's model has. */
const NO_OUTPUT: readonly (readonly [RegExp, string])[] = [
  [/^(RestJson)?IgnoreQueryParamsInResponse$/, 'binds a member of an output to the query'],
];

/** Responses in a form that clients must take and that we do not write: read back only, not compared as they stand. */
const OUTPUT_EXCEPTIONS: readonly (readonly [RegExp, string])[] = [
  [/DateTimeWith(Negative|Positive)Offset$/, 'a time in another zone: we write UTC'],
  [/FooErrorUsing|FooErrorWithDunderType/, "another of the ways in which AWS's services have named an error"],
  [/DeserializeIgnoreType$/, 'a member that clients must pass over'],
  [/AllowNulls$|NullStructureValues$|DontDeserializeNullValues$|SkipsNull$/, 'null, which we leave out'],
  [
    /handles_unexpected_json_output|HandlesUnexpectedJsonOutput|ExtraFieldsInTheBody/,
    'members that the model does not know',
  ],
  [
    /no_payload|NoPayload$|empty_output_no_body|NoOutputClientAllows/,
    'an empty body where we write an empty value',
  ],
  [
    /GreetingWithErrors$|EmptyInputAndEmptyOutputJsonObjectOutput/,
    'an empty body and an empty object are the same',
  ],
  [/(No|Empty)Input(And|_and_)(No|Empty)?Output$/i, 'an empty body where we write an empty element'],
  [/XmlEmptySelfClosed|XmlEmptyMaps$|XmlEmptyBlobs$/, 'an empty element written another way'],
  [/^InvalidGreetingError$/, 'has an element that the model does not know'],
  [/^AwsJson11IntEnums$/, 'has a header of a request'],
  [/HttpResponseCode$/, 'an empty body where we write none'],
  [/^RpcV2CborPayloadWithUnsetUnion$/, 'has the body of another vector'],
  [/^Ec2XmlEmptyLists$/, 'has the content type of query'],
];

suite('protocol vectors', () => {
  const skip = existsSync(VECTORS) ? false : `there are no vectors at ${VECTORS} (set SKEIN_VECTORS)`;
  for (const kind of ['input', 'output'] as const) {
    const files = skip === false ? readdirSync(join(VECTORS, kind)) : [`${kind} of every protocol`];
    for (const file of files) {
      test(`${kind}: ${file.replace('.json', '')}`, { skip }, async (t) => {
        const groups = JSON.parse(readFileSync(join(VECTORS, kind, file), 'utf8')) as VectorGroup[];
        for (const group of groups) {
          for (const vector of group.cases) {
            await t.test(`${vector.id} (${group.description})`, () => {
              if (kind === 'input') checkInput(group, vector);
              else checkOutput(group, vector);
            });
          }
        }
      });
    }
  }
});

function modelOf({ metadata, shapes }: VectorGroup, { given }: VectorCase): ServiceModel {
  return new ServiceModel({ metadata, shapes, operations: { [given.name]: given } });
}

function checkInput(group: VectorGroup, vector: VectorCase): void {
  const model = modelOf(group, vector);
  const { serialized, params } = vector;
  assert.ok(serialized !== undefined);
  const isCbor = model.metadata.protocol === 'smithy-rpc-v2-cbor';
  const headers = Object.entries(serialized.headers ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    value,
  ]);
  const request = {
    method: serialized.method,
    url: serialized.uri,
    headers: Object.fromEntries(headers),
    body: Buffer.from(serialized.body ?? '', isCbor ? 'base64' : 'utf8'),
  };
  if (isException(INPUT_EXCEPTIONS, vector)) {
    readOrRefused(() => parseRequest(model, request));
    return;
  }
  const { operation, input } = parseRequest(model, request);
  assert.equal(operation, vector.given.name);
  const shape = model.operation(operation)?.input ?? null;
  const expected = shape === null ? {} : (typed(shape, params) as object);
  const ignored = QUERY_MAP_VECTORS.test(vector.id) ? QUERY_MAPS : [];
  assert.deepEqual(except(input, ignored), except(expected, ignored));
}

function checkOutput(group: VectorGroup, vector: VectorCase): void {
  if (isException(NO_OUTPUT, vector)) return;
  const model = modelOf(group, vector);
  const ours = answer(model, vector);
  const { response } = vector;
  assert.ok(response !== undefined);
  assert.equal(ours.statusCode, response.status_code);
  const isCbor = model.metadata.protocol === 'smithy-rpc-v2-cbor';
  const theirs = {
    statusCode: response.status_code,
    headers: Object.fromEntries(
      Object.entries(response.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    body: Buffer.from(response.body ?? '', isCbor ? 'base64' : 'utf8'),
  };
  if (!isException(OUTPUT_EXCEPTIONS, vector)) compare(ours, theirs, model);
  const shape = shapeOf(model, vector);
  const result = vector.errorCode === undefined ? vector.result : vector.error;
  assert.deepEqual(
    readResponse(model, shape, { ...ours, error: vector.errorCode }),
    shape === null ? {} : typed(shape, result),
  );
}

function readOrRefused(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof AwsError, String(error));
  }
}

function except(value: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

function isException(table: typeof INPUT_EXCEPTIONS, { id }: VectorCase): boolean {
  return table.some(([pattern]) => pattern.test(id));
}

function compare(ours: AwsResponse, theirs: AwsResponse, model: ServiceModel): void {
  for (const [name, value] of Object.entries(theirs.headers)) {
    if (name === 'content-length') continue; // the HTTP server's
    if (name === 'content-type' && (theirs.body as Buffer).length === 0) continue;
    assert.equal(ours.headers[name], value, name);
  }
  assert.deepEqual(form(ours.body, model), form(theirs.body, model));
}

function shapeOf(model: ServiceModel, { given, errorCode }: VectorCase): Shape | null {
  if (errorCode !== undefined) return model.error(errorCode)?.shape ?? null;
  return model.operation(given.name)?.output ?? null;
}

function answer(model: ServiceModel, vector: VectorCase): AwsResponse {
  const { given, result, errorCode, errorMessage, error, response } = vector;
  const shape = shapeOf(model, vector);
  const requestId =
    response?.headers?.['X-Amzn-Requestid'] ?? /<RequestId>(.*?)</i.exec(response?.body ?? '')?.[1] ?? 'id';
  if (errorCode === undefined) {
    const output = shape === null ? undefined : typed(shape, result);
    return writeResponse(model, { operation: given.name, output, requestId });
  }
  const message = errorMessage ?? /<Message>(.*?)</.exec(response?.body ?? '')?.[1] ?? '';
  const members = shape === null ? {} : (typed(shape, error) as Record<string, unknown>);
  return writeError(model, {
    operation: given.name,
    error: new AwsError(errorCode, message, { members }),
    requestId,
  });
}

/** A body by what it says: JSON and CBOR as values, XML as elements without the space between them. */
function form(body: AwsResponse['body'], { metadata: { protocol } }: ServiceModel): unknown {
  assert.ok(Buffer.isBuffer(body));
  if (body.length === 0) return '';
  if (protocol === 'smithy-rpc-v2-cbor') return named(decodeCbor(body) as object);
  const text = body.toString('utf8').trim();
  if (protocol.endsWith('json')) return /^[{[]/.test(text) ? named(JSON.parse(text)) : text;
  if (!text.startsWith('<')) return text;
  const root = parseXml(text);
  const isRpc = protocol === 'query' || protocol === 'ec2';
  // the vectors of these leave out the namespace of the model and most request ids
  const children = root.children.filter(
    ({ name }) => !isRpc || !/^(ResponseMetadata|request-?id)$/i.test(name),
  );
  const attributes = isRpc ? new Map() : root.attributes;
  return elements({ ...root, attributes, children });
}

/** Clients take what is before a # in an error's name for its namespace. */
function named(value: object): object {
  if (!('__type' in value)) return value;
  return { ...value, __type: String(value.__type).replace(/^.*#/, '') };
}

/** @param inherited the namespace that holds already: to say it again says nothing */
function elements({ name, attributes, children, text }: XmlElement, inherited = ''): unknown {
  const namespace = attributes.get('xmlns') ?? inherited;
  const content = children.length === 0 ? text.trim() : children.map((child) => elements(child, namespace));
  const told = [...attributes].filter(([key, value]) => key !== 'xmlns' || value !== inherited);
  return { name, attributes: Object.fromEntries(told), content };
}
