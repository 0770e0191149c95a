/** A random pattern and event, from so few names and values that they often meet. */
import type { Random } from '../../src/base/index.ts';

/** JSON texts. */
export interface Case {
  readonly pattern: string;
  readonly event: string;
}

const NAMES = ['a', 'b', 'a.b', 'a-b', 'ä'];
/** No quote among them: event-ruler takes the ones around a string for part of it. */
const TEXTS = [
  '',
  'a',
  'b',
  'ab',
  'aba',
  'AB',
  'Ab',
  'abab',
  'ba',
  'äß',
  'ÄSS',
  'a*b',
  'a\\b',
  '1',
  'null',
  '”',
];
const ADDRESSES = [
  ...['10.0.0.1', '10.0.0.255', '10.0.1.0', '010.0.0.1', '::1', '2001:db8::1', '2001:DB8:0:0::1'],
  ...['::ffff:a00:1', '1:2', '255.255.255.255'],
];
const NUMBERS = [
  ...['0', '-0', '1', '1.0', '10e-1', '-1', '2', '2.5', '100', '1e2', '1e400', '0.1', '0.1000'],
  ...['12345678901234567890', '12345678901234567891', '9007199254740993', '123456789012', '1.5e-300'],
];
/** None of 0 bits: event-ruler finds numbers and addresses of the other family in those. */
const NETWORKS = ['10.0.0.0/24', '10.0.0.1/31', '8.0.0.0/5', '2001:db8::/32', '255.255.255.0/25'];
const WILDCARDS = ['*', '', 'a*', '*b', 'a*b', '*a*', 'a*b*a', '*b*b*', 'a\\\\*b', 'a\\\\\\\\b', '*ab*ab'];
const BUSY = ['*a*a*a*a*a*', '*ab*ab*ab*', '*a', '*b', 'b*a*', '*aba', '*a*b*a*b'];

/** What no pattern may say, as conditions. */
const WRONG = [
  ...['[]', '{}', '{"prefix": 1}', '{"prefix": {"suffix": "a"}}', '{"prefix": {"equals-ignore-case": 1}}'],
  ...[
    '{"prefix": "a", "suffix": "b"}',
    '{"suffix": ["a"]}',
    '{"suffix": {}}',
    '{"numeric": 1}',
    '{"numeric": []}',
  ],
  ...[
    '{"numeric": ["<"]}',
    '{"numeric": ["=", "1"]}',
    '{"numeric": ["!=", 1]}',
    '{"numeric": ["<", 1, ">", 0]}',
  ],
  ...['{"numeric": [">", 1, "=", 2]}', '{"numeric": [">", 1, 2]}', '{"numeric": [">", 2, "<", 1]}'],
  ...[
    '{"numeric": [">", 1, "<", true]}',
    '{"numeric": [">", 1, "<", 2, 3]}',
    '{"numeric": ["<", 1], "a": 1}',
  ],
  ...['{"numeric": ["=", 12345678901234567890]}', '{"numeric": [">", 1e400]}', '{"numeric": [1, ">"]}'],
  ...[
    '{"anything-but": null}',
    '{"anything-but": []}',
    '{"anything-but": ["a", 1]}',
    '{"anything-but": [true]}',
  ],
  ...['{"anything-but": {"prefix": ""}}', '{"anything-but": {"prefix": ["a", ""]}}', '{"anything-but": {}}'],
  ...[
    '{"anything-but": {"numeric": 1}}',
    '{"anything-but": {"suffix": 1}}',
    '{"anything-but": {"wildcard": "**"}}',
  ],
  ...['{"anything-but": {"wildcard": ["a", 1]}}', '{"anything-but": {"equals-ignore-case": [null]}}'],
  ...['{"anything-but": {"prefix": {"equals-ignore-case": "a"}}}', '{"anything-but": "a", "b": 1}'],
  ...['{"anything-but": [12345678901234567890]}', '{"anything-but": 12345678901234567890}'],
  ...['{"anything-but": {"wildcard": ["a**"]}}', '{"anything-but": {"prefix": "a", "suffix": "b"}}'],
  ...[
    '{"exists": "true"}',
    '{"exists": 1}',
    '{"exists": true, "a": 1}',
    '{"cidr": 1}',
    '{"cidr": "10.0.0.0"}',
  ],
  ...['{"cidr": "10.0.0.0/x"}', '{"cidr": "10.0.0.0/-1"}', '{"cidr": "10.0.0.0/32"}', '{"cidr": "::/128"}'],
  ...[
    '{"cidr": "a/8"}',
    '{"cidr": "10.0.0.0/8/8"}',
    '{"cidr": "10.0.0.0/8", "a": 1}',
    '{"equals-ignore-case": 1}',
  ],
  ...[
    '{"equals-ignore-case": "a", "b": 1}',
    '{"wildcard": "a**b"}',
    '{"wildcard": "a\\\\b"}',
    '{"wildcard": "\\\\"}',
  ],
  ...['{"wildcard": 1}', '{"exactly": 1}', '{"unknown": 1}', '{"PREFIX": "a"}', '"a" "b"', '1,', '01', '-'],
];

export function randomCase(random: Random): Case {
  return new Chance(random).next();
}

class Chance {
  readonly #random: Random;
  /**
   * Whether this pattern has wildcards, or else letters of either case: with both in one field event-ruler takes `::1` for
   * `a`.
   */
  readonly #wild: boolean;

  constructor(random: Random) {
    this.#random = random;
    this.#wild = random() < 0.5;
  }

  next(): Case {
    return { pattern: this.#fields(this.#pick([0, 0, 1, 2]), this.#one(0.15)), event: this.#object(3) };
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item;
  }

  #one(chance: number): boolean {
    return this.#random() < chance;
  }

  #some(most: number, make: () => string): string[] {
    return Array.from({ length: 1 + Math.floor(this.#random() * most) }, make);
  }

  #names(): string[] {
    return [...new Set(this.#some(3, () => this.#pick(NAMES)))];
  }

  #object(depth: number): string {
    const fields = this.#names().map((name) => `${JSON.stringify(name)}: ${this.#value(depth - 1)}`);
    return `{${this.#one(0.05) ? '' : fields.join(', ')}}`;
  }

  #value(depth: number): string {
    if (depth > 0 && this.#one(0.35)) return this.#object(depth);
    if (depth > 0 && this.#one(0.35)) {
      return this.#one(0.1) ? '[]' : `[${this.#some(3, () => this.#value(depth - 1)).join(', ')}]`;
    }
    return this.#scalar();
  }

  #scalar(): string {
    if (this.#one(0.4)) return JSON.stringify(this.#pick(TEXTS));
    if (this.#one(0.5)) return this.#pick(NUMBERS);
    return this.#one(0.5) ? JSON.stringify(this.#pick(ADDRESSES)) : this.#pick(['true', 'false', 'null']);
  }

  /** @param wrong whether something is to be wrong somewhere, mostly */
  #fields(depth: number, wrong: boolean): string {
    const names = this.#one(0.6) ? [this.#pick(NAMES)] : this.#names();
    const fields = names.map((name) => `${JSON.stringify(name)}: ${this.#field(depth, wrong)}`);
    if (depth > 0 && this.#one(0.2)) fields.push(this.#or(depth, wrong));
    if (wrong && this.#one(0.1))
      fields.push(this.#pick(['"d": 1', '"d": {}', '"d": []', '"$or": 1', '"$or": [{}]']));
    return `{${fields.join(', ')}}`;
  }

  #or(depth: number, wrong: boolean): string {
    const ways = [this.#fields(depth - 1, wrong), ...this.#some(2, () => this.#fields(depth - 1, false))];
    if (wrong && this.#one(0.2)) ways.push(this.#pick(['1', '{"prefix": ["a"]}', '[]']));
    return `"$or": [${ways.slice(wrong && this.#one(0.2) ? -1 : 0).join(', ')}]`;
  }

  #field(depth: number, wrong: boolean): string {
    if (depth > 0 && this.#one(0.4)) return this.#fields(depth - 1, wrong);
    const conditions = this.#some(3, () => this.#condition());
    if (wrong && this.#one(0.6)) conditions.push(this.#pick(WRONG));
    return `[${conditions.join(', ')}]`;
  }

  #condition(): string {
    const text = () => JSON.stringify(this.#pick(TEXTS));
    const list = (make: () => string) => (this.#one(0.5) ? make() : `[${this.#some(3, make).join(', ')}]`);
    const full = () => JSON.stringify(this.#pick(TEXTS.slice(1)));
    const wildcard = () => `"${this.#pick(this.#one(0.15) ? BUSY : WILDCARDS)}"`;
    const exact = () =>
      this.#pick(NUMBERS.filter((number) => !/^1234567890123456789|993$|400$/.test(number)));
    const wild = [
      () => `{"wildcard": ${wildcard()}}`,
      () => `{"anything-but": {"wildcard": ${list(wildcard)}}}`,
    ];
    const eitherCase = [
      () => `{"prefix": {"equals-ignore-case": ${text()}}}`,
      () => `{"suffix": {"equals-ignore-case": ${text()}}}`,
      () => `{"equals-ignore-case": ${text()}}`,
      () => `{"anything-but": {"equals-ignore-case": ${list(text)}}}`,
    ];
    return this.#pick<() => string>([
      ...(this.#wild ? wild : eitherCase),
      () => this.#scalar(),
      () => this.#scalar(),
      () => `{"prefix": ${text()}}`,
      () => `{"suffix": ${text()}}`,
      () => `{"exactly": ${text()}}`,
      () => `{"exists": ${this.#pick(['true', 'false'])}}`,
      () => `{"cidr": "${this.#pick(NETWORKS)}"}`,
      () => `{"numeric": ["${this.#pick(['=', '<', '<=', '>', '>='])}", ${exact()}]}`,
      () =>
        `{"numeric": ["${this.#pick(['>', '>='])}", -1, "${this.#pick(['<', '<='])}", ${this.#pick(['0', '2', '1e2'])}]}`,
      () => `{"anything-but": ${list(text)}}`,
      () => `{"anything-but": ${list(exact)}}`,
      () => `{"anything-but": {"${this.#pick(['prefix', 'suffix'])}": ${list(full)}}}`,
    ])();
  }
}
