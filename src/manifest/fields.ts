/** The rules for single values that a manifest and the JSON of a deploy share. */
import { NAME_PATTERN, RUNTIMES } from '../model/index.ts';
import { choice, type Field, type MapOptions, type Rule, shown, text } from './rules.ts';

/** AWS's other runtime identifiers, so that they are told apart from a slip of the pen. */
const LATER_RUNTIMES = [
  'nodejs18.x',
  'python3.9',
  'java8.al2',
  'java11',
  'dotnet8',
  'dotnet10',
  'ruby3.2',
  'ruby3.3',
  'ruby3.4',
  'provided.al2',
];

const NAME_RULE =
  'up to 40 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen';

function wrongName(name: string): string {
  return `${shown(name)} cannot be a name: a name is ${NAME_RULE}`;
}

export function required<T>(rule: Rule<T>): Field<T> {
  return { rule };
}

export function optional<T>(rule: Rule<T>, absent: () => T): Field<T> {
  return { rule, absent };
}

/** Adds what an editor shows beside a key. */
export function described<T>(rule: Rule<T>, description: string, more: object = {}): Rule<T> {
  return { ...rule, schema: { description, ...rule.schema, ...more } };
}

export const name = text({ pattern: NAME_PATTERN.source }, (value) =>
  NAME_PATTERN.test(value) ? null : wrongName(value),
);

/** Map keys that are names. */
export function named(what: string, max: number): MapOptions {
  return { max, what, key: { pattern: NAME_PATTERN, wrong: wrongName } };
}

export const shape = choice(['function'], { what: 'shape', later: ['service', 'edge'] });
export const runtime = choice(RUNTIMES, { what: 'runtime', later: LATER_RUNTIMES });

/** As Lambda: anything without spaces, at most 128 characters. */
export const handler = text({ pattern: '^\\S{1,128}$', examples: ['index.handler'] }, (value) => {
  if (/^\S{1,128}$/.test(value)) return null;
  return `${shown(value)} must be file.export, such as index.handler: 1 to 128 characters without spaces`;
});

const HOST = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export const host = text({ format: 'hostname' }, (value) => {
  if (HOST.test(value)) return null;
  if (HOST.test(value.toLowerCase()))
    return `write ${shown(value.toLowerCase())}: host names are in lower case`;
  return `${shown(value)} is not a host name such as shop.example.com (no scheme, port, path or wildcard)`;
});
