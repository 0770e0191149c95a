/**
 * Reads policy documents of IAM's language and compiles them; refuses what IAM calls a malformed policy
 * document, with its words. Which kinds of elements may stand where depends on the kind of policy.
 */
import { Fault } from '../../base/index.ts';
import { type Condition, compileCondition } from './conditions.ts';
import { type ArnPattern, compileArn, compileTemplate } from './pattern.ts';

/** `identity`: of a user or role, or managed, or of a session. `resource`: on a resource. `trust`: who may take on a role. */
export type PolicyKind = 'identity' | 'resource' | 'trust';

export interface Statement {
  readonly allows: boolean;
  /** Its Sid, or its place, for whoever must find it. */
  readonly name: string;
  /** Patterns in lower case: actions are compared without regard to case. */
  readonly actions: Listed<string>;
  /** Null: the resource that the policy is on. */
  readonly resources: Listed<ArnPattern> | null;
  /** Null in identity policies. */
  readonly principals: Listed<PolicyPrincipal> | null;
  readonly conditions: readonly Condition[];
}

/** A list, or with `not` everything but it. */
export interface Listed<T> {
  readonly not: boolean;
  readonly of: readonly T[];
}

export interface PolicyPrincipal {
  readonly kind: 'AWS' | 'Service' | 'Federated' | 'CanonicalUser';
  readonly value: string;
}

export type Policy = readonly Statement[];

type Json = Readonly<Record<string, unknown>>;
const TOP = ['Version', 'Id', 'Statement'];
const ELEMENTS = [
  ...['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction'],
  ...['Resource', 'NotResource', 'Condition'],
];
const SYNTAX = 'Syntax errors in policy.';

/** @throws {Fault} `policy-invalid`, with IAM's message */
export function compilePolicy(text: string, kind: PolicyKind): Policy {
  const document = parse(text);
  if (Object.keys(document).some((key) => !TOP.includes(key))) throw malformed(SYNTAX);
  const { Version: version = '2008-10-17', Statement: given } = document;
  if (version !== '2012-10-17' && version !== '2008-10-17') throw malformed(SYNTAX);
  if (version !== '2012-10-17' && kind === 'identity') {
    throw malformed('Policy document must be version 2012-10-17 or greater.');
  }
  const statements = Array.isArray(given) ? given : [given];
  if (statements.length === 0 || statements.some((statement) => !isObject(statement)))
    throw malformed(SYNTAX);
  refuseTwins(statements as Json[]);
  const variables = version === '2012-10-17';
  return (statements as Json[]).map((statement, index) => statementOf(statement, { kind, variables, index }));
}

function parse(text: string): Json {
  try {
    const document: unknown = JSON.parse(text);
    if (isObject(document)) return document;
  } catch {
    // told below, as everything that is not a document
  }
  throw malformed(SYNTAX);
}

function refuseTwins(statements: readonly Json[]): void {
  const sids = statements
    .map((statement) => statement.Sid)
    .filter((sid) => typeof sid === 'string' && sid !== '');
  if (new Set(sids).size < sids.length) {
    throw malformed('Statement IDs (SID) in a single policy must be unique.');
  }
}

interface Frame {
  readonly kind: PolicyKind;
  readonly variables: boolean;
  readonly index: number;
}

function statementOf(given: Json, frame: Frame): Statement {
  if (Object.keys(given).some((key) => !ELEMENTS.includes(key))) throw malformed(SYNTAX);
  const { Effect: effect, Sid: sid = '' } = given;
  if ((effect !== 'Allow' && effect !== 'Deny') || typeof sid !== 'string') throw malformed(SYNTAX);
  return {
    allows: effect === 'Allow',
    name: sid === '' ? `Statement[${frame.index}]` : sid,
    principals: principalsOf(given, frame.kind),
    actions: actionsOf(given, frame.kind),
    resources: resourcesOf(given, frame),
    conditions: conditionsOf(given.Condition, frame.variables),
  };
}

/** The values of an element or of its negation. @returns null when neither is there */
function listed(given: Json, name: string): Listed<string> | null {
  const negation = `Not${name}`;
  const has = [name, negation].filter((key) => given[key] !== undefined);
  if (has.length === 0) return null;
  if (has.length === 2) throw malformed(SYNTAX);
  const value = given[has[0] as string];
  const values = Array.isArray(value) ? value : [value];
  if (values.some((one) => typeof one !== 'string')) throw malformed(SYNTAX);
  return { not: has[0] === negation, of: values as string[] };
}

function actionsOf(given: Json, kind: PolicyKind): Listed<string> {
  const actions = listed(given, 'Action');
  if (actions === null || actions.of.length === 0) throw malformed('Policy statement must contain actions.');
  for (const action of actions.of) {
    if (action === '*') continue;
    const [vendor = '', name, ...rest] = action.split(':');
    if (name === undefined) {
      throw malformed('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
    }
    if (rest.length > 0) throw malformed('Actions/Condition can contain only one colon.');
    if (!/^[a-z0-9*?-]+$/i.test(vendor)) throw malformed(`Vendor ${vendor} is not valid`);
    if (kind === 'trust' && !/^sts:/i.test(action)) {
      throw malformed('AssumeRole policy may only specify STS AssumeRole actions.');
    }
  }
  const compile = (action: string) =>
    compileTemplate(action.toLowerCase(), { variables: false, wildcards: true }) as string;
  return { not: actions.not, of: actions.of.map(compile) };
}

function resourcesOf(given: Json, { kind, variables }: Frame): Listed<ArnPattern> | null {
  const resources = listed(given, 'Resource');
  if (kind === 'trust') {
    if (resources !== null) throw malformed('Has prohibited field Resource');
    return null;
  }
  if (resources === null || resources.of.length === 0) {
    if (kind === 'resource') return null;
    throw malformed('Policy statement must contain resources.');
  }
  for (const resource of resources.of) checkResource(resource);
  return { not: resources.not, of: resources.of.map((resource) => compileArn(resource, variables)) };
}

function checkResource(resource: string): void {
  if (/^\*+$/.test(resource)) return;
  const [scheme, partition = '', service = '', region = ''] = resource.split(':');
  if (scheme !== 'arn' && !(scheme ?? '').includes('*')) {
    throw malformed(`Resource ${resource} must be in ARN format or "*".`);
  }
  if (!/^(?:aws(?:-[a-z]+)*|[a-z*?-]*[*?][a-z*?-]*)$/.test(partition) && !partition.includes('${')) {
    throw malformed(`Partition "${partition}" is not valid for resource "${resource}".`);
  }
  if (service === 'iam' && region !== '' && region !== '*') {
    throw malformed(`IAM resource ${resource} cannot contain region information.`);
  }
}

function principalsOf(given: Json, kind: PolicyKind): Listed<PolicyPrincipal> | null {
  const { Principal: principal, NotPrincipal: other } = given;
  if (kind === 'identity') {
    if (principal === undefined && other === undefined) return null;
    throw malformed('Policy document should not specify a principal.');
  }
  if (principal !== undefined && other !== undefined) throw malformed(SYNTAX);
  if (principal === undefined && other === undefined) {
    throw malformed(kind === 'trust' ? 'Missing required field Principal' : SYNTAX);
  }
  return { not: other !== undefined, of: principalList(principal ?? other) };
}

const PRINCIPAL_KINDS = ['AWS', 'Service', 'Federated', 'CanonicalUser'] as const;

function principalList(given: unknown): PolicyPrincipal[] {
  if (given === '*') return [{ kind: 'AWS', value: '*' }];
  if (!isObject(given) || Object.keys(given).length === 0) throw malformed(SYNTAX);
  return Object.entries(given).flatMap(([name, value]) => {
    const kind = PRINCIPAL_KINDS.find((known) => known === name);
    const values = Array.isArray(value) ? value : [value];
    if (kind === undefined || values.some((one) => typeof one !== 'string')) throw malformed(SYNTAX);
    for (const one of values as string[]) checkPrincipal(kind, one);
    return (values as string[]).map((one) => ({ kind, value: one }));
  });
}

function checkPrincipal(kind: string, value: string): void {
  const fits =
    kind === 'AWS'
      ? value === '*' ||
        /^\d{12}$/.test(value) ||
        /^arn:aws[\w-]*:(?:iam|sts)::\d{12}:[^*?]+$/.test(value) ||
        /^A[IR]\w{10,}$/.test(value)
      : kind !== 'Service' ||
        /^[\w.-]+\.(?:amazonaws\.com|amazon\.com|internal)$/.test(value) ||
        value === '*';
  if (!fits) throw malformed(`Invalid principal in policy: "${kind}":"${value}"`);
}

function conditionsOf(given: unknown, variables: boolean): Condition[] {
  if (given === undefined) return [];
  if (!isObject(given)) throw malformed(SYNTAX);
  return Object.entries(given).flatMap(([operator, keys]) => {
    if (!isObject(keys)) throw malformed(SYNTAX);
    return Object.entries(keys).map(([key, value]) => {
      if (!key.includes(':')) {
        throw malformed('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
      }
      const values = (Array.isArray(value) ? value : [value]) as unknown[];
      if (values.some((one) => !['string', 'number', 'boolean'].includes(typeof one)))
        throw malformed(SYNTAX);
      const compiled = compileCondition(operator, key, { values: values.map(String), variables });
      if (compiled === null) throw malformed(`Invalid Condition type : ${operator}.`);
      return compiled;
    });
  });
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(message: string): Fault {
  return new Fault('policy-invalid', message);
}
