/** Faults from below in EventBridge Scheduler's words. */
import type { Fault, FaultCode } from '../../../base/index.ts';
import { AwsError } from '../protocol/index.ts';

const CODES: Partial<Record<FaultCode, string>> = {
  'deploy-in-progress': 'ConflictException',
  'parameter-invalid': 'ValidationException',
  'resource-conflict': 'ConflictException',
  'resource-not-found': 'ResourceNotFoundException',
  'schedule-limit': 'ServiceQuotaExceededException',
};

/** @returns null: the endpoint's own table answers */
export function schedulerError(fault: Fault): AwsError | null {
  if (fault.code === 'role-unassumable') {
    return invalid('The execution role you provide must allow AWS EventBridge Scheduler to assume the role.');
  }
  const code = CODES[fault.code];
  if (code !== undefined) return new AwsError(code, fault.message, { cause: fault });
  if (fault.blame !== 'platform') return null;
  const retryAfterSeconds = fault.retry ? 1 : undefined;
  return new AwsError('InternalServerException', fault.message, { retryAfterSeconds, cause: fault });
}

export function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}
