/** A service's published model, made small: no prose, and only what the chosen operations reach. */
import type {
  ModelDocument,
  OperationDocument,
  ShapeDocument,
  ShapeRef,
} from '../../src/wire/aws/protocol/index.ts';

/** A model as botocore has it: what we keep, and more. */
export interface PublishedModel {
  readonly metadata: ModelDocument['metadata'] & Readonly<Record<string, unknown>>;
  readonly operations: ModelDocument['operations'];
  readonly shapes: ModelDocument['shapes'];
}

const METADATA = [
  'protocol',
  'apiVersion',
  'jsonVersion',
  'targetPrefix',
  'endpointPrefix',
  'signingName',
  'serviceId',
  'xmlNamespace',
  'awsQueryCompatible',
] as const;
const REF = [
  'shape',
  'location',
  'locationName',
  'queryName',
  'flattened',
  'xmlAttribute',
  'xmlNamespace',
  'timestampFormat',
  'streaming',
  'jsonvalue',
  'eventpayload',
  'eventheader',
  'idempotencyToken',
  'box',
] as const satisfies readonly (keyof ShapeRef)[];
const SHAPE = [
  ...REF,
  'type',
  'required',
  'payload',
  'enum',
  'pattern',
  'min',
  'max',
  'union',
  'document',
  'sensitive',
  'eventstream',
  'event',
  'exception',
  'fault',
  'error',
] as const;

/**
 * @param wanted names of the operations to keep; null: all
 * @throws when a wanted operation is not in the model: a name was mistyped, or AWS took it away
 */
export function compact(
  published: PublishedModel,
  wanted: readonly string[] | null,
  source: NonNullable<ModelDocument['source']>,
): ModelDocument {
  const names = [...(wanted ?? Object.keys(published.operations))].sort();
  const operations = Object.fromEntries(names.map((name) => [name, compactOperation(published, name)]));
  const shapes = reached(published, Object.values(operations));
  return { source, metadata: pick(published.metadata, METADATA), operations, shapes } as ModelDocument;
}

function compactOperation({ operations }: PublishedModel, name: string): OperationDocument {
  const operation = operations[name];
  if (operation === undefined) throw new Error(`the model has no operation "${name}"`);
  const { http, input, output, errors } = operation;
  return {
    name,
    http: pick(http, ['method', 'requestUri', 'responseCode']),
    ...(input === undefined ? {} : { input: pick(input, REF) }),
    ...(output === undefined ? {} : { output: pick(output, [...REF, 'resultWrapper']) }),
    ...(errors === undefined ? {} : { errors: errors.map(({ shape }) => ({ shape })) }),
  };
}

/** Every shape that the operations use, directly or not, in the order of their names. */
function reached(
  { shapes }: PublishedModel,
  operations: readonly OperationDocument[],
): ModelDocument['shapes'] {
  const found = new Map<string, ShapeDocument>();
  const visit = (name: string): void => {
    const shape = shapes[name];
    if (shape === undefined) throw new Error(`the model has no shape "${name}"`);
    if (found.has(name)) return;
    found.set(name, OPEN_ENUMS.has(name) ? { ...compactShape(shape), openEnum: true } : compactShape(shape));
    for (const ref of [...Object.values(shape.members ?? {}), shape.member, shape.key, shape.value]) {
      if (ref !== undefined) visit(ref.shape);
    }
  };
  for (const { input, output, errors } of operations) {
    for (const ref of [input, output, ...(errors ?? [])]) if (ref !== undefined) visit(ref.shape);
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Enumerations whose values the service itself judges, with another error than that of a constraint: Lambda answers
 * InvalidParameterValueException for a runtime that it does not know.
 */
const OPEN_ENUMS = new Set(['Runtime']);

function compactShape(shape: ShapeDocument): ShapeDocument {
  const { members = {} } = shape;
  const parts = (['member', 'key', 'value'] as const).filter((part) => shape[part] !== undefined);
  return {
    ...pick(shape, SHAPE),
    ...(shape.members === undefined ? {} : { members: mapped(members, (ref) => pick(ref, REF)) }),
    ...Object.fromEntries(parts.map((part) => [part, pick(shape[part] as ShapeRef, REF)])),
  };
}

function mapped<T>(from: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, change(value)]));
}

/** The named members that are there and say something (an empty list or `false` says nothing). */
function pick<T extends object>(from: T, keys: readonly string[]): T {
  const entries = keys
    .map((key) => [key, from[key as keyof T]] as const)
    .filter(([, value]) => value !== undefined && value !== false);
  return Object.fromEntries(
    entries.filter(([, value]) => !Array.isArray(value) || value.length > 0),
  ) as unknown as T;
}
