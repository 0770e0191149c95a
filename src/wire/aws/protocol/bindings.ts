/**
 * The parts of the REST protocols that are not the body: labels of the path, the query, headers, and the
 * status. Members bound to none of these are in the body.
 */
import { parseJson } from './json-values.ts';
import { serializationError } from './refuse.ts';
import { scalarFromText, scalarToText, timestampFormat } from './scalars.ts';
import type { Shape } from './shape.ts';

export interface RestParts {
  /** Still percent-encoded. */
  readonly labels: ReadonlyMap<string, string>;
  readonly query: ReadonlyMap<string, readonly string[]>;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** @throws {AwsError} `SerializationException` */
export function parseQuery(url: string): Map<string, string[]> {
  const query = new Map<string, string[]>();
  const at = url.indexOf('?');
  if (at === -1) return query;
  for (const pair of url.slice(at + 1).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodePercent((equals === -1 ? pair : pair.slice(0, equals)).replaceAll('+', ' '));
    const value = equals === -1 ? '' : decodePercent(pair.slice(equals + 1).replaceAll('+', ' '));
    const values = query.get(name);
    if (values === undefined) query.set(name, [value]);
    else values.push(value);
  }
  return query;
}

export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw serializationError('The URL is not valid percent-encoded UTF-8');
  }
}

/** The members of an input that are bound to parts of the request. */
export function readBindings(input: Shape, parts: RestParts): [string, unknown][] {
  const found: [string, unknown][] = [];
  for (const [name, member] of input.members) {
    const value = readBinding(parts, name, member);
    if (value !== undefined) found.push([name, value]);
  }
  return found;
}

function readBinding(parts: RestParts, name: string, member: Shape): unknown {
  const { location, locationName = name } = member.traits;
  switch (location) {
    case 'uri': {
      const label = parts.labels.get(locationName);
      return label === undefined ? undefined : scalarFromText(member, decodePercent(label), 'iso8601');
    }
    case 'querystring':
      return fromQuery(member, parts, locationName);
    case 'header':
      return fromHeader(member, parts.headers[locationName.toLowerCase()]);
    case 'headers':
      return fromPrefix(parts.headers, locationName.toLowerCase());
    default:
      return undefined;
  }
}

function fromQuery(shape: Shape, { query }: RestParts, name: string): unknown {
  if (shape.type === 'map') {
    const isMulti = shape.value.type === 'list';
    return Object.fromEntries([...query].map(([key, values]) => [key, isMulti ? values : (values[0] ?? '')]));
  }
  const values = query.get(name);
  if (values === undefined) return undefined;
  if (shape.type !== 'list') return scalarFromText(shape, values[0] ?? '', 'iso8601');
  return values.map((value) => scalarFromText(shape.member, value, timestampFormat(shape.member, 'iso8601')));
}

function fromHeader(shape: Shape, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  if (shape.type === 'list') return listFromHeader(shape, text);
  if (shape.traits.jsonvalue === true) return parseJson(Buffer.from(text, 'base64'));
  return scalarFromText(shape, text, 'rfc822');
}

/** `a, "b, c", d`; dates of RFC 822 hold a comma themselves. */
function listFromHeader({ member }: Shape, text: string): unknown[] {
  const isDate = member.type === 'timestamp' && timestampFormat(member, 'rfc822') === 'rfc822';
  const items = isDate
    ? (text.match(/[^,]+,[^,]+/g) ?? [])
    : (text.match(/\s*("(?:[^"\\]|\\.)*"|[^,]*)\s*(?:,|$)/g) ?? []).map((item) => item.replace(/,\s*$/, ''));
  return items
    .map((item) => item.trim())
    .filter((item, index) => item !== '' || index === 0)
    .filter((item) => item !== '')
    .map((item) => scalarFromText(member, unquote(item), 'rfc822'));
}

function unquote(text: string): string {
  return /^".*"$/s.test(text) ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : text;
}

function fromPrefix(headers: RestParts['headers'], prefix: string): object {
  const found = Object.entries(headers).filter(
    ([name, value]) => name.startsWith(prefix) && value !== undefined,
  );
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
}

export interface WrittenBindings {
  readonly headers: Readonly<Record<string, string>>;
  /** Null: the operation's own. */
  readonly statusCode: number | null;
}

/** The members of an output (or error) that are headers or the status. */
export function writeBindings(output: Shape, value: Readonly<Record<string, unknown>>): WrittenBindings {
  const headers: Record<string, string> = {};
  let statusCode: number | null = null;
  for (const [name, member] of output.members) {
    const item = value[name];
    const { location, locationName = name } = member.traits;
    if (item === undefined || item === null) continue;
    if (location === 'statusCode') statusCode = Number(item);
    if (location === 'header') headers[locationName.toLowerCase()] = headerText(member, item);
    if (location === 'headers') {
      for (const [key, text] of Object.entries(item))
        headers[(locationName + key).toLowerCase()] = cleaned(String(text));
    }
  }
  return { headers, statusCode };
}

function headerText(shape: Shape, value: unknown): string {
  if (shape.traits.jsonvalue === true) return Buffer.from(JSON.stringify(value)).toString('base64');
  if (shape.type !== 'list') return cleaned(scalarToText(shape, value, 'rfc822'));
  const { member } = shape;
  const items = (value as readonly unknown[]).map((item) => scalarToText(member, item, 'rfc822'));
  const quotes = member.type === 'string';
  return cleaned(items.map((item) => (quotes && /[",]/.test(item) ? JSON.stringify(item) : item)).join(', '));
}

/** Line ends would end the header. */
function cleaned(text: string): string {
  return text.replace(/[\r\n\0]+/g, ' ');
}
