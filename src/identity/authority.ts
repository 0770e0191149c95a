/**
 * The authority: who a request is from, and what they may do.
 *
 * Owns   the answers of verification, authorization and temporary credentials.
 * Asks   the directory (memory) for users, keys, roles and policies, the keyring for a key's secret.
 * Never  reads the database, and never lets anybody but the account's root do what no policy allows.
 */
import { type Clock, Fault } from '../base/index.ts';
import { REGION } from '../model/index.ts';
import { AWS_POLICIES } from './aws-policies.ts';
import type { Authority, Decision, Question, RequestContext, SessionWish } from './decision.ts';
import type { Directory } from './directory.ts';
import { type Holder, type ManagedPolicy, type Role, roleArn, roleNameOf } from './entities.ts';
import { type FunctionRoles, findFunctionRole, functionRoleName } from './function-roles.ts';
import type { Keyring } from './keyring.ts';
import type { NodeKeys } from './node-keys.ts';
import { policyOf } from './policy/cache.ts';
import type { Policy } from './policy/document.ts';
import { evaluate, evaluateTrust } from './policy/evaluate.ts';
import { type Principal, ROOT, servicePrincipal, sessionPrincipal, userPrincipal } from './principal.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { type CredentialSource, verifySignature } from './sigv4/verify.ts';

export interface AuthorityParts {
  readonly directory: Directory;
  readonly functions: FunctionRoles;
  readonly keys: NodeKeys;
  /** The keyring of the moment. */
  readonly keyring: () => Keyring;
  readonly clock: Pick<Clock, 'wallMs'>;
}

/** A role as it is asked to be taken on. */
export interface Assumption {
  readonly principal: Principal;
  readonly role: Role;
  readonly context?: RequestContext;
}

/** What STS needs beyond what every edge does. */
export interface SessionAuthority extends Authority {
  findRole(nameOrArn: string): Role | null;
  /** @throws {Fault} `access-denied` when the role's trust policy, or the caller's own policies, say no */
  checkAssumption(assumption: Assumption): void;
}

export function createAuthority(parts: AuthorityParts): SessionAuthority {
  const { directory, functions, clock } = parts;
  const sessions = createSessions(parts.keys.signingKey);
  const findRole = (nameOrArn: string): Role | null => {
    const name = roleNameOf(nameOrArn);
    if (name === null) return null;
    // A function's own comes first: one of its name that somebody made before there was the function is not its.
    return findFunctionRole(functions, name) ?? directory.roles.get(name.toLowerCase()) ?? null;
  };
  const credentials = credentialSource(parts, { sessions, findRole });
  const decide = (question: Question): Decision => decideFor(question, { directory, findRole, clock });
  const authorize = (question: Question): void => {
    const decision = decide(question);
    if (decision.verdict === 'allow') return;
    throw accessDenied(
      question,
      decision,
      decision.verdict === 'implicit-deny' ? wayOut(question, functions) : null,
    );
  };
  return {
    findRole,
    decide,
    authorize,
    verify: async (request, options) => verifySignature(request, options, credentials),
    issueSession: (wish) => issue(wish, { sessions, findRole, clock }),
    checkAssumption: (assumption) => checkAssumption(assumption, { authorize, clock }),
    requireAssumable({ nameOrArn, service }) {
      const role = findRole(nameOrArn);
      const context = contextOf(servicePrincipal(service), { nowMs: clock.wallMs() });
      if (role === null || !letsIn(role, service, context)) throw unassumable(nameOrArn, service);
      return role.name;
    },
    roleAllows: ({ roleName, ...question }) => {
      const role = findRole(roleName);
      if (role === null) return false;
      return decide({ ...question, principal: imagined(role, clock.wallMs()) }).verdict === 'allow';
    },
  };
}

/** Somebody who has taken the role on just now. */
function imagined({ name, id }: Role, nowMs: number): Principal {
  const session = { issuedAtMs: nowMs, expiresAtMs: nowMs, policy: null, functionArn: null };
  return sessionPrincipal({ roleName: name, roleId: id, sessionName: 'skein', session });
}

interface Needs {
  readonly sessions: Sessions;
  readonly findRole: (nameOrArn: string) => Role | null;
}

/** Where keys are looked up: the node's own, people's, and those that follow from a session token. */
function credentialSource(parts: AuthorityParts, { sessions, findRole }: Needs): CredentialSource {
  const { directory, keys, keyring } = parts;
  /** Opened secrets of the keys in use, so that AES runs once per key and change of it. */
  const opened = new WeakMap<object, string>();
  return {
    find({ accessKeyId, token, nowMs }) {
      if (token !== null) return ofToken(accessKeyId, token, nowMs);
      if (accessKeyId === keys.accessKeyId) return { secret: keys.secretAccessKey, principal: ROOT };
      const found = directory.keys.get(accessKeyId);
      if (found === undefined || !found.key.active) throw unknownKey();
      const secret = opened.get(found.key) ?? keyring().open(found.key.sealed, keyContext(accessKeyId));
      opened.set(found.key, secret);
      const { name, path, id: userId } = found.user;
      return { secret, principal: userPrincipal({ name, path, userId }) };
    },
  };

  function ofToken(accessKeyId: string, token: string, nowMs: number) {
    const known = sessions.open(token);
    if (known === null || known.accessKeyId !== accessKeyId) throw unknownKey();
    if (known.expirationMs <= nowMs) {
      throw new Fault('credentials-expired', 'The security token included in the request is expired');
    }
    const role = findRole(known.roleName);
    if (role === null || role.id !== known.roleId) throw unknownKey(); // the role is gone, and its sessions with it
    const { roleName, roleId, sessionName, session } = known;
    const principal = sessionPrincipal({ roleName, roleId, sessionName, session });
    return { secret: known.secretAccessKey, principal };
  }
}

/** What an access key's secret is sealed for. */
export function keyContext(accessKeyId: string): string {
  return `access-key:${accessKeyId}`;
}

function issue(wish: SessionWish, { sessions, findRole, clock }: Needs & { clock: Pick<Clock, 'wallMs'> }) {
  const role = findRole(wish.roleName);
  if (role === null) {
    throw new Fault('identity-not-found', `The role with name ${wish.roleName} cannot be found.`);
  }
  const { policy = null, functionArn = null, sessionName } = wish;
  if (policy !== null) policyOf(policy, 'identity');
  const issuedAtMs = Math.floor(clock.wallMs());
  const expiresAtMs = issuedAtMs + wish.seconds * 1_000;
  const session = { issuedAtMs, expiresAtMs, policy, functionArn };
  return sessions.issue({ roleName: role.name, roleId: role.id, sessionName, session });
}

interface Deciding {
  readonly directory: Directory;
  readonly findRole: (nameOrArn: string) => Role | null;
  readonly clock: Pick<Clock, 'wallMs'>;
}

function decideFor(question: Question, { directory, findRole, clock }: Deciding): Decision {
  const { principal, action, resource, resourcePolicies = [] } = question;
  if (principal.kind === 'root') return { verdict: 'allow', by: null, statement: null };
  const nowMs = clock.wallMs();
  const policy = principal.session?.policy ?? null;
  const holder = holderOf(principal, { directory, findRole });
  return evaluate({
    ...{ principal, action, resource },
    context: { ...question.context, ...tagContext(holder), ...contextOf(principal, { nowMs }) },
    identity: policiesOf(holder, directory),
    resourcePolicies: resourcePolicies.map((text) => policyOf(text, 'resource')),
    session: policy === null ? null : policyOf(policy, 'identity'),
  });
}

function holderOf(principal: Principal, { directory, findRole }: Omit<Deciding, 'clock'>): Holder | null {
  const { userName, roleName } = principal;
  if (userName !== null) return directory.users.get(userName.toLowerCase()) ?? null;
  return roleName === null ? null : findRole(roleName);
}

function tagContext(holder: Holder | null): RequestContext {
  const tags = Object.entries(holder?.tags ?? {});
  return Object.fromEntries(tags.map(([key, value]) => [`aws:PrincipalTag/${key}`, value]));
}

function policiesOf(holder: Holder | null, directory: Directory): Policy[] {
  if (holder === null) return [];
  const documents = Object.values(holder.inline);
  for (const arn of holder.attached) {
    const policy = AWS_POLICIES.get(arn) ?? directory.policiesByArn.get(arn);
    if (policy !== undefined) documents.push(defaultDocument(policy));
  }
  return documents.map((document) => policyOf(document, 'identity'));
}

/** The document of a managed policy that counts. */
export function defaultDocument({ versions, defaultVersion }: ManagedPolicy): string {
  return versions.find((version) => version.id === defaultVersion)?.document ?? '';
}

/** The global condition keys that follow from who calls, and when. */
function contextOf(principal: Principal, { nowMs }: { nowMs: number }): RequestContext {
  const { session, roleName, accountId, kind } = principal;
  const arn = roleName === null ? principal.arn : `arn:aws:iam::${accountId}:role/${roleName}`;
  return {
    'aws:CurrentTime': new Date(nowMs).toISOString(),
    'aws:EpochTime': String(Math.floor(nowMs / 1_000)),
    'aws:RequestedRegion': REGION,
    'aws:userid': principal.userId,
    'aws:PrincipalType': PRINCIPAL_TYPES[kind],
    'aws:PrincipalIsAWSService': String(kind === 'service'),
    ...(principal.userName !== null && { 'aws:username': principal.userName }),
    ...(kind !== 'anonymous' &&
      kind !== 'service' && { 'aws:PrincipalArn': arn, 'aws:PrincipalAccount': accountId }),
    ...(kind === 'service' && { 'aws:PrincipalServiceName': principal.arn }),
    ...(session !== null && { 'aws:TokenIssueTime': new Date(session.issuedAtMs).toISOString() }),
    ...(session !== null &&
      session.functionArn !== null && { 'lambda:SourceFunctionArn': session.functionArn }),
  };
}

const PRINCIPAL_TYPES = {
  root: 'Account',
  user: 'User',
  'role-session': 'AssumedRole',
  instance: 'AssumedRole',
  service: 'Service',
  anonymous: 'Anonymous',
} as const satisfies Record<Principal['kind'], string>;

function letsIn(role: Role, service: string, context: RequestContext): boolean {
  const principal = servicePrincipal(service);
  const question = { principal, action: 'sts:AssumeRole', resource: roleArn(role), context };
  return evaluateTrust(policyOf(role.trust, 'trust'), question) === 'itself';
}

function checkAssumption(
  { principal, role, context = {} }: Assumption,
  { authorize, clock }: { authorize: (question: Question) => void; clock: Pick<Clock, 'wallMs'> },
): void {
  const question = { principal, action: 'sts:AssumeRole', resource: roleArn(role), context };
  const facts = { ...context, ...contextOf(principal, { nowMs: clock.wallMs() }) };
  const trusted = evaluateTrust(policyOf(role.trust, 'trust'), { ...question, context: facts });
  if (trusted === 'denied') {
    throw accessDenied(question, { verdict: 'explicit-deny', by: 'resource-policy', statement: null });
  }
  // IAM says the same whether the role trusts somebody else or is not there.
  if (trusted === 'no') throw notAllowed(question);
  const granted = trusted === 'account' ? [] : [allowTo(trusted === 'itself' ? principal.arn : '*')];
  authorize({ ...question, resourcePolicies: granted });
}

/** What a trust policy that names the caller amounts to: an allow of the resource, which a deny of the caller's still beats. */
function allowTo(arn: string): string {
  const statement = { Effect: 'Allow', Principal: { AWS: arn }, Action: 'sts:AssumeRole' };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

export function notAllowed({ principal, action, resource }: Question): Fault {
  return new Fault('access-denied', sentence({ principal, action, resource }));
}

/** What a function's author writes so that its own role allows it; nothing to say to anybody else. */
function wayOut({ principal, action, resource }: Question, functions: FunctionRoles): string | null {
  const functionName = /:function:([^:]+)$/.exec(principal.session?.functionArn ?? '')?.[1];
  if (functionName === undefined || principal.roleName !== functionRoleName(functionName)) return null;
  return functions.lineThatAllows(functionName, { action, resource });
}

function accessDenied(question: Question, { verdict, by }: Decision, hint: string | null = null): Fault {
  const { action } = question;
  const kind = KINDS[by ?? 'identity-policy'];
  const why =
    verdict === 'explicit-deny'
      ? `with an explicit deny in ${kind === 'identity-based' ? 'an' : 'a'} ${kind} policy`
      : `because no ${kind} policy allows the ${action} action`;
  const message = `${sentence(question)} ${why}`;
  return new Fault('access-denied', hint === null ? message : `${message}. ${hint}`, {
    facts: { action, resource: question.resource, principal: question.principal.arn },
  });
}

const KINDS = {
  'identity-policy': 'identity-based',
  'resource-policy': 'resource-based',
  'session-policy': 'session',
} as const satisfies Record<NonNullable<Decision['by']>, string>;

function sentence({ principal, action, resource }: Question): string {
  const who = principal.kind === 'anonymous' ? 'anonymous' : principal.arn;
  return `User: ${who} is not authorized to perform: ${action} on resource: ${resource}`;
}

function unknownKey(): Fault {
  return new Fault('credentials-unknown', 'The security token included in the request is invalid.');
}

function unassumable(nameOrArn: string, service: string): Fault {
  const message =
    service === 'lambda.amazonaws.com'
      ? 'The role defined for the function cannot be assumed by Lambda.'
      : `The role ${nameOrArn} cannot be assumed by ${service}.`;
  return new Fault('role-unassumable', message, { facts: { role: nameOrArn, service } });
}
