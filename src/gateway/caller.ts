/**
 * Who calls a function URL, and whether they may: by the URL's AuthType, the caller's policies and the
 * function's own, as Lambda decides it. What Lambda says of a refusal is said here.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Fault } from '../base/index.ts';
import { ANONYMOUS, type Authority, carriesSignature, type VerifiedRequest } from '../identity/index.ts';
import { type FunctionUrl, functionArn, policyDocument, type ResourcePolicy } from '../model/index.ts';
import type { Refusal } from './refusal.ts';

/** Declared here because the need is ours. */
export type UrlAuthority = Pick<Authority, 'verify' | 'decide'>;

/** A function URL as requests meet it. */
export interface UrlSite {
  readonly config: FunctionUrl;
  /** With the URL's qualifier. */
  readonly arn: string;
  readonly policies: readonly string[];
  /** Whether anybody may call it. */
  readonly open: boolean;
}

const ACTION = 'lambda:InvokeFunctionUrl';
const NOTHING = createHash('sha256').digest('hex');

/** Decides once what does not depend on the request: whether a URL without authentication is open. */
export function urlSite(
  authority: UrlAuthority,
  url: {
    readonly functionName: string;
    /** An alias, or '' */
    readonly qualifier: string;
    readonly config: FunctionUrl;
    readonly policy: ResourcePolicy | undefined;
  },
): UrlSite {
  const { functionName, qualifier, config, policy } = url;
  const arn = functionArn(functionName, qualifier === '' ? undefined : qualifier);
  const policies = policy === undefined ? [] : [policyDocument(policy)];
  const site = { config, arn, policies, open: false };
  if (config.authType !== 'NONE') return site;
  return { ...site, open: isAllowed(authority, site, { principal: ANONYMOUS }) };
}

interface Wanting {
  readonly principal: VerifiedRequest['principal'];
  /** Condition keys of the request. */
  readonly request?: Readonly<Record<string, string>>;
}

function isAllowed(authority: UrlAuthority, site: UrlSite, { principal, request = {} }: Wanting): boolean {
  const context = { 'lambda:FunctionUrlAuthType': site.config.authType, ...request };
  const question = {
    principal,
    action: ACTION,
    resource: site.arn,
    resourcePolicies: site.policies,
    context,
  };
  return authority.decide(question).verdict === 'allow';
}

/** @returns a refusal that needs no more than the head; null: go on */
export function refusalBeforeBody(site: UrlSite, { headers, url }: IncomingMessage): Refusal | null {
  if (site.config.authType === 'NONE') return site.open ? null : FORBIDDEN;
  return carriesSignature({ authorization: headers.authorization, url: url ?? '' }) ? null : FORBIDDEN;
}

export interface SignedCall {
  readonly req: IncomingMessage;
  readonly body: Buffer | null;
  readonly sourceIp: string;
  /** Wall-clock ms. */
  readonly nowMs: number;
}

/** Of a URL whose AuthType is AWS_IAM. @returns who calls, or why not */
export async function admitSigned(
  authority: UrlAuthority,
  site: UrlSite,
  { req, body, sourceIp, nowMs }: SignedCall,
): Promise<{ readonly caller: VerifiedRequest } | { readonly refusal: Refusal }> {
  const bodySha256 = body === null ? NOTHING : createHash('sha256').update(body).digest('hex');
  const { method = 'GET', url = '/', rawHeaders } = req;
  try {
    const request = { method, url, rawHeaders, bodySha256 };
    const caller = await authority.verify(request, { services: ['lambda'], nowMs });
    const { principal } = caller;
    const may = isAllowed(authority, site, { principal, request: { 'aws:SourceIp': sourceIp } });
    return may ? { caller } : { refusal: FORBIDDEN };
  } catch (error) {
    const refusal = error instanceof Fault ? refusalOfSignature(error) : null;
    if (refusal === null) throw error;
    return { refusal };
  }
}

const FORBIDDEN: Refusal = {
  status: 403,
  message: 'Forbidden',
  body: '{"Message":"Forbidden"}',
  headers: ['x-amzn-errortype', 'AccessDeniedException'],
};

/** What Lambda calls them. */
const SIGNATURE_ERRORS: Readonly<Partial<Record<Fault['code'], string>>> = {
  'signature-missing': 'MissingAuthenticationTokenException',
  'signature-incomplete': 'IncompleteSignatureException',
  'signature-invalid': 'InvalidSignatureException',
  'credentials-unknown': 'UnrecognizedClientException',
  'credentials-expired': 'ExpiredTokenException',
};

function refusalOfSignature({ code, message }: Fault): Refusal | null {
  const type = SIGNATURE_ERRORS[code];
  if (type === undefined) return null;
  return {
    status: 403,
    message,
    body: JSON.stringify({ message }),
    headers: ['x-amzn-errortype', type],
  };
}

/** The caller as the event's `requestContext.authorizer` tells it. */
export function authorizerJson({ principal, signed }: VerifiedRequest): string {
  const iam = {
    accessKey: signed.accessKeyId,
    accountId: principal.accountId,
    callerId: principal.userId,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: principal.arn,
    userId: principal.userId,
  };
  return `{"iam":${JSON.stringify(iam)}}`;
}
