/** `secrets`, `uses` and `role`: what a function may know, call and be. */
import {
  fullName,
  queueName as fullQueueName,
  isReservedVariable,
  LIMITS,
  type Use,
  VARIABLE_PATTERN,
} from '../model/index.ts';
import { choice, isMap, kindOf, listOf, type Rule, record, report, shown, text } from './rules.ts';

/** Names of secrets; each becomes a variable of its name. */
export const secrets: Rule<string[]> = listOf(
  text({ pattern: VARIABLE_PATTERN.source, examples: ['STRIPE_KEY'] }, (name) => {
    if (isReservedVariable(name)) return `\`${name}\` is set by the runtime and cannot be a secret's name`;
    if (VARIABLE_PATTERN.test(name) && name.length <= LIMITS.secretNameLength) return null;
    return `${shown(name)} cannot be a secret's name: it becomes a variable, so it is a letter, then letters, digits and underscores`;
  }),
  { max: LIMITS.secretsPerFunction, what: 'names of secrets' },
);

/** As Lambda's function names, also those that no manifest made. */
const FUNCTION_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** As SQS's. */
const QUEUE_NAME = /^[a-zA-Z0-9_-]{1,75}(?:\.fifo|[a-zA-Z0-9_-]{0,5})$/;

const queueName = text({ pattern: QUEUE_NAME.source, examples: ['jobs', 'billing-invoices'] }, (name) =>
  QUEUE_NAME.test(name)
    ? null
    : `${shown(name)} is not a queue: write its key in this manifest, or the full name of another app's`,
);

const callee = text({ pattern: FUNCTION_NAME.source, examples: ['price', 'billing-invoice'] }, (name) =>
  FUNCTION_NAME.test(name)
    ? null
    : `${shown(name)} is not a function: write its key in this manifest, or the full name of another app's`,
);

/** What `uses` may name, each with what may be allowed on it. */
function useRule<Kind extends 'function' | 'queue', Right extends string>(
  kind: Kind,
  { rule, rights }: { rule: Rule<string>; rights: readonly [Right, ...Right[]] },
): Rule<Record<Kind, string> & { allow: Right[] }> {
  type Found = Record<Kind, string> & { allow: Right[] };
  const allow = listOf(choice(rights, { what: 'permission' }), { max: rights.length, what: 'permissions' });
  const example = `{ ${kind}: ${EXAMPLES[kind]}, allow: [ ${rights[0]} ] }`;
  return record<Found>({ [kind]: { rule }, allow: { rule: allow } } as never, {
    what: `a map such as ${example}`,
    later: ['bucket', 'topic', 'stream', 'table', 'workflow', 'schedule'],
    across(found, spot) {
      if (found.allow.length === 0 && !spot.problems.some(({ path }) => path.at(-1) === 'allow'))
        report({ ...spot, path: [...spot.path, 'allow'] }, `allows nothing; write [ ${rights.join(', ')} ]`);
    },
  });
}

const EXAMPLES = { function: 'price', queue: 'jobs' } as const;

const functionUse = useRule('function', { rule: callee, rights: ['invoke'] });
const queueUse = useRule('queue', { rule: queueName, rights: ['send', 'receive', 'purge'] });

const useOfEither: Rule<Use> = {
  schema: { oneOf: [functionUse.schema, queueUse.schema] },
  read: (value, spot) =>
    isMap(value) && 'queue' in value && !('function' in value)
      ? queueUse.read(value, spot)
      : functionUse.read(value, spot),
};

/** As a manifest has it, by key or full name, and as JSON has it, by full name. */
export const uses: Rule<Use[]> = {
  schema: { type: 'array', items: useOfEither.schema, maxItems: LIMITS.usesPerFunction },
  read(value, spot) {
    if (isMap(value)) {
      report(spot, `must be a list such as [ { function: price, allow: [ invoke ] } ], was ${kindOf(value)}`);
      return [];
    }
    return listOf(useOfEither, { max: LIMITS.usesPerFunction, what: 'uses' }).read(value, spot);
  },
};

/** What an app has, by key. */
interface Names {
  readonly app: string;
  readonly functions: ReadonlyMap<string, object>;
  readonly queues: ReadonlyMap<string, { readonly fifo: boolean }>;
}

/** A use with the full name of what it names by key. */
export function useInFull(use: Use, { app, functions, queues }: Names): Use {
  if ('function' in use) {
    return functions.has(use.function) ? { ...use, function: fullName(app, use.function) } : use;
  }
  const { queue: key } = use;
  const queue = queues.get(key);
  return queue === undefined ? use : { ...use, queue: fullQueueName(app, { key, fifo: queue.fifo }) };
}

const ROLE = /^(?:arn:aws:iam::\d{12}:role\/(?:[\x21-\x7e]*\/)?)?([\w+=,.@-]{1,64})$/;

/** A name, or the ARN that holds it. */
export const role: Rule<string> = {
  schema: { type: 'string', pattern: ROLE.source, examples: ['billing'] },
  read(value, spot) {
    const name = typeof value === 'string' ? ROLE.exec(value)?.[1] : undefined;
    if (name !== undefined) return name;
    report(spot, `must be the name or ARN of a role, such as billing, was ${kindOf(value)}`);
    return '';
  },
};
