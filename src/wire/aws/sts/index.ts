/** STS: who calls, and temporary credentials of a role. */
import type { FaultCode } from '../../../base/index.ts';
import {
  compilePolicy,
  defaultDocument,
  type IdentityAdmin,
  type SessionAuthority,
} from '../../../identity/index.ts';
import { LIMITS } from '../../../model/index.ts';
import type { AssumeRoleRequest, AssumeRoleResponse, StsOperations } from '../models/sts.types.ts';
import { AwsError, readModel } from '../protocol/index.ts';
import type { AwsCall, AwsService, Operations } from '../service.ts';

export interface StsParts {
  readonly authority: SessionAuthority;
  /** Managed policies, for sessions that name some. */
  readonly admin: Pick<IdentityAdmin, 'policy'>;
}

const CODES: Partial<Record<FaultCode, string>> = {
  'identity-not-found': 'ValidationError',
  'policy-invalid': 'MalformedPolicyDocument',
};

/** A role that was assumed with a role's session may be held for an hour (AWS: role chaining). */
const CHAINED_SECONDS = 3_600;

export function stsService(parts: StsParts): AwsService {
  const operations: Operations<StsOperations> = {
    async GetCallerIdentity(_input, { principal }) {
      return { UserId: principal.userId, Account: principal.accountId, Arn: principal.arn };
    },
    AssumeRole: async (input, call) => assumeRole(parts, input, call),
    async GetAccessKeyInfo(_input, call) {
      await call.authorize('sts:GetAccessKeyInfo', '*');
      return { Account: call.accountId };
    },
  };
  return {
    model: readModel('sts'),
    operations: operations as AwsService['operations'],
    errorOf: (fault) => {
      const code = CODES[fault.code];
      return code === undefined ? null : new AwsError(code, fault.message, { status: 400, cause: fault });
    },
  };
}

function assumeRole(
  { authority, admin }: StsParts,
  input: AssumeRoleRequest,
  call: AwsCall,
): AssumeRoleResponse {
  const { RoleArn, RoleSessionName: sessionName, DurationSeconds: seconds = 3_600 } = input;
  const context = {
    'sts:RoleSessionName': sessionName,
    'aws:SourceIp': call.sourceIp,
    ...(input.ExternalId !== undefined && { 'sts:ExternalId': input.ExternalId }),
  };
  const role = /^arn:/.test(RoleArn) ? authority.findRole(RoleArn) : null;
  if (role === null) {
    const { arn } = call.principal;
    throw new AwsError(
      'AccessDenied',
      `User: ${arn} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
      { status: 403 },
    );
  }
  refuseUnsupported(input);
  authority.checkAssumption({ principal: call.principal, role, context });
  const chained = call.principal.session !== null;
  if (chained && seconds > CHAINED_SECONDS) {
    throw invalid(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  if (seconds > role.maxSessionSeconds) {
    throw invalid('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  const policy = sessionPolicy(input, admin);
  const session = authority.issueSession({ roleName: role.name, sessionName, seconds, policy });
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: new Date(session.expirationMs),
    },
    AssumedRoleUser: {
      AssumedRoleId: `${role.id}:${sessionName}`,
      Arn: `arn:aws:sts::${call.accountId}:assumed-role/${role.name}/${sessionName}`,
    },
    ...(policy !== null && { PackedPolicySize: percentOf(policy) }),
  };
}

/** What would be a condition of policies, and is none here, must not be taken for one. */
function refuseUnsupported(input: AssumeRoleRequest): void {
  const given = (
    ['Tags', 'TransitiveTagKeys', 'SerialNumber', 'TokenCode', 'SourceIdentity', 'ProvidedContexts'] as const
  ).filter(
    (name) => input[name] !== undefined && (typeof input[name] === 'string' || input[name].length > 0),
  );
  if (given[0] !== undefined) throw invalid(`${given[0]} is not supported here.`);
}

/** The policy of a session, and the managed ones that it names, as one document. */
function sessionPolicy(
  { Policy, PolicyArns = [] }: AssumeRoleRequest,
  admin: StsParts['admin'],
): string | null {
  const documents = [
    ...(Policy === undefined ? [] : [checked(Policy)]),
    ...PolicyArns.flatMap(({ arn }) => (arn === undefined ? [] : [defaultDocument(admin.policy(arn))])),
  ];
  const [first] = documents;
  if (first === undefined) return null;
  const policy = documents.length === 1 ? first : merged(documents);
  if (percentOf(policy) <= 100) return policy;
  throw new AwsError(
    'PackedPolicyTooLarge',
    `Packed policy consumes ${percentOf(policy)}% of allotted space, please use smaller policy.`,
  );
}

/** @throws {Fault} `policy-invalid`: refused before it is taken apart to be put together with others */
function checked(policy: string): string {
  compilePolicy(policy, 'identity');
  return policy;
}

function merged(documents: readonly string[]): string {
  const statements = documents.flatMap((text) => {
    const { Statement } = JSON.parse(text) as { Statement: unknown };
    return (Array.isArray(Statement) ? Statement : [Statement]).map((statement) => ({
      ...(statement as object),
      Sid: '',
    }));
  });
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

function percentOf(policy: string): number {
  return Math.ceil((policy.replace(/\s/g, '').length / LIMITS.sessionPolicyCharacters) * 100);
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationError', message, { status: 400 });
}
