/** XML elements to values of a model's types, and back. */
import { MAX_DEPTH, tooDeep } from './refuse.ts';
import { scalarFromText, scalarToText } from './scalars.ts';
import type { Shape } from './shape.ts';
import { escapeXml, type XmlElement } from './xml.ts';

/** @param elements one, or of a flattened list or map all that bear its name */
export function readXml(shape: Shape, elements: readonly XmlElement[], depth = 0): unknown {
  if (depth > MAX_DEPTH) throw tooDeep();
  const [element] = elements;
  if (element === undefined) return undefined;
  switch (shape.type) {
    case 'structure':
      return readXmlStructure(shape, element, depth);
    case 'list': {
      const items =
        shape.traits.flattened === true
          ? elements
          : named(element, shape.member.traits.locationName ?? 'member');
      return items.map((item) => readXml(shape.member, [item], depth + 1));
    }
    case 'map': {
      const entries = shape.traits.flattened === true ? elements : named(element, 'entry');
      return readEntries(shape, entries, depth);
    }
    default:
      return scalarFromText(shape, element.text, 'iso8601');
  }
}

export function readXmlStructure(shape: Shape, element: XmlElement, depth = 0): object {
  const entries: [string, unknown][] = [];
  for (const [name, member] of shape.members) {
    if (member.traits.location !== undefined) continue;
    const value = readMember(element, { name, member }, depth);
    if (value !== undefined) entries.push([name, value]);
  }
  return Object.fromEntries(entries);
}

function readMember(element: XmlElement, { name, member }: Member, depth: number): unknown {
  const key = member.traits.locationName ?? name;
  if (member.traits.xmlAttribute === true) {
    const text = element.attributes.get(key);
    return text === undefined ? undefined : scalarFromText(member, text, 'iso8601');
  }
  const found = named(element, key);
  const inner = flattenedName(member);
  return readXml(member, found.length === 0 && inner !== null ? named(element, inner) : found, depth + 1);
}

interface Member {
  readonly name: string;
  readonly member: Shape;
}

/** A flattened list's elements may be called by the name of its member; null: no flattened list, or no name. */
function flattenedName(shape: Shape): string | null {
  if (shape.type !== 'list' || shape.traits.flattened !== true) return null;
  return shape.member.traits.locationName ?? null;
}

function readEntries(shape: Shape, entries: readonly XmlElement[], depth: number): object {
  const { key, value } = shape;
  const read = entries.map((entry) => [
    named(entry, key.traits.locationName ?? 'key')[0]?.text ?? '',
    readXml(value, named(entry, value.traits.locationName ?? 'value'), depth + 1),
  ]);
  return Object.fromEntries(read.filter(([, item]) => item !== undefined));
}

function named({ children }: XmlElement, qualified: string): readonly XmlElement[] {
  const name = qualified.slice(qualified.indexOf(':') + 1);
  return children.filter((child) => child.name === name);
}

/** One element, or for flattened lists and maps as many as there are values. */
export function writeXml(shape: Shape, name: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  switch (shape.type) {
    case 'structure':
      return writeXmlStructure(shape, name, { value: value as Readonly<Record<string, unknown>> });
    case 'list':
      return writeList(shape, name, value as readonly unknown[]);
    case 'map':
      return writeMap(shape, name, value as Readonly<Record<string, unknown>>);
    default:
      return `<${name}${namespaceOf(shape)}>${escapeXml(scalarToText(shape, value, 'iso8601'))}</${name}>`;
  }
}

interface StructureWriting {
  readonly value: Readonly<Record<string, unknown>>;
  /** Of a root element that says none itself. */
  readonly namespace?: Shape['traits']['xmlNamespace'] | undefined;
}

export function writeXmlStructure(
  shape: Shape,
  name: string,
  { value, namespace }: StructureWriting,
): string {
  const attributes: string[] = [namespaceText(shape.traits.xmlNamespace ?? namespace)];
  for (const [memberName, member] of shape.members) {
    const item = value[memberName];
    if (member.traits.xmlAttribute !== true || item === undefined) continue;
    const text = escapeXml(scalarToText(member, item, 'iso8601'));
    attributes.push(` ${member.traits.locationName ?? memberName}="${text}"`);
  }
  return `<${name}${attributes.join('')}>${writeXmlMembers(shape, value)}</${name}>`;
}

/** The members of a structure that stand in the body, without an element around them. */
export function writeXmlMembers(shape: Shape, value: Readonly<Record<string, unknown>>): string {
  let written = '';
  for (const [name, member] of shape.members) {
    if (member.traits.location !== undefined || member.traits.xmlAttribute === true) continue;
    const key = member.traits.locationName ?? name;
    written += writeXml(member, key, value[name]);
  }
  return written;
}

function writeList(shape: Shape, name: string, items: readonly unknown[]): string {
  const flat = shape.traits.flattened === true;
  const itemName = flat ? name : (shape.member.traits.locationName ?? 'member');
  const written = items.map((item) => writeXml(shape.member, itemName, item)).join('');
  return flat ? written : `<${name}${namespaceOf(shape)}>${written}</${name}>`;
}

function writeMap(shape: Shape, name: string, value: Readonly<Record<string, unknown>>): string {
  const flat = shape.traits.flattened === true;
  const entryName = flat ? name : 'entry';
  const written = Object.entries(value).map(([key, item]) => {
    const keyXml = writeXml(shape.key, shape.key.traits.locationName ?? 'key', key);
    const valueXml = writeXml(shape.value, shape.value.traits.locationName ?? 'value', item);
    return `<${entryName}${flat ? namespaceOf(shape) : ''}>${keyXml}${valueXml}</${entryName}>`;
  });
  return flat ? written.join('') : `<${name}${namespaceOf(shape)}>${written.join('')}</${name}>`;
}

function namespaceOf({ traits }: Shape): string {
  return namespaceText(traits.xmlNamespace);
}

function namespaceText(xmlNamespace: Shape['traits']['xmlNamespace']): string {
  if (xmlNamespace === undefined) return '';
  if (typeof xmlNamespace === 'string') return ` xmlns="${escapeXml(xmlNamespace)}"`;
  const { prefix, uri } = xmlNamespace;
  return ` xmlns${prefix === undefined || prefix === '' ? '' : `:${prefix}`}="${escapeXml(uri)}"`;
}
