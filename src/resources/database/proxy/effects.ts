/**
 * What a text of SQL leaves behind in its session, as far as the text shows it.
 *
 * A session that keeps nothing can be shared from one transaction to the next; whatever a client
 * leaves in it must stay with that client. So this errs on the side of `pin`. It cannot see what a
 * function or a `DO` block does that it calls (docs/database.md says so).
 *
 * Pure. It reads words, never grammar: strings, comments and quoted names are stepped over.
 */

export type SessionEffect =
  /** A setting of the session, which can be made again on another server connection by the same statement. */
  | { readonly kind: 'set'; readonly name: string; readonly statement: string }
  /** All settings back to what they were at the start; with `statements`, prepared statements as well. */
  | { readonly kind: 'reset'; readonly statements: boolean };

export type Effect =
  | SessionEffect
  | { readonly kind: 'none' }
  /** Something that only its own session has: the client keeps the server connection. */
  | { readonly kind: 'pin'; readonly why: string }
  /** One after the other, all of them or none. */
  | { readonly kind: 'several'; readonly effects: readonly SessionEffect[] }
  /** A prepared statement goes; null: all. */
  | { readonly kind: 'deallocate'; readonly name: string | null };

const NONE: Effect = { kind: 'none' };
const pin = (why: string): Effect => ({ kind: 'pin', why });

/** Most texts have none of these words, and are not read any further. */
const SUSPECT =
  /\b(?:set|reset|listen|prepare|hold|temp|temporary|pg_temp\w*|load|discard|deallocate|do|set_config|pg_(?:try_)?advisory_lock(?:_shared)?)\b/i;
const ADVISORY_LOCK = /^pg_(?:try_)?advisory_lock(?:_shared)?$/;
/** In the body of a DO block, which is a string to us. */
const SUSPECT_BODY =
  /\b(?:listen|temp|temporary|pg_temp\w*|set_config|pg_(?:try_)?advisory_lock(?:_shared)?|with\s+hold)\b|(?:^|;|\bbegin|\$\$)\s*set\s+(?!local\b|transaction\b|constraints\b)/i;
/** Stepped over: spaces, comments, strings. Kept: words, quoted names, other characters. */
const TOKEN =
  /(\s+|--[^\n]*|\$\d+|[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|\d[\w.]*)|("(?:[^"]|"")*")|(\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$)|([A-Za-z_\x80-\xff][\w$\x80-\xff]*)|(\/\*)|([\s\S])/y;

interface Statement {
  /** In lower case; quoted names keep their quotes, strings and numbers are `'`. */
  readonly words: readonly string[];
  readonly text: string;
}

/** @param sql the text, one character per byte */
export function effectOf(sql: string): Effect {
  if (!SUSPECT.test(sql)) return NONE;
  const statements = statementsOf(sql);
  const effects = statements.map(effectOfOne);
  if (effects.length === 1) return effects[0]!;
  const pinning = effects.find((effect) => effect.kind === 'pin');
  if (pinning !== undefined) return pinning;
  const session = effects.filter((effect) => effect.kind === 'set' || effect.kind === 'reset');
  if (session.length === 0) return NONE;
  // They are one transaction, unless they end it themselves.
  const ends = statements.some(({ words: [first = ''] }) => TRANSACTION.includes(first));
  return ends ? pin('SET within a transaction') : { kind: 'several', effects: session };
}

const TRANSACTION = ['begin', 'start', 'commit', 'end', 'rollback', 'abort', 'savepoint', 'release'];

function effectOfOne({ words, text }: Statement): Effect {
  const [first, second] = words;
  switch (first) {
    case 'set':
      return effectOfSet(words, text);
    case 'reset':
      if (second === 'all') return { kind: 'reset', statements: false };
      return second === 'role' || second === 'session'
        ? pin('RESET ROLE')
        : { kind: 'set', name: settingName(words.slice(1)), statement: text };
    case 'discard':
      return second === 'all' ? { kind: 'reset', statements: true } : NONE;
    case 'deallocate':
      return deallocation(second === 'prepare' ? words[2] : second);
    case 'listen':
    case 'load':
      return pin(first.toUpperCase());
    case 'prepare':
      return second === 'transaction' ? NONE : pin('PREPARE');
    case 'do':
      return SUSPECT_BODY.test(text) ? pin('a DO block') : NONE;
    default:
      return effectOfWords(words);
  }
}

function deallocation(name = ''): Effect {
  if (name === 'all') return { kind: 'deallocate', name: null };
  return { kind: 'deallocate', name: unquoted(name) };
}

function effectOfSet(words: readonly string[], text: string): Effect {
  const named = words[1] === 'session' ? words.slice(2) : words.slice(1);
  const [first = ''] = named;
  if (['local', 'transaction', 'constraints'].includes(first)) return NONE;
  if (['role', 'authorization', 'characteristics', 'xml', 'seed'].includes(first)) {
    return pin(`SET ${first.toUpperCase()}`);
  }
  return { kind: 'set', name: settingName(named), statement: text };
}

const ALIASES: Readonly<Record<string, string>> = {
  time: 'timezone',
  names: 'client_encoding',
  schema: 'search_path',
};

function settingName(words: readonly string[]): string {
  const alias = ALIASES[words[0] ?? ''];
  if (alias !== undefined) return alias;
  const end = words.findIndex((word) => word === '=' || word === 'to');
  return words
    .slice(0, end === -1 ? words.length : end)
    .map(unquoted)
    .join('')
    .toLowerCase();
}

function unquoted(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word;
}

function effectOfWords(words: readonly string[]): Effect {
  if (words.some((word) => word.startsWith('pg_temp'))) return pin('a temporary table');
  const temporary = (word: string | undefined) => word === 'temp' || word === 'temporary';
  if (words[0] === 'create' && words.slice(1, 5).some(temporary)) {
    return follow(words, ['on', 'commit', 'drop']) ? NONE : pin('a temporary table');
  }
  for (const [at, word] of words.entries()) {
    const [before, after] = [words[at - 1], words[at + 1]];
    if (after === '(' && ADVISORY_LOCK.test(word)) return pin('an advisory lock of the session');
    if (after === '(' && word === 'set_config' && !isLocal(words, at + 1)) return pin('set_config');
    // INTO TEMP name, of a SELECT; a table may be called temp, too
    const named = temporary(after) && /^["\w]/.test(words[at + 2] ?? '');
    if (word === 'into' && named && before !== 'insert' && before !== 'merge')
      return pin('a temporary table');
  }
  return follow(words, ['with', 'hold']) ? pin('a cursor WITH HOLD') : NONE;
}

function follow(words: readonly string[], wanted: readonly string[]): boolean {
  return words.some((_, at) => wanted.every((word, n) => words[at + n] === word));
}

/** Whether a call of set_config ends in `true`: for this transaction only. */
function isLocal(words: readonly string[], open: number): boolean {
  let depth = 0;
  for (let at = open; at < words.length; at++) {
    if (words[at] === '(') depth++;
    else if (words[at] === ')' && --depth === 0) return words[at - 1] === 'true' && words[at - 2] === ',';
  }
  return false;
}

function statementsOf(sql: string): Statement[] {
  const found: Statement[] = [];
  let words: string[] = [];
  let start = 0;
  const end = (at: number) => {
    if (words.length > 0) found.push({ words, text: sql.slice(start, at).trim() });
    words = [];
    start = at + 1;
  };
  TOKEN.lastIndex = 0;
  for (let at = 0; at < sql.length; at = TOKEN.lastIndex) {
    const [all, skipped, quoted, dollar, word, comment, other] = TOKEN.exec(sql) ?? ['', ''];
    if (quoted !== undefined) words.push(quoted);
    else if (word !== undefined) words.push(word.toLowerCase());
    else if (dollar !== undefined) {
      words.push("'");
      TOKEN.lastIndex = afterDollar(sql, TOKEN.lastIndex, dollar);
    } else if (comment !== undefined) TOKEN.lastIndex = afterComment(sql, TOKEN.lastIndex);
    else if (other === ';') end(at);
    else if (other !== undefined) words.push(other);
    else if (/^[eE]?'|^\d/.test(skipped ?? '')) words.push("'");
    if (all === '') break; // nothing matches the empty rest
  }
  end(sql.length);
  return found;
}

function afterDollar(sql: string, from: number, tag: string): number {
  const end = sql.indexOf(tag, from);
  return end === -1 ? sql.length : end + tag.length;
}

/** Comments can hold comments. */
function afterComment(sql: string, from: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = from;
  for (let depth = 1; depth > 0; ) {
    const found = edge.exec(sql);
    if (found === null) return sql.length;
    depth += found[0] === '/*' ? 1 : -1;
  }
  return edge.lastIndex;
}
