/**
 * JSON, token by token, with the place of each.
 *
 * Patterns are not read with `JSON.parse`, because EventBridge's errors name line and column as the reader that it is
 * made with counts them: after what has been looked at so far. So this one looks ahead where that one does (past the
 * colon of a name, to the first character of its value) and leaves a string where it begins until somebody asks for it.
 * Duplicate names and what follows the last bracket are the caller's affair.
 */
import { PatternError } from './error.ts';

export type Token = '{' | '}' | '[' | ']' | 'name' | 'string' | 'number' | 'true' | 'false' | 'null' | 'end';

/** Characters of the pattern that an error repeats. */
const MAX_SHOWN = 500;
const VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

interface Opened {
  readonly mark: '{' | '[';
  readonly place: string;
  entries: number;
}

export class JsonReader {
  readonly #source: string;
  readonly #opened: Opened[] = [];
  #at = 0;
  #line = 1;
  #rowStart = 0;
  #ahead: Token | null = null;
  #unreadString = false;
  #text = '';
  #name = '';

  constructor(source: string) {
    this.#source = source;
  }

  /** The name that the last `name` token had. */
  get name(): string {
    return this.#name;
  }

  /** What the last token says: a string's characters, otherwise as it is written. Reads a string to its end. */
  text(): string {
    if (this.#unreadString) {
      this.#unreadString = false;
      this.#text = this.#readString('string value');
    }
    return this.#text;
  }

  /** Where the reader is, as errors say it. */
  place(at = this.#at): string {
    const cut = this.#source.length - MAX_SHOWN;
    const shown = `(String)"${this.#source.slice(0, MAX_SHOWN)}"${cut > 0 ? `[truncated ${cut} chars]` : ''}`;
    return `[Source: ${shown}; line: ${this.#line}, column: ${at - this.#rowStart + 1}]`;
  }

  /** @throws {PatternError} always, with the place */
  fail(reason: string, at = this.#at): never {
    throw new PatternError(reason, `\n at ${this.place(at)}`);
  }

  /** @throws {PatternError} if this is not JSON */
  next(): Token {
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead !== null) return ahead;
    if (this.#unreadString) this.text();
    return this.#advance();
  }

  #advance(): Token {
    this.#skipSpace();
    const opened = this.#opened.at(-1);
    const first = this.#source[this.#at];
    if (first === undefined) return this.#end();
    if (first === ']' || first === '}') return this.#close(first);
    if (opened !== undefined && opened.entries++ > 0) this.#skipComma(opened);
    if (opened?.mark !== '{') return this.#value();
    this.#name = this.#readName();
    this.#ahead = this.#value();
    return 'name';
  }

  #end(): Token {
    const opened = this.#opened.at(-1);
    if (opened === undefined) return 'end';
    const what = opened.mark === '{' ? 'Object' : 'Array';
    this.fail(`Unexpected end-of-input: expected close marker for ${what} (start marker at ${opened.place})`);
  }

  #close(mark: ']' | '}'): Token {
    const opened = this.#opened.pop();
    const expected = opened?.mark === '{' ? '}' : ']';
    if (opened === undefined) this.#unexpected(`expected a valid value ${VALUES}`);
    this.#at += 1;
    if (mark !== expected) {
      const what = opened.mark === '{' ? 'Object' : 'Array';
      this.fail(
        `Unexpected close marker '${mark}': expected '${expected}' (for ${what} starting at ${opened.place})`,
        this.#at - 1,
      );
    }
    this.#text = mark;
    return mark;
  }

  #skipComma(opened: Opened): void {
    if (this.#source[this.#at] !== ',') {
      this.#unexpected(`was expecting comma to separate ${opened.mark === '{' ? 'Object' : 'Array'} entries`);
    }
    this.#at += 1;
    this.#skipSpace();
  }

  #readName(): string {
    if (this.#source[this.#at] !== '"') this.#unexpected('was expecting double-quote to start field name');
    this.#at += 1;
    const name = this.#readString('name');
    this.#skipSpace();
    if (this.#source[this.#at] !== ':')
      this.#unexpected('was expecting a colon to separate field name and value');
    this.#at += 1;
    this.#skipSpace();
    return name;
  }

  #value(): Token {
    const first = this.#source[this.#at];
    if (first === undefined) return this.#end();
    if (first === '"') {
      this.#at += 1;
      this.#unreadString = true;
      return 'string';
    }
    if (first === '{' || first === '[') {
      const place = this.place();
      this.#at += 1;
      this.#opened.push({ mark: first, place, entries: 0 });
      this.#text = first;
      return first;
    }
    return /[-0-9]/.test(first) ? this.#number() : this.#word();
  }

  #number(): Token {
    const [found] = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(this.#source.slice(this.#at)) ?? [];
    if (found === undefined) {
      this.#at += 1;
      this.#unexpected(
        'expected digit (0-9) to follow minus sign, for valid numeric value',
        ' in numeric value',
      );
    }
    this.#at += found.length;
    if (/\d/.test(this.#source[this.#at] ?? '')) {
      this.fail('Invalid numeric value: Leading zeroes not allowed');
    }
    if (/[.eE\p{L}_$]/u.test(this.#source[this.#at] ?? '')) {
      this.#unexpected('Expected space separating root-level values');
    }
    this.#text = found;
    return 'number';
  }

  #word(): Token {
    const [word] = /^[\p{L}\p{N}_$]+/u.exec(this.#source.slice(this.#at)) ?? [];
    if (word === undefined) this.#unexpected(`expected a valid value ${VALUES}`);
    this.#at += word.length;
    if (word !== 'true' && word !== 'false' && word !== 'null') {
      this.fail(`Unrecognized token '${word}': was expecting ${VALUES}`);
    }
    this.#text = word;
    return word;
  }

  /** Reads from after the opening quote to after the closing one. */
  #readString(what: 'name' | 'string value'): string {
    let read = '';
    for (let from = this.#at; ; ) {
      const character = this.#source[this.#at];
      if (character === undefined) {
        this.fail(
          what === 'name'
            ? 'Unexpected end-of-input in field name'
            : 'Unexpected end-of-input: was expecting closing quote for a string value',
        );
      }
      this.#at += 1;
      if (character === '"') return read + this.#source.slice(from, this.#at - 1);
      if (character < ' ') {
        const code = character.charCodeAt(0);
        this.fail(
          `Illegal unquoted character ((CTRL-CHAR, code ${code})): has to be escaped using backslash to be included in ${what}`,
        );
      }
      if (character !== '\\') continue;
      read += this.#source.slice(from, this.#at - 1) + this.#escaped();
      from = this.#at;
    }
  }

  #escaped(): string {
    const mark = this.#source[this.#at] ?? '';
    this.#at += 1;
    if (mark === 'u') {
      const digits = this.#source.slice(this.#at, this.#at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
        this.#unexpected('expected a hex-digit for character escape sequence');
      }
      this.#at += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    return ESCAPES[mark] ?? this.fail(`Unrecognized character escape ${named(mark)}`);
  }

  #skipSpace(): void {
    for (; ; this.#at += 1) {
      const character = this.#source[this.#at];
      if (character === '\n') {
        this.#line += 1;
        this.#rowStart = this.#at + 1;
      } else if (character !== ' ' && character !== '\t' && character !== '\r') return;
    }
  }

  #unexpected(why: string, where = ''): never {
    const character = this.#source[this.#at];
    if (character === undefined) this.#end();
    this.fail(`Unexpected character (${named(character ?? '')})${where}: ${why}`);
  }
}

function named(character: string): string {
  return `'${character}' (code ${character.charCodeAt(0)})`;
}
