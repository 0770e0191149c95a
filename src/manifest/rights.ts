/** `secrets`, `uses` and `role`: what a function may know, call and be. */
import { isReservedVariable, LIMITS, type Use, VARIABLE_PATTERN } from '../model/index.ts';
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

const callee = text({ pattern: FUNCTION_NAME.source, examples: ['price', 'billing-invoice'] }, (name) =>
  FUNCTION_NAME.test(name)
    ? null
    : `${shown(name)} is not a function: write its key in this manifest, or the full name of another app's`,
);

const allow = listOf(choice(['invoke'], { what: 'permission' }), { max: 1, what: 'permissions' });

const useRule = record<{ function: string; allow: 'invoke'[] }>(
  { function: { rule: callee }, allow: { rule: allow } },
  {
    what: 'a map such as { function: price, allow: [ invoke ] }',
    later: ['queue', 'bucket', 'topic', 'stream', 'table', 'workflow', 'schedule'],
    across(found, spot) {
      if (found.allow.length === 0 && !spot.problems.some(({ path }) => path.at(-1) === 'allow'))
        report({ ...spot, path: [...spot.path, 'allow'] }, 'allows nothing; write [ invoke ]');
    },
  },
);

/** As a manifest has it, by key or full name, and as JSON has it, by full name. */
export const uses: Rule<Use[]> = {
  schema: { type: 'array', items: useRule.schema, maxItems: LIMITS.usesPerFunction },
  read(value, spot) {
    if (isMap(value)) {
      report(spot, `must be a list such as [ { function: price, allow: [ invoke ] } ], was ${kindOf(value)}`);
      return [];
    }
    return listOf(useRule, { max: LIMITS.usesPerFunction, what: 'uses' }).read(value, spot);
  },
};

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
