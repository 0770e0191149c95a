/** TypeScript types of a model's inputs and outputs, as text. */
import type { ModelDocument, ShapeDocument } from '../../src/wire/aws/protocol/index.ts';

const LINE_WIDTH = 110;
const PLAIN = {
  string: 'string',
  character: 'string',
  integer: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  boolean: 'boolean',
  blob: 'Buffer',
  timestamp: 'Date',
} as const;

/**
 * One `interface` a structure, one union of literals an enumeration; everything else is written where it is
 * used. Ends with `<Service>Operations`: input and output of each operation by its name.
 *
 * @param service as in the name of the last interface: `Lambda`
 */
export function typesOf(model: ModelDocument, service: string): string {
  const { source, shapes, operations } = model;
  const named = Object.entries(shapes).filter(([, shape]) => isNamed(shape));
  const declarations = named.map(([name, shape]) => declare(model, name, shape));
  const members = Object.entries(operations).map(([name, { input, output }]) => {
    const [taken, given] = [input, output].map((ref) => (ref === undefined ? 'object' : typeName(ref.shape)));
    const line = `  readonly ${name}: { readonly input: ${taken}; readonly output: ${given} };`;
    return line.length <= LINE_WIDTH
      ? line
      : `  readonly ${name}: {\n    readonly input: ${taken};\n    readonly output: ${given};\n  };`;
  });
  return [
    `// Made by tools/aws-models.ts from ${source?.package} ${source?.version}. Do not edit.`,
    ...declarations,
    `export interface ${service}Operations {\n${members.join('\n')}\n}`,
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

function isNamed(shape: ShapeDocument): boolean {
  if (shape.type === 'structure') return shape.document !== true;
  return shape.enum !== undefined;
}

function declare(model: ModelDocument, name: string, shape: ShapeDocument): string {
  if (shape.enum !== undefined) {
    const values = shape.enum.map((value) => `'${value.replaceAll("'", "\\'")}'`);
    const line = `export type ${typeName(name)} = ${values.join(' | ')};`;
    return line.length <= LINE_WIDTH
      ? line
      : `export type ${typeName(name)} =\n${values.map((value) => `  | ${value}`).join('\n')};`;
  }
  const required = new Set(shape.union === true ? [] : shape.required);
  const members = Object.entries(shape.members ?? {}).map(([member, ref]) => {
    const type = typeOf(model, ref.shape, ref.streaming === true);
    const key = /^[A-Za-z_$][\w$]*$/.test(member) ? member : `'${member}'`;
    return required.has(member) ? `  readonly ${key}: ${type};` : `  readonly ${key}?: ${type} | undefined;`;
  });
  if (members.length === 0) return `export type ${typeName(name)} = object;`;
  return `export interface ${typeName(name)} {\n${members.join('\n')}\n}`;
}

function typeOf(model: ModelDocument, name: string, streams = false): string {
  const shape = model.shapes[name] as ShapeDocument;
  if (shape.document === true) return 'unknown';
  if (isNamed(shape)) return shape.eventstream === true ? `AsyncIterable<${typeName(name)}>` : typeName(name);
  switch (shape.type) {
    case 'list':
      return `readonly ${grouped(typeOf(model, shape.member?.shape as string))}[]`;
    case 'map':
      return `Readonly<Record<string, ${typeOf(model, shape.value?.shape as string)}>>`;
    case 'blob':
      return streams || shape.streaming === true ? 'AsyncIterable<Uint8Array>' : PLAIN.blob;
    case 'structure':
      return 'object';
    default:
      return PLAIN[shape.type];
  }
}

function grouped(type: string): string {
  return type.startsWith('readonly ') ? `(${type})` : type;
}

/** Names that TypeScript has a meaning for already get another. */
function typeName(name: string): string {
  const upper = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  return ['Function', 'Record', 'Date', 'Error', 'Object', 'Buffer', 'Readonly'].includes(upper)
    ? `${upper}Shape`
    : upper;
}
