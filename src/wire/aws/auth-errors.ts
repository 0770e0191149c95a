/**
 * Refusals of identity as each AWS protocol says them: the same no has another code in JSON than in XML, and
 * Amazon S3 has words of its own. A table, closed over the codes that identity throws.
 */
import type { Fault, FaultCode } from '../../base/index.ts';
import { AwsError } from './protocol/index.ts';

type AuthCode = Extract<FaultCode, `signature-${string}` | `credentials-${string}` | 'access-denied'>;
/** How a service speaks: JSON bodies with REST paths or without, also after the query protocol, that itself, S3's XML. */
export type ErrorDialect = 'rest-json' | 'json' | 'query-compatible' | 'query' | 's3';

interface Said {
  readonly code: string;
  readonly status: number;
  /** Left out: the fault's message, which is AWS's already. */
  readonly message?: string;
}

const JSON_CODES = {
  'access-denied': 'AccessDeniedException',
  'credentials-expired': 'ExpiredTokenException',
  'credentials-unknown': 'UnrecognizedClientException',
  'signature-incomplete': 'IncompleteSignatureException',
  'signature-invalid': 'InvalidSignatureException',
  'signature-missing': 'MissingAuthenticationTokenException',
} as const satisfies Record<AuthCode, string>;

const QUERY = {
  'access-denied': { code: 'AccessDenied', status: 403 },
  'credentials-expired': { code: 'ExpiredToken', status: 403 },
  'credentials-unknown': { code: 'InvalidClientTokenId', status: 403 },
  'signature-incomplete': { code: 'IncompleteSignature', status: 400 },
  'signature-invalid': { code: 'SignatureDoesNotMatch', status: 403 },
  'signature-missing': {
    code: 'MissingAuthenticationToken',
    status: 403,
    message: 'Request is missing Authentication Token',
  },
} as const satisfies Record<AuthCode, Said>;

const S3 = {
  'access-denied': { code: 'AccessDenied', status: 403 },
  'credentials-expired': { code: 'ExpiredToken', status: 400, message: 'The provided token has expired.' },
  'credentials-unknown': {
    code: 'InvalidAccessKeyId',
    status: 403,
    message: 'The AWS Access Key Id you provided does not exist in our records.',
  },
  'signature-incomplete': { code: 'AuthorizationHeaderMalformed', status: 400 },
  'signature-invalid': {
    code: 'SignatureDoesNotMatch',
    status: 403,
    message:
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  },
  'signature-missing': { code: 'AccessDenied', status: 403, message: 'Access Denied' },
} as const satisfies Record<AuthCode, Said>;

/** What S3 says of a wrong signature, by the fault's fact `reason`. */
const S3_REASONS: Readonly<Record<string, Said>> = {
  body: { code: 'XAmzContentSHA256Mismatch', status: 400 },
  clock: {
    code: 'RequestTimeTooSkewed',
    status: 403,
    message: 'The difference between the request time and the current time is too large.',
  },
  'presigned-expired': { code: 'AccessDenied', status: 403, message: 'Request has expired' },
  region: { code: 'AuthorizationHeaderMalformed', status: 400 },
};

/** @returns null when the fault is not about who calls */
export function authError(fault: Fault, dialect: ErrorDialect): AwsError | null {
  if (!(fault.code in JSON_CODES)) return null;
  const { code, status, message = fault.message } = said(fault, fault.code as AuthCode, dialect);
  return new AwsError(code, message, { status, cause: fault });
}

function said(fault: Fault, code: AuthCode, dialect: ErrorDialect): Said {
  switch (dialect) {
    case 'rest-json':
      return { code: JSON_CODES[code], status: 403 };
    case 'json':
      return { code: JSON_CODES[code], status: 400 };
    case 'query-compatible':
      return { code: JSON_CODES[code], status: QUERY[code].status };
    case 'query':
      return QUERY[code];
    case 's3':
      return (code === 'signature-invalid' && S3_REASONS[String(fault.facts.reason)]) || S3[code];
  }
}
