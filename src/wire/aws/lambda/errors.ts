/** Faults from below in Lambda's words: its exceptions, and for some of them its very messages. */
import type { Fault, FaultCode } from '../../../base/index.ts';
import { functionArn, LIMITS } from '../../../model/index.ts';
import { AwsError } from '../protocol/index.ts';

type Wording = (fault: Fault) => AwsError;

const USER = { members: { Type: 'User' } };

function as(code: string, message?: string): Wording {
  return (fault) => new AwsError(code, message ?? fault.message, { ...USER, cause: fault });
}

/** The node's own trouble: not the caller's, and worth another try. */
const troubled: Wording = (fault) =>
  new AwsError('ServiceException', fault.message, {
    ...{ status: 500, retryAfterSeconds: 1, cause: fault },
    members: { Type: 'Service' },
  });

const functionNotFound: Wording = (fault) => {
  const { functionName, name = functionName ?? '', version, qualifier = version } = fault.facts;
  const arn = functionArn(String(name), qualifier === undefined ? undefined : String(qualifier));
  return new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, { ...USER, cause: fault });
};

const STALE =
  'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id';
const NOT_A_ZIP = 'Could not unzip uploaded file. Please check your file, then try to upload again.';

/** What is not here is answered by the endpoint's table. */
const WORDS: Partial<Record<FaultCode, Wording>> = {
  'artifact-not-found': as('InvalidParameterValueException'),
  'bad-request': as('InvalidParameterValueException'),
  'concurrency-exceeded': (fault) =>
    new AwsError('TooManyRequestsException', 'Rate Exceeded.', {
      ...{ status: 429, retryAfterSeconds: 1, cause: fault },
      members: { Type: 'User', Reason: reasonOf(fault) },
    }),
  'database-unavailable': troubled,
  'deploy-in-progress': as('ResourceConflictException'),
  'event-loop': as('RecursiveInvocationException'),
  'events-full': (fault) =>
    new AwsError('TooManyRequestsException', 'Rate Exceeded.', {
      ...{ status: 429, retryAfterSeconds: 1, cause: fault },
      members: { Type: 'User', Reason: 'FunctionInvocationRateLimitExceeded' },
    }),
  'function-not-found': functionNotFound,
  'name-taken': as('ResourceConflictException'),
  'no-capacity': troubled,
  'package-invalid': as('InvalidParameterValueException', NOT_A_ZIP),
  'package-too-large': as(
    'InvalidParameterValueException',
    'Unzipped size must be smaller than 262144000 bytes',
  ),
  'parameter-invalid': as('InvalidParameterValueException'),
  // Lambda's model has RequestTooLargeException for this; what Lambda sends is this one.
  'payload-too-large': (fault) =>
    new AwsError('RequestEntityTooLargeException', tooLarge(fault), { ...USER, status: 413, cause: fault }),
  'policy-invalid': as('InvalidParameterValueException'),
  'policy-too-large': as('PolicyLengthExceededException'),
  'provisioning-failed': as('InvalidParameterValueException'),
  'queue-timeout': troubled,
  'resource-conflict': as('ResourceConflictException'),
  'resource-in-use': as('ResourceInUseException'),
  'resource-not-found': as('ResourceNotFoundException'),
  'revision-stale': (fault) =>
    as('PreconditionFailedException', fault.message.includes('GetPolicy') ? fault.message : STALE)(fault),
  'role-unassumable': as(
    'InvalidParameterValueException',
    'The role defined for the function cannot be assumed by Lambda.',
  ),
  'sandbox-failed': troubled,
  'shutting-down': troubled,
  'runtime-unavailable': as('InvalidParameterValueException'),
  'start-rate-exceeded': (fault) =>
    new AwsError('TooManyRequestsException', 'Rate Exceeded.', {
      ...{ status: 429, retryAfterSeconds: 1, cause: fault },
      members: { Type: 'User', Reason: 'ConcurrentInvocationLimitExceeded' },
    }),
  'version-limit': as('CodeStorageExceededException'),
  'version-not-found': functionNotFound,
};

/** @returns null: the endpoint's own table answers */
export function lambdaError(fault: Fault): AwsError | null {
  return WORDS[fault.code]?.(fault) ?? null;
}

function tooLarge({ facts: { bytes, maxBytes } }: Fault): string {
  return maxBytes === LIMITS.asyncEventBytes
    ? `${bytes} byte payload is too large for the Event invocation type (limit ${maxBytes} bytes)`
    : `Request must be smaller than ${maxBytes} bytes for the InvokeFunction operation`;
}

function reasonOf({ facts }: Fault): string {
  return facts.scope === 'function'
    ? 'ReservedFunctionConcurrentInvocationLimitExceeded'
    : 'ConcurrentInvocationLimitExceeded';
}
