/**
 * YAML → plain data, with the place of every key and value.
 *
 * Our own walk over the parsed document rather than the library's `toJS`: it bounds depth and
 * aliases, keeps positions, and keeps plain values as they were written (`1.10` stays `1.10`).
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import type { Path, Problem } from './rules.ts';

const MAX_DEPTH = 20;
const TOO_DEEP = `is nested too deeply; at most ${MAX_DEPTH} levels are allowed`;
/** Nodes after aliases are followed. A manifest of 256 KB without aliases cannot reach it by accident. */
const MAX_NODES = 100_000;
/** Each alias is looked up by walking the document. */
const MAX_ALIASES = 200;

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Document {
  readonly value: unknown;
  /** Syntax problems, each with its place; when there are any, `value` is not to be used. */
  readonly errors: readonly (Place & { readonly message: string })[];
  /** @returns the place of the nearest thing on this path that exists */
  placeOf(path: Path, at: Problem['at']): Place;
  written(path: Path): string | undefined;
}

interface Mark {
  readonly keyAt: number | null;
  readonly valueAt: number;
  readonly written: string | undefined;
}

class Refused extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

interface Walk {
  readonly marks: Map<string, Mark>;
  readonly resolve: (node: Node) => Node | null | undefined;
  nodes: number;
  aliases: number;
}

/** Reads one YAML document. Never throws for what its author wrote. */
export function readDocument(text: string): Document {
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const marks = new Map<string, Mark>();
  const errors: (Place & { message: string })[] = [];
  let value: unknown;
  try {
    const parsed = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' });
    for (const { message, pos } of [...parsed.errors, ...parsed.warnings]) {
      // The parser catches its own overflow on thousands of nested brackets.
      if (message.startsWith('Maximum call stack')) throw new Refused(TOO_DEEP, 0);
      const at = place(pos[0]);
      // What follows the first problem of a line is mostly its echo.
      if (!errors.some(({ line }) => line === at.line)) errors.push({ ...at, message: friendly(message) });
    }
    const walk: Walk = {
      marks,
      nodes: 0,
      aliases: 0,
      resolve: (node) => (isAlias(node) ? node.resolve(parsed) : node),
    };
    if (errors.length === 0) value = toPlain(parsed.contents, { path: [], keyAt: null, walk });
  } catch (error) {
    if (!(error instanceof Refused) && !(error instanceof RangeError)) throw error;
    const refused = error instanceof Refused ? error : new Refused(TOO_DEEP, 0);
    errors.length = 0;
    errors.push({ ...place(refused.offset), message: refused.message });
  }
  return {
    value,
    errors,
    placeOf(path, at) {
      for (let length = path.length; length >= 0; length--) {
        const mark = marks.get(key(path.slice(0, length)));
        if (mark === undefined) continue;
        const wantsKey = at === 'key' || length < path.length;
        return place(wantsKey && mark.keyAt !== null ? mark.keyAt : mark.valueAt);
      }
      return { line: 1, column: 1 };
    },
    written: (path) => marks.get(key(path))?.written,
  };
}

function key(path: Path): string {
  return JSON.stringify(path);
}

function friendly(message: string): string {
  if (message === 'Map keys must be unique') return 'this key is there twice';
  if (message.includes('multiple documents')) return 'has more than one YAML document; keep one';
  if (/tab/i.test(message)) return `${message} (YAML is indented with spaces)`;
  return message.split('\n')[0]!;
}

interface Here {
  readonly path: Path;
  readonly keyAt: number | null;
  readonly walk: Walk;
}

function toPlain(node: Node | null, here: Here): unknown {
  const { path, keyAt, walk } = here;
  const offset = node?.range?.[0] ?? keyAt ?? 0;
  if (++walk.nodes > MAX_NODES) throw new Refused('aliases repeat too much; write the values out', offset);
  if (path.length > MAX_DEPTH) throw new Refused(TOO_DEEP, offset);
  if (isAlias(node) && ++walk.aliases > MAX_ALIASES) {
    throw new Refused(`aliases are followed more than ${MAX_ALIASES} times; write the values out`, offset);
  }
  const target = node === null ? null : walk.resolve(node);
  if (target === undefined) throw new Refused('this alias has no anchor before it', offset);
  const written = isScalar(target) && typeof target.value !== 'string' ? target.source : undefined;
  walk.marks.set(key(path), { keyAt, valueAt: offset, written });
  if (isSeq(target)) {
    return target.items.map((item, index) =>
      toPlain(item as Node, { path: [...path, index], keyAt: null, walk }),
    );
  }
  if (isMap(target)) return toMap(target.items as Pair<Node, Node | null>[], here);
  return isScalar(target) ? (typeof target.value === 'bigint' ? Number(target.value) : target.value) : null;
}

function toMap(pairs: readonly Pair<Node, Node | null>[], here: Here): Record<string, unknown> {
  const map: Record<string, unknown> = Object.create(null);
  for (const pair of pairs) {
    const name = pair.key;
    const offset = name?.range?.[0] ?? 0;
    if (!isScalar(name)) throw new Refused('a key must be a plain text', offset);
    const text = String(name.source ?? name.value);
    map[text] = toPlain(pair.value, { path: [...here.path, text], keyAt: offset, walk: here.walk });
  }
  return map;
}
