/** Faults from below in IAM's words. */
import type { Fault, FaultCode } from '../../../base/index.ts';
import { AwsError } from '../protocol/index.ts';

const CODES: Partial<Record<FaultCode, string>> = {
  'identity-exists': 'EntityAlreadyExists',
  'identity-in-use': 'DeleteConflict',
  'identity-limit': 'LimitExceeded',
  'identity-not-found': 'NoSuchEntity',
  'identity-protected': 'UnmodifiableEntity',
  'parameter-invalid': 'InvalidInput',
  'policy-invalid': 'MalformedPolicyDocument',
};

/** @returns null: the endpoint's own table answers */
export function iamError(fault: Fault): AwsError | null {
  const code = CODES[fault.code];
  return code === undefined ? null : new AwsError(code, fault.message, { cause: fault });
}
