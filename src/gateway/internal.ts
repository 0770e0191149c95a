/**
 * How functions of this node call each other: `http://<name>.internal/`, where `<name>` is a function of the
 * caller's own app by its key, or any function by its full name. Who calls is known by its instance's own way
 * here and not by what the request says; whether it may, its role and the called function's policy decide.
 */
import type { Principal } from '../identity/index.ts';
import {
  ACCOUNT_ID,
  type FunctionEntry,
  fullName,
  functionArn,
  INTERNAL_SUFFIX,
  LATEST,
  policyDocument,
} from '../model/index.ts';
import type { Snapshot } from '../registry/index.ts';
import type { UrlAuthority } from './caller.ts';
import { contextHead, hostName, type Site } from './host.ts';
import type { Refusal } from './refusal.ts';

/** The instance that calls. */
export interface InternalCaller {
  readonly functionName: string;
  /** Null: its role is gone, and it may do nothing. */
  readonly principal: Principal | null;
  /** How much of its bodies may be in memory; absent: as much as of all together. */
  readonly room?: { take(bytes: number): boolean; give(bytes: number): void };
}

/** Either one will do, unless the other is denied. */
const ACTIONS = ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'] as const;

/** @returns where a call leads, or why nowhere */
export function findInternal(
  { snapshot, header, caller }: { snapshot: Snapshot; header: string; caller: InternalCaller },
  authority: UrlAuthority,
): Site | Refusal {
  const host = hostName(header);
  if (host === null) return { status: 400, message: 'The Host header is not a host name.' };
  const entry = host.endsWith(INTERNAL_SUFFIX)
    ? findCalled(snapshot, host.slice(0, -INTERNAL_SUFFIX.length), caller)
    : undefined;
  if (entry === undefined) return notThere(host);
  const { principal } = caller;
  if (principal === null || !isAllowed(entry, principal, authority)) return forbidden(entry, caller);
  const { name: functionName, slug: apiId } = entry;
  return {
    host,
    contextHead: contextHead({ host, apiId, accountId: ACCOUNT_ID, authorizer: authorizerOf(principal) }),
    url: null,
    closed: null,
    target: { kind: 'function', functionName, qualifier: entry.app === null ? LATEST : null },
  };
}

function findCalled(snapshot: Snapshot, label: string, caller: InternalCaller): FunctionEntry | undefined {
  const app = snapshot.functions.get(caller.functionName)?.app ?? null;
  const own = app === null ? undefined : snapshot.functions.get(fullName(app, label));
  return own ?? snapshot.slugs.get(label);
}

function isAllowed(entry: FunctionEntry, principal: Principal, authority: UrlAuthority): boolean {
  const policy = entry.policies.get('');
  const resourcePolicies = policy === undefined ? [] : [policyDocument(policy)];
  const verdicts = ACTIONS.map((action) => {
    const context = { 'lambda:FunctionUrlAuthType': 'AWS_IAM' };
    const question = { principal, action, resource: functionArn(entry.name), resourcePolicies, context };
    return authority.decide(question).verdict;
  });
  return verdicts.includes('allow') && !verdicts.includes('explicit-deny');
}

/** As at a function URL whose caller has signed. */
function authorizerOf(principal: Principal): string {
  const { accountId, userId, arn } = principal;
  const iam = {
    ...{ accessKey: null, accountId, callerId: userId, cognitoIdentity: null, principalOrgId: null },
    ...{ userArn: arn, userId },
  };
  return `{"iam":${JSON.stringify(iam)}}`;
}

function notThere(host: string): Refusal {
  return {
    status: 404,
    message: `No function answers at "${host}". <name>.internal takes the key of a function of the same app, or a full name.`,
  };
}

function forbidden({ name }: FunctionEntry, { functionName, principal }: InternalCaller): Refusal {
  const why =
    principal === null
      ? 'its role is gone'
      : `neither its role, ${principal.roleName}, nor the policy of ${name} allows lambda:InvokeFunction on ${functionArn(name)}`;
  return {
    status: 403,
    message: `Function "${functionName}" may not call "${name}": ${why}. Write "uses: [ { function: ${name}, allow: [ invoke ] } ]" in its manifest.`,
    headers: ['x-amzn-errortype', 'AccessDeniedException'],
  };
}
