/** What the published models leave unsaid of some services, as changes to a model that is small already. */
import type { ModelDocument, ShapeDocument, ShapeRef } from '../../src/wire/aws/protocol/index.ts';

type Shapes = ModelDocument['shapes'];

/**
 * For a service that judges its inputs in words of its own: nothing that comes in is required, and every
 * enumeration is open, so that what is missing or unknown reaches the operation.
 */
export function judgedByService(model: ModelDocument): ModelDocument {
  const taken = inputShapes(model);
  const shapes = Object.entries(model.shapes).map(([name, shape]) => {
    const { required, ...rest } = shape;
    const open = rest.enum === undefined ? {} : { openEnum: true };
    return [name, taken.has(name) ? { ...rest, ...open } : { ...shape, ...open }];
  });
  return { ...model, shapes: Object.fromEntries(shapes) };
}

function inputShapes({ operations, shapes }: ModelDocument): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const ref of refsOf(shapes[name] as ShapeDocument)) visit(ref.shape);
  };
  for (const { input } of Object.values(operations)) if (input !== undefined) visit(input.shape);
  return found;
}

function refsOf({ members = {}, member, key, value }: ShapeDocument): ShapeRef[] {
  return [...Object.values(members), member, key, value].filter((ref) => ref !== undefined);
}

/**
 * The codes that the errors of a service had in the query protocol, which it still sends in a header.
 *
 * @param codes by the names of the errors' shapes
 */
export function withQueryCodes(model: ModelDocument, codes: Readonly<Record<string, string>>): ModelDocument {
  const shapes = Object.entries(model.shapes).map(([name, shape]) => {
    const code = codes[name];
    return [name, code === undefined ? shape : { ...shape, error: { ...shape.error, code } }];
  });
  return { ...model, shapes: Object.fromEntries(shapes) };
}

export interface QueryWords {
  readonly xmlNamespace: string;
  /** Names on the wire that do not follow from the members' names. */
  readonly names: Readonly<Record<string, string>>;
  /** What the keys of maps are called, by the map's shape; left out: `Name`. */
  readonly keys: Readonly<Record<string, string>>;
  /** The member of inputs that the path of a request says where the form does not. */
  readonly fromPath: string | null;
}

/**
 * The model of a service that went from the query protocol to JSON, as the model of what it still understands: the
 * same shapes, with the names that lists and maps have in forms and in XML.
 */
export function queryForm(model: ModelDocument, words: QueryWords): ModelDocument {
  const { jsonVersion, targetPrefix, awsQueryCompatible, ...metadata } = model.metadata;
  const operations = Object.entries(model.operations).map(([name, { output, ...rest }]) => [
    name,
    { ...rest, ...(output !== undefined && { output: { ...output, resultWrapper: `${name}Result` } }) },
  ]);
  const inputs = new Set(Object.values(model.operations).map(({ input }) => input?.shape));
  const shapes = Object.keys(model.shapes).map((name) => [
    name,
    shapeInQuery(model, name, inputs.has(name) ? words : { ...words, fromPath: null }),
  ]);
  return {
    ...model,
    metadata: { ...metadata, protocol: 'query', xmlNamespace: words.xmlNamespace },
    operations: Object.fromEntries(operations),
    shapes: Object.fromEntries(shapes),
  };
}

function shapeInQuery({ shapes }: ModelDocument, name: string, words: QueryWords): ShapeDocument {
  const shape = shapes[name] as ShapeDocument;
  const { key, value, members } = shape;
  if (key !== undefined && value !== undefined) {
    const keyName = words.keys[name] ?? 'Name';
    return { ...shape, key: { ...key, locationName: keyName }, value: { ...value, locationName: 'Value' } };
  }
  if (members === undefined) return shape;
  const named = Object.entries(members).map(([member, ref]) => {
    const fromPath = member === words.fromPath ? { location: 'uri' as const } : {};
    const wireName = wireNameOf(shapes, { member, ref, words });
    return [member, { ...ref, ...fromPath, ...(wireName !== null && { locationName: wireName }) }];
  });
  return { ...shape, members: Object.fromEntries(named) };
}

interface Named {
  readonly member: string;
  readonly ref: ShapeRef;
  readonly words: QueryWords;
}

/** Each of what is many stands by itself, under one name: that of the structure it is, or the member's in the singular. */
function wireNameOf(shapes: Shapes, { member, ref, words }: Named): string | null {
  const { type, member: item } = shapes[ref.shape] as ShapeDocument;
  if (type !== 'list' && type !== 'map') return null;
  if (item !== undefined && shapes[item.shape]?.type === 'structure') return item.shape;
  return words.names[member] ?? `${member[0]?.toUpperCase()}${member.slice(1).replace(/s$/, '')}`;
}
