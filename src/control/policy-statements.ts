/**
 * Statements of resource policies, one per grant, as Lambda writes them; of functions and of layer versions.
 * Pure: the caller stores what comes of it.
 */
import { Fault } from '../base/index.ts';
import type { PolicyStatement, ResourcePolicy } from '../model/index.ts';
import { policyDocument } from '../model/index.ts';

/** A resource policy, in bytes (AWS: 20 KB). */
const MAX_POLICY_BYTES = 20_480;

export interface Grant {
  readonly statementId: string;
  /** `lambda:InvokeFunction` */
  readonly action: string;
  /** A service's host name, an account's number, an ARN, or `*`. */
  readonly principal: string;
  /** The ARN that the policy belongs to. */
  readonly resource: string;
  readonly condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A stale writer is refused; null: whoever writes last wins. */
export interface PolicyRevision {
  readonly expected: string | null;
  /** What the policy's revision is to be after the change. */
  readonly next: string;
}

/**
 * Adds a statement.
 *
 * @throws {Fault} `revision-stale`, `resource-conflict` (the id is taken), `parameter-invalid`, `policy-too-large`
 */
export function grant(
  policy: ResourcePolicy | null,
  wanted: Grant,
  revision: PolicyRevision,
): { readonly policy: ResourcePolicy; readonly statement: PolicyStatement } {
  checkRevision(policy, revision.expected);
  const before = policy?.statements ?? [];
  if (before.some((statement) => statement.Sid === wanted.statementId)) throw idTaken(wanted.statementId);
  const statement: PolicyStatement = {
    Sid: wanted.statementId,
    Effect: 'Allow',
    Principal: principalOf(wanted.principal),
    Action: wanted.action,
    Resource: wanted.resource,
    ...(wanted.condition && Object.keys(wanted.condition).length > 0 && { Condition: wanted.condition }),
  };
  const made = { revisionId: revision.next, statements: [...before, statement] };
  const bytes = Buffer.byteLength(policyDocument(made));
  if (bytes > MAX_POLICY_BYTES) throw tooLarge(bytes);
  return { policy: made, statement };
}

/**
 * Takes a statement away.
 *
 * @returns null when it was the last
 * @throws {Fault} `resource-not-found`, `revision-stale`
 */
export function revoke(
  policy: ResourcePolicy | null,
  statementId: string,
  revision: PolicyRevision,
): ResourcePolicy | null {
  if (policy === null) throw notFound('No policy is associated with the given resource.');
  checkRevision(policy, revision.expected);
  const statements = policy.statements.filter((statement) => statement.Sid !== statementId);
  if (statements.length === policy.statements.length)
    throw notFound(`Statement ${statementId} is not found in resource policy.`);
  return statements.length === 0 ? null : { revisionId: revision.next, statements };
}

/**
 * Puts a whole document in the place of a policy.
 *
 * @param document IAM's language, checked already; null: none
 * @throws {Fault} `revision-stale`, `policy-too-large`; `resource-not-found` when there is nothing to take away
 */
export function replacePolicy(
  policy: ResourcePolicy | null,
  document: string | null,
  revision: PolicyRevision,
): ResourcePolicy | null {
  if (document === null && policy === null) throw notFound('The resource you requested does not exist.');
  checkRevision(policy, revision.expected);
  if (document === null) return null;
  const { Statement } = JSON.parse(document) as { Statement: PolicyStatement | PolicyStatement[] };
  const made = { revisionId: revision.next, statements: [Statement].flat() };
  const bytes = Buffer.byteLength(policyDocument(made));
  if (bytes > MAX_POLICY_BYTES) throw tooLarge(bytes);
  return made;
}

function checkRevision(policy: ResourcePolicy | null, expected: string | null): void {
  if (expected === null || expected === policy?.revisionId) return;
  throw new Fault(
    'revision-stale',
    'The RevisionId provided does not match the latest RevisionId. Call the GetPolicy API to retrieve the latest RevisionId for your resource.',
  );
}

function principalOf(principal: string): string | Readonly<Record<string, string>> {
  if (principal === '*') return '*';
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  if (/^arn:aws[a-zA-Z-]*:(iam|sts)::\d{12}:(root|(user|role|assumed-role)\/\S+)$/.test(principal))
    return { AWS: principal };
  if (/^[a-z0-9][a-z0-9.-]*\.(amazonaws\.com(\.cn)?|amazon\.com)$/.test(principal))
    return { Service: principal };
  throw new Fault(
    'parameter-invalid',
    'The provided principal was invalid. Please check the principal and try again.',
    { facts: { parameter: 'Principal', value: principal } },
  );
}

function idTaken(statementId: string): Fault {
  return new Fault(
    'resource-conflict',
    `The statement id (${statementId}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
    { facts: { statementId } },
  );
}

function tooLarge(bytes: number): Fault {
  return new Fault(
    'policy-too-large',
    `The final policy size (${bytes}) is bigger than the limit (${MAX_POLICY_BYTES}).`,
    { facts: { bytes, maxBytes: MAX_POLICY_BYTES } },
  );
}

function notFound(message: string): Fault {
  return new Fault('resource-not-found', message);
}
