/**
 * The `Condition` element of a policy: operators, their set forms and `…IfExists`, compiled once.
 *
 * A block holds when every operator holds for every key. A positive operator holds when a value of the request
 * matches one of the policy's; a negated one when no value matches any. A key that the request lacks fails a
 * positive operator and satisfies a negated one, `…IfExists` and `ForAllValues`.
 */
import { BlockList, isIP } from 'node:net';
import type { ArnPattern, Lookup, Template } from './pattern.ts';
import { compileArn, compileTemplate, fill, matches, matchesArn } from './pattern.ts';

/** All values that the request has under a key, in lower case; undefined: it has no such key. */
export type Values = (key: string) => readonly string[] | undefined;

export type Condition = (values: Values, lookup: Lookup) => boolean;

/** One value of the policy, ready to be compared with one of the request. */
type Test = (value: string, lookup: Lookup) => boolean;

interface Operator {
  readonly negated: boolean;
  /** @returns null when the policy's value has the wrong form for the operator */
  readonly compile: (value: string, variables: boolean) => Test | null;
}

const text = (negated: boolean, form: { like?: boolean; ignoreCase?: boolean } = {}): Operator => ({
  negated,
  compile(value, variables) {
    const given = form.ignoreCase === true ? value.toLowerCase() : value;
    const template: Template = compileTemplate(given, { variables, wildcards: form.like === true });
    return (asked, lookup) => {
      const filled = fill(template, lookup);
      if (filled === null) return false;
      if (form.like === true) return matches(filled, asked);
      return form.ignoreCase === true ? filled.toLowerCase() === asked.toLowerCase() : filled === asked;
    };
  },
});

const arn = (negated: boolean): Operator => ({
  negated,
  compile(value, variables) {
    const pattern: ArnPattern = compileArn(value, variables);
    return (asked, lookup) => matchesArn(pattern, asked, lookup);
  },
});

const measured = (
  read: (text: string) => number | null,
  negated: boolean,
  holds: (asked: number, given: number) => boolean,
): Operator => ({
  negated,
  compile(value) {
    const given = read(value);
    if (given === null) return null;
    return (asked) => {
      const number = read(asked);
      return number !== null && holds(number, given);
    };
  },
});

const equal = (a: number, b: number) => a === b;

const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    StringEquals: text(false),
    StringNotEquals: text(true),
    StringEqualsIgnoreCase: text(false, { ignoreCase: true }),
    StringNotEqualsIgnoreCase: text(true, { ignoreCase: true }),
    StringLike: text(false, { like: true }),
    StringNotLike: text(true, { like: true }),
    ...measuredOperators('Numeric', numberOf),
    ...measuredOperators('Date', dateOf),
    Bool: { negated: false, compile: boolean },
    BinaryEquals: { negated: false, compile: binary },
    IpAddress: { negated: false, compile: network },
    NotIpAddress: { negated: true, compile: network },
    ArnEquals: arn(false),
    ArnLike: arn(false),
    ArnNotEquals: arn(true),
    ArnNotLike: arn(true),
  } satisfies Record<string, Operator>).map(([name, operator]) => [name.toLowerCase(), operator]),
);

function measuredOperators(kind: string, read: (text: string) => number | null): Record<string, Operator> {
  return {
    [`${kind}Equals`]: measured(read, false, equal),
    [`${kind}NotEquals`]: measured(read, true, equal),
    [`${kind}LessThan`]: measured(read, false, (asked, given) => asked < given),
    [`${kind}LessThanEquals`]: measured(read, false, (asked, given) => asked <= given),
    [`${kind}GreaterThan`]: measured(read, false, (asked, given) => asked > given),
    [`${kind}GreaterThanEquals`]: measured(read, false, (asked, given) => asked >= given),
  };
}

/**
 * Compiles one key of one operator: `StringLike`, `aws:username`, `['a*']`.
 *
 * @returns null when there is no such operator or a value has the wrong form
 */
export function compileCondition(
  name: string,
  key: string,
  given: { readonly values: readonly string[]; readonly variables: boolean },
): Condition | null {
  const parsed = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/i.exec(name);
  if (parsed === null) return null;
  const [, set = '', operatorName = '', ifExists] = parsed;
  const wanted = key.toLowerCase();
  if (operatorName.toLowerCase() === 'null') {
    return set === '' && ifExists === undefined ? nullCondition(wanted, given.values) : null;
  }
  const operator = OPERATORS.get(operatorName.toLowerCase());
  const tests = given.values.map((value) => operator?.compile(value, given.variables) ?? null);
  if (operator === undefined || tests.includes(null)) return null;
  const all = tests as readonly Test[];
  const one = (value: string, lookup: Lookup) => all.some((test) => test(value, lookup)) !== operator.negated;
  const form = set.toLowerCase();
  return (values, lookup) => {
    const asked = values(wanted);
    if (asked === undefined && ifExists !== undefined) return true;
    if (form === 'forallvalues') return (asked ?? []).every((value) => one(value, lookup));
    if (form === 'foranyvalue') return (asked ?? []).some((value) => one(value, lookup));
    if (asked === undefined || asked.length === 0) return operator.negated;
    return operator.negated
      ? asked.every((value) => one(value, lookup))
      : asked.some((value) => one(value, lookup));
  };
}

/** `Null: { key: "true" }` holds when the request lacks the key, "false" when it has it. */
function nullCondition(key: string, values: readonly string[]): Condition | null {
  const wanted = values.map((value) => value.toLowerCase());
  if (wanted.some((value) => value !== 'true' && value !== 'false')) return null;
  return (lookup) => {
    const asked = lookup(key);
    return wanted.includes(String(asked === undefined || asked.length === 0));
  };
}

function boolean(value: string): Test | null {
  const given = value.toLowerCase();
  if (given !== 'true' && given !== 'false' && !given.includes('${')) return null;
  return (asked) => asked.toLowerCase() === given;
}

/** Compared as the bytes that both stand for. */
function binary(value: string): Test | null {
  const given = Buffer.from(value, 'base64');
  return (asked) => Buffer.from(asked, 'base64').equals(given);
}

function network(value: string): Test | null {
  const [address = '', bits, ...rest] = value.split('/');
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  if (family === 0 || rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return null;
  if (bits !== undefined && Number(bits) > most) return null;
  const list = new BlockList();
  list.addSubnet(address, bits === undefined ? most : Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  return (asked) => {
    const plain = asked.replace(/^::ffff:(?=\d+\.)/i, '');
    const kind = isIP(plain);
    return kind !== 0 && list.check(plain, kind === 4 ? 'ipv4' : 'ipv6');
  };
}

function numberOf(value: string): number | null {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value.trim()) ? Number(value) : null;
}

/** A W3C date (`2026-01-31`, `2026-01-31T12:00:00Z`), or seconds since 1970. @returns ms */
function dateOf(value: string): number | null {
  if (/^\d{1,12}(?:\.\d+)?$/.test(value) && value.length > 4) return Number(value) * 1_000;
  if (!/^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?)?)?$/.test(value))
    return null;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? null : ms;
}
