/**
 * Decides, by IAM's published rules for one account: an explicit deny wins; then an allow of an identity or a
 * resource policy, within what a session policy leaves; else no.
 *
 * Pure: policies come compiled, the request's facts as a map. Names what decided, for the message.
 */
import type { Decision, RequestContext } from '../decision.ts';
import type { Principal } from '../principal.ts';
import type { Values } from './conditions.ts';
import type { Policy, PolicyPrincipal, Statement } from './document.ts';
import { type Lookup, matches, matchesArn } from './pattern.ts';

export interface PolicyQuestion {
  readonly principal: Principal;
  readonly action: string;
  readonly resource: string;
  readonly context: RequestContext;
  readonly identity: readonly Policy[];
  readonly resourcePolicies: readonly Policy[];
  /** Null: the session has none. */
  readonly session: Policy | null;
}

/** How directly a policy names a principal: not at all, by its account, by its role or everybody, or itself. */
type Naming = 'no' | 'account' | 'role' | 'itself';

interface Facts {
  readonly question: PolicyQuestion;
  /** In lower case. */
  readonly action: string;
  readonly values: Values;
  readonly lookup: Lookup;
}

export function evaluate(question: PolicyQuestion): Decision {
  const facts = factsOf(question);
  const { identity, resourcePolicies, session } = question;
  const identityNamed = find(identity.flat(), facts);
  const resourceNamed = findResource(resourcePolicies.flat(), facts);
  const sessionNamed = session === null ? null : find(session, facts);
  if (identityNamed.deny !== null) return denied('identity-policy', identityNamed.deny);
  if (resourceNamed.deny !== null) return denied('resource-policy', resourceNamed.deny);
  if (sessionNamed !== null && sessionNamed.deny !== null) return denied('session-policy', sessionNamed.deny);
  const inSession = sessionNamed === null || sessionNamed.allow !== null;
  const { allow, naming } = resourceNamed;
  // What a resource gives to the session itself is not bounded by the session's policy (IAM: role sessions).
  if (allow !== null && (naming === 'itself' || (naming === 'role' && inSession))) {
    return { verdict: 'allow', by: 'resource-policy', statement: allow.name };
  }
  if (identityNamed.allow === null) {
    const { kind } = question.principal;
    const by = kind === 'anonymous' || kind === 'service' ? 'resource-policy' : 'identity-policy';
    return { verdict: 'implicit-deny', by, statement: null };
  }
  if (!inSession) return { verdict: 'implicit-deny', by: 'session-policy', statement: null };
  return { verdict: 'allow', by: 'identity-policy', statement: identityNamed.allow.name };
}

/**
 * How a role's trust policy lets a principal in: `account` where only its account is named, so that its own
 * policies must allow `sts:AssumeRole` too; `role` and `itself` are enough.
 */
export function evaluateTrust(
  trust: Policy,
  question: Omit<PolicyQuestion, 'identity' | 'resourcePolicies' | 'session'>,
): Naming | 'denied' {
  const facts = factsOf({ ...question, identity: [], resourcePolicies: [], session: null });
  const { allow, deny, naming } = findResource(trust, facts);
  if (deny !== null) return 'denied';
  return allow === null ? 'no' : naming;
}

function factsOf(question: PolicyQuestion): Facts {
  const known = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(question.context)) {
    known.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
  }
  const values: Values = (key) => known.get(key);
  return {
    question,
    action: question.action.toLowerCase(),
    values,
    lookup: (key) => {
      const found = known.get(key);
      return found?.length === 1 ? found[0] : undefined;
    },
  };
}

interface Found {
  readonly allow: Statement | null;
  readonly deny: Statement | null;
}

function find(statements: readonly Statement[], facts: Facts): Found {
  let allow: Statement | null = null;
  for (const statement of statements) {
    if (statement.allows && allow !== null) continue;
    if (!applies(statement, facts)) continue;
    if (!statement.allows) return { allow: null, deny: statement };
    allow = statement;
  }
  return { allow, deny: null };
}

/** Of several that allow, the one that names the principal most directly. */
function findResource(statements: readonly Statement[], facts: Facts): Found & { readonly naming: Naming } {
  let allow: Statement | null = null;
  let naming: Naming = 'no';
  for (const statement of statements) {
    const named = namingOf(statement, facts.question.principal);
    if (named === 'no' || !applies(statement, facts)) continue;
    if (!statement.allows) return { allow: null, deny: statement, naming: named };
    if (rank(named) <= rank(naming)) continue;
    allow = statement;
    naming = named;
  }
  return { allow, deny: null, naming };
}

const RANKS: readonly Naming[] = ['no', 'account', 'role', 'itself'];
const rank = (naming: Naming) => RANKS.indexOf(naming);

function applies(statement: Statement, facts: Facts): boolean {
  const { actions, resources, conditions } = statement;
  if (actions.of.some((pattern) => matches(pattern, facts.action)) === actions.not) return false;
  if (resources !== null) {
    const { resource } = facts.question;
    const hit = resources.of.some((pattern) => matchesArn(pattern, resource, facts.lookup));
    if (hit === resources.not) return false;
  }
  return conditions.every((condition) => condition(facts.values, facts.lookup));
}

function namingOf({ principals }: Statement, principal: Principal): Naming {
  if (principals === null) return 'no';
  let best: Naming = 'no';
  for (const listed of principals.of) {
    const named = nameBy(listed, principal);
    if (rank(named) > rank(best)) best = named;
  }
  if (!principals.not) return best;
  return best === 'no' ? 'role' : 'no';
}

function nameBy(listed: PolicyPrincipal, principal: Principal): Naming {
  if (listed.kind === 'Service') {
    return principal.kind === 'service' && listed.value === principal.arn ? 'itself' : 'no';
  }
  if (listed.kind !== 'AWS') return 'no';
  if (listed.value === '*') return principal.session === null ? 'itself' : 'role';
  if (principal.kind === 'anonymous' || principal.kind === 'service') return 'no';
  if (listed.value === principal.arn || listed.value === principal.userId.split(':')[0]) {
    return principal.session === null || listed.value === principal.arn ? 'itself' : 'role';
  }
  if (principal.roleName !== null && isRole(listed.value, principal)) return 'role';
  const { accountId } = principal;
  return listed.value === accountId || listed.value === `arn:aws:iam::${accountId}:root` ? 'account' : 'no';
}

/** A role's ARN may have a path, which the ARN of its sessions lacks. */
function isRole(arn: string, { accountId, roleName }: Principal): boolean {
  return (
    arn.startsWith(`arn:aws:iam::${accountId}:role/`) && arn.slice(arn.lastIndexOf('/') + 1) === roleName
  );
}

function denied(by: Decision['by'], { name }: Statement): Decision {
  return { verdict: 'explicit-deny', by, statement: name };
}
