/**
 * The page that says, operation by operation and parameter by parameter, how far an AWS API is AWS's: made from
 * the service's published model, from what a client was answered in a run, and from a table of what is different.
 *
 * What nobody called, and what no reason is given for, is a complaint: the page cannot claim what was not seen.
 */
import type { ModelDocument } from '../../src/wire/aws/protocol/index.ts';

/** What `main.py` prints. */
export interface ClientReport {
  readonly answers: number;
  /** Answers that are not as the model says. */
  readonly problems: readonly string[];
  readonly failures: readonly string[];
  /** Parameters of calls that were answered, by operation. */
  readonly answered: Readonly<Record<string, readonly string[]>>;
  /** Codes of refusals, by operation. */
  readonly refused: Readonly<Record<string, readonly string[]>>;
  /** Parameters that were refused by name, by operation. */
  readonly unsupported: Readonly<Record<string, readonly string[]>>;
}

export interface Difference {
  readonly status: 'differs' | 'missing';
  readonly why: string;
}

/** Keys are `Operation`, `Operation.Parameter`, or `*.Parameter`. */
export interface Claims {
  /** `AWS Lambda`, as AWS calls it. */
  readonly service: string;
  /** The error that refuses a parameter by name. */
  readonly refusal: string;
  readonly differences: Readonly<Record<string, Difference>>;
  /** Same to call, and nothing comes of it here; with the reason. */
  readonly withoutEffect: Readonly<Record<string, string>>;
  /** Same, because what they are about cannot be here: refusals are all that they can answer. */
  readonly onlyRefusals: Readonly<Record<string, string>>;
}

type Status = 'same' | 'differs' | 'missing';

interface Row {
  readonly name: string;
  readonly status: Status;
  readonly note: string;
}

export interface CompatibilityPage {
  readonly text: string;
  readonly complaints: readonly string[];
  /** Shares that are the same, from 0 to 1. */
  readonly operations: number;
  readonly parameters: number;
}

interface Sources {
  readonly model: ModelDocument;
  readonly report: ClientReport;
  readonly claims: Claims;
}

export function compatibilityPage(sources: Sources): CompatibilityPage {
  const complaints: string[] = [];
  const operations = Object.keys(sources.model.operations).toSorted();
  const rows = operations.map((name) => operationRow(sources, name, complaints));
  const parameters = operations.flatMap((name, index) =>
    parametersOf(sources.model, name).map((parameter) => ({
      operation: name,
      ...parameterRow(sources, { operation: name, parameter, whole: rows[index]! }, complaints),
    })),
  );
  complaints.push(...unusedClaims(sources, parameters));
  const text = [
    ...head(sources, rows, parameters),
    '## Operations',
    '',
    '| operation | status | |',
    '| --- | --- | --- |',
    ...rows.map((row) => `| ${row.name} | ${row.status} | ${row.note} |`),
    '',
    '## Parameters',
    '',
    'Of each operation: the members of its input, and of those that are structures the members in turn.',
    '',
    '| operation | parameter | status | |',
    '| --- | --- | --- | --- |',
    ...parameters.map((row) => `| ${row.operation} | ${row.name} | ${row.status} | ${row.note} |`),
    '',
  ].join('\n');
  return { text, complaints, operations: share(rows), parameters: share(parameters) };
}

function head({ claims }: Sources, rows: readonly Row[], parameters: readonly Row[]): string[] {
  const count = (list: readonly Row[]) => {
    const same = list.filter(({ status }) => status === 'same').length;
    return `${same} of ${list.length} (${(100 * share(list)).toFixed(1)} %)`;
  };
  const noted = (list: readonly Row[]) => list.filter(({ note }) => note.startsWith('no effect')).length;
  const refusing = Object.keys(claims.onlyRefusals).length;
  return [
    `# ${claims.service}: what is the same`,
    '',
    '<!-- Made by tools/compatibility.ts from a run of boto3 against a node. Do not edit. -->',
    '',
    `The same: **${count(rows)} operations, ${count(parameters)} parameters** of the service's published model.`,
    '',
    '- **same**: it is taken, checked and answered as AWS does; boto3 was answered so in the run that made this page, and',
    "  every answer was held against the service's model.",
    `- **no effect**: the same to call, and kept; nothing comes of it here, for the reason given. Among the same are`,
    `  ${noted(rows)} such operations and ${noted(parameters)} such parameters.`,
    '- **differs**: it works, but not as on AWS; the reason is given.',
    `- **missing**: refused, a parameter with \`${claims.refusal}\` that names it, an operation with`,
    '  `UnknownOperationException`.',
    ...(refusing === 0 ? [] : [onlyRefusing(refusing)]),
    '',
  ];
}

function onlyRefusing(operations: number): string {
  return `- ${operations} operations are the same because what they are about cannot be on this node: they answer as AWS does when it is not there.`;
}

function operationRow({ report, claims }: Sources, name: string, complaints: string[]): Row {
  const difference = claims.differences[name];
  const refusals = report.refused[name] ?? [];
  if (difference?.status === 'missing' && !refusals.includes('UnknownOperationException'))
    complaints.push(`${name} is said to be missing, but did not answer so`);
  if (difference !== undefined) return { name, status: difference.status, note: difference.why };
  const reason = claims.onlyRefusals[name];
  if (reason !== undefined) {
    if (refusals.length === 0) complaints.push(`${name} was not tried`);
    return { name, status: 'same', note: reason };
  }
  if (report.answered[name] === undefined) complaints.push(`${name} was not answered in the run`);
  return { name, status: 'same', note: effectNote(claims.withoutEffect[name]) };
}

function parameterRow(
  { report, claims }: Sources,
  { operation, parameter, whole }: { operation: string; parameter: string; whole: Row },
  complaints: string[],
): Row {
  if (whole.status === 'missing') return { name: parameter, status: 'missing', note: 'as the operation' };
  const difference = claimOf(claims.differences, operation, parameter);
  if (difference !== undefined) {
    const tried = report.unsupported[operation] ?? [];
    const named = tried.some((name) => name === parameter || name.split('.')[0] === parameter.split('.')[0]);
    if (difference.status === 'missing' && !named)
      complaints.push(`${operation}.${parameter} is said to be missing, but was not refused by name`);
    return { name: parameter, status: difference.status, note: difference.why };
  }
  const answered = report.answered[operation]?.includes(parameter) === true;
  if (!answered && claims.onlyRefusals[operation] === undefined)
    complaints.push(`${operation}.${parameter} was not given in a call that was answered`);
  const note = effectNote(claimOf(claims.withoutEffect, operation, parameter));
  return { name: parameter, status: 'same', note };
}

/** Of the parameter itself, of the one that it is a part of, or of every operation's parameter of the name. */
function claimOf<T>(
  claims: Readonly<Record<string, T>>,
  operation: string,
  parameter: string,
): T | undefined {
  const [outer = ''] = parameter.split('.');
  return (
    claims[`${operation}.${parameter}`] ??
    claims[`${operation}.${outer}`] ??
    claims[`*.${parameter}`] ??
    claims[`*.${outer}`]
  );
}

function effectNote(why: string | undefined): string {
  return why === undefined ? '' : `no effect: ${why}`;
}

/** A reason for what is not in the model any more, or never was. */
function unusedClaims(
  { model, claims }: Sources,
  parameters: readonly (Row & { operation: string })[],
): string[] {
  const known = new Set([
    ...Object.keys(model.operations),
    ...parameters.flatMap(({ operation, name }) => [`${operation}.${name}`, `*.${name}`]),
  ]);
  const keys = [claims.differences, claims.withoutEffect, claims.onlyRefusals].flatMap((table) =>
    Object.keys(table),
  );
  return keys.filter((key) => !known.has(key)).map((key) => `there is no ${key} in the model`);
}

/** Members of the input, and one level below those that are structures or lists of them. */
export function parametersOf({ operations, shapes }: ModelDocument, operation: string): string[] {
  const input = operations[operation]?.input?.shape;
  const members = input === undefined ? {} : (shapes[input]?.members ?? {});
  return Object.entries(members).flatMap(([name, { shape }]) => {
    const member = shapes[shape];
    const inner = member?.type === 'list' ? shapes[member.member?.shape ?? ''] : member;
    const below = inner?.type === 'structure' ? Object.keys(inner.members ?? {}) : [];
    return [name, ...below.map((part) => `${name}.${part}`)];
  });
}

function share(rows: readonly Row[]): number {
  return rows.filter(({ status }) => status === 'same').length / rows.length;
}
