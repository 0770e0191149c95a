/**
 * XML as AWS's protocols use it: elements, attributes and text. A document type is refused, so there are
 * no entities but the five of XML itself and characters by number, and nothing is ever fetched.
 *
 * Elements are known by their local names; attributes keep their prefix (`xsi:type`).
 */
import { MAX_DEPTH, serializationError } from './refuse.ts';

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All text right inside the element. */
  readonly text: string;
}

interface Open extends XmlElement {
  readonly qualified: string;
  readonly children: XmlElement[];
  text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
/** One piece of markup, or text up to the next. */
const PIECE =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/y;
const ATTRIBUTE = /([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** @throws {AwsError} `MalformedXML` is the service's word; here `SerializationException` */
export function parseXml(text: string): XmlElement {
  const root: Open = open('', '');
  const stack: Open[] = [root];
  PIECE.lastIndex = 0;
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  while (at < text.length) {
    PIECE.lastIndex = at;
    const piece = PIECE.exec(text);
    if (piece === null) throw malformed();
    at = PIECE.lastIndex;
    take(stack, piece);
  }
  const [element, second] = root.children;
  if (stack.length !== 1 || element === undefined || second !== undefined) throw malformed();
  if (root.text.trim() !== '') throw malformed();
  return element;
}

function take(stack: Open[], [whole, cdata, slash, qualified, attributes, closed]: RegExpExecArray): void {
  const top = stack.at(-1) as Open;
  if (cdata !== undefined) top.text += cdata;
  else if (qualified === undefined) {
    if (!whole.startsWith('<')) top.text += unescapeXml(whole);
  } else if (slash === '/') {
    if (stack.length === 1 || top.qualified !== qualified || attributes !== '' || closed === '/')
      throw malformed();
    stack.pop();
  } else {
    if (stack.length > MAX_DEPTH)
      throw serializationError(`The XML is nested more than ${MAX_DEPTH} levels deep`);
    const element = open(qualified, attributes ?? '');
    top.children.push(element);
    if (closed !== '/') stack.push(element);
  }
}

function open(qualified: string, attributes: string): Open {
  const found = [...attributes.matchAll(ATTRIBUTE)].map(
    ([, name, double, single]) => [name as string, unescapeXml(double ?? single ?? '')] as const,
  );
  const name = qualified.slice(qualified.indexOf(':') + 1);
  return { qualified, name, attributes: new Map(found), children: [], text: '' };
}

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&\s]{0,12});?/g, (whole, name: string) => {
    if (!whole.endsWith(';')) throw malformed();
    const code = /^#(?:x([\da-f]+)|(\d+))$/i.exec(name);
    if (code !== null) return characterOf(Number.parseInt(code[1] ?? code[2] ?? '', code[1] ? 16 : 10));
    const known = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
    if (known === undefined) throw malformed();
    return known;
  });
}

function characterOf(code: number): string {
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw malformed();
  return String.fromCodePoint(code);
}

function malformed() {
  return serializationError('The XML you provided was not well-formed');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: XML cannot hold these at all
const UNWRITABLE = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
  '\n': '&#xA;',
  '\u0085': '&#x85;',
  '\u2028': '&#x2028;',
};

/** Text, or an attribute's value, as it stands in XML; what XML cannot hold becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(UNWRITABLE, '\uFFFD')
    .replace(/[&<>"\r\n\u0085\u2028]/g, (found) => ESCAPES[found] as string);
}
