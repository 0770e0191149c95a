/**
 * Rules: how one value of a manifest is read, described and refused, in one place, so that the
 * check, the JSON Schema and the messages cannot drift apart.
 *
 * A rule never throws. It reports a problem and returns a stand-in of the right type, so that one
 * pass finds every problem; whoever called it throws when anything was reported, and then no
 * stand-in is ever used.
 */
import { nearest } from './nearest.ts';

export type Path = readonly (string | number)[];
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Problem {
  readonly path: Path;
  /** Whether the key or the value is to be pointed at. */
  readonly at: 'key' | 'value';
  /** Of an unknown key: the one that was most likely meant. */
  readonly meant?: string;
  readonly message: string;
}

/** Where a rule reads: the path so far, and where problems go. */
export interface Spot {
  readonly path: Path;
  readonly problems: Problem[];
  /** The text of a plain value as its author wrote it (`1.10`); undefined where there is none. */
  readonly written: (path: Path) => string | undefined;
}

export interface Rule<T> {
  readonly schema: JsonSchema;
  read(value: unknown, spot: Spot): T;
}

/** One key of a record. */
export interface Field<T> {
  readonly rule: Rule<T>;
  /** Called when the key is absent; undefined: the key is required. */
  readonly absent?: () => T;
}

export function report(spot: Spot, message: string, at: Problem['at'] = 'value'): void {
  spot.problems.push({ path: spot.path, at, message });
}

export function below(spot: Spot, key: string | number): Spot {
  return { ...spot, path: [...spot.path, key] };
}

/** A value as it is shown in a message: JSON, cut at 60 characters. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** What a value is, for people. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map of keys';
  return `${shown(value)}, a ${typeof value === 'string' ? 'text' : typeof value}`;
}

/** Says that a key is not known, and which one was meant. */
export function reportUnknown(spot: Spot, key: string, allowed: readonly string[]): void {
  const meant = nearest(key, allowed);
  const hint = meant === null ? `allowed here: ${allowed.join(', ')}` : `did you mean \`${meant}\`?`;
  const message = `unknown key ${shown(key)}; ${hint}`;
  spot.problems.push({ path: [...spot.path, key], at: 'key', message, ...(meant !== null && { meant }) });
}

/** Says that a key is missing, unless a misspelling of it was reported: one slip, one problem. */
export function reportMissing(spot: Spot, key: string, hint = ''): void {
  const misspelt = spot.problems.some(
    ({ path, meant }) =>
      meant === key &&
      path.length === spot.path.length + 1 &&
      spot.path.every((part, index) => part === path[index]),
  );
  if (!misspelt) report(spot, `\`${key}\` is missing${hint}`, 'key');
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Text.
 *
 * @param check returns what is wrong with a text, or null
 */
export function text(schema: JsonSchema, check: (value: string) => string | null): Rule<string> {
  return {
    schema: { type: 'string', ...schema },
    read(value, spot) {
      if (typeof value !== 'string') {
        report(spot, `must be a text, was ${kindOf(value)}`);
        return '';
      }
      const wrong = check(value);
      if (wrong !== null) report(spot, wrong);
      return wrong === null ? value : '';
    },
  };
}

/** `true` or `false`. */
export const flag: Rule<boolean> = {
  schema: { type: 'boolean' },
  read(value, spot) {
    if (typeof value === 'boolean') return value;
    report(spot, `must be true or false, was ${kindOf(value)}`);
    return false;
  },
};

/** A whole number in [min, max]. */
export function whole(range: { min: number; max: number; what: string }): Rule<number> {
  return {
    schema: { type: 'integer', minimum: range.min, maximum: range.max },
    read(value, spot) {
      if (Number.isInteger(value) && (value as number) >= range.min && (value as number) <= range.max) {
        return value as number;
      }
      report(
        spot,
        `must be a whole number of ${range.what} from ${range.min} to ${range.max}, was ${shown(value)}`,
      );
      return range.min;
    },
  };
}

/**
 * One of a few words.
 *
 * @param options.later words that are planned: they get a message of their own
 */
export function choice<const T extends string>(
  words: readonly [T, ...T[]],
  options: { what: string; later?: readonly string[] },
): Rule<T> {
  return {
    schema: { enum: words },
    read(value, spot) {
      if (words.includes(value as T)) return value as T;
      const allowed = `allowed: ${words.join(', ')}`;
      if (typeof value === 'string' && options.later?.includes(value)) {
        report(spot, `${options.what} \`${value}\` is not available in this version of Skein; ${allowed}`);
      } else {
        const meant = typeof value === 'string' ? nearest(value, words) : null;
        const hint = meant === null ? '' : `; did you mean \`${meant}\`?`;
        report(spot, `unknown ${options.what} ${shown(value)}; ${allowed}${hint}`);
      }
      return words[0];
    },
  };
}

/** A list of at most `max` values. */
export function listOf<T>(rule: Rule<T>, options: { max: number; what: string }): Rule<T[]> {
  return {
    schema: { type: 'array', items: rule.schema, maxItems: options.max },
    read(value, spot) {
      if (!Array.isArray(value)) {
        report(spot, `must be a list of ${options.what}, was ${kindOf(value)}`);
        return [];
      }
      if (value.length > options.max) {
        report(spot, `has ${value.length} ${options.what}; at most ${options.max} are allowed`);
        return [];
      }
      return value.map((item, index) => rule.read(item, below(spot, index)));
    },
  };
}

/** A map from names to values. */
export interface MapOptions {
  readonly max: number;
  readonly what: string;
  readonly key: { readonly pattern: RegExp; readonly wrong: (key: string) => string };
}

/** A map of at most `max` named values. */
export function mapOf<T>(rule: Rule<T>, options: MapOptions): Rule<ReadonlyMap<string, T>> {
  return {
    schema: {
      type: 'object',
      additionalProperties: rule.schema,
      propertyNames: { pattern: options.key.pattern.source },
      maxProperties: options.max,
    },
    read(value, spot) {
      const found = new Map<string, T>();
      if (!isMap(value)) {
        report(spot, `must be a map of ${options.what}, was ${kindOf(value)}`);
        return found;
      }
      const entries = Object.entries(value);
      if (entries.length > options.max) {
        report(spot, `has ${entries.length} ${options.what}; at most ${options.max} are allowed`);
        return found;
      }
      for (const [key, item] of entries) {
        const at = below(spot, key);
        if (!options.key.pattern.test(key)) report(at, options.key.wrong(key), 'key');
        found.set(key, rule.read(item, at));
      }
      return found;
    },
  };
}

export interface RecordOptions<T> {
  readonly what: string;
  /** Keys that are planned: they get a message of their own instead of "unknown". */
  readonly later?: readonly string[];
  /** Keys that somebody may expect and that there will not be: why, and what is there instead. */
  readonly refused?: Readonly<Record<string, string>>;
  /** Checks across fields; may report. */
  readonly across?: (record: T, spot: Spot) => void;
}

/** A record of known keys. Absent keys get their default; an unknown key is a problem. */
export function record<T extends object>(
  fields: { readonly [K in keyof T]: Field<T[K]> },
  options: RecordOptions<T>,
): Rule<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  const required = names.filter((name) => fields[name].absent === undefined);
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, fields[name].rule.schema])),
      ...(required.length > 0 && { required }),
      additionalProperties: false,
    },
    read(value, spot) {
      const given = isMap(value) ? value : {};
      if (!isMap(value)) report(spot, `must be ${options.what} with keys, was ${kindOf(value)}`);
      for (const key of Object.keys(given)) {
        if (options.later?.includes(key)) {
          report(below(spot, key), `\`${key}\` is not available in this version of Skein`, 'key');
        } else if (options.refused !== undefined && Object.hasOwn(options.refused, key)) {
          report(below(spot, key), `\`${key}\` ${options.refused[key]}`, 'key');
        } else if (!Object.hasOwn(fields, key)) reportUnknown(spot, key, names);
      }
      // Without a map there is one problem to tell, not one more for every key that it lacks.
      const inner: Spot = isMap(value) ? spot : { ...spot, problems: [] };
      const found = {} as T;
      for (const name of names) found[name] = readField(fields[name], { name, given, spot: inner });
      options.across?.(found, inner);
      return found;
    },
  };
}

function readField<T>(
  field: Field<T>,
  from: { name: string; given: Record<string, unknown>; spot: Spot },
): T {
  const { name, given, spot } = from;
  if (Object.hasOwn(given, name)) return field.rule.read(given[name], below(spot, name));
  if (field.absent !== undefined) return field.absent();
  reportMissing(spot, name);
  return field.rule.read(undefined, { ...spot, problems: [] });
}
