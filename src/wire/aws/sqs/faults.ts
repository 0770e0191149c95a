/** Faults from below in SQS's words. */
import type { Fault, FaultCode } from '../../../base/index.ts';
import { AwsError } from '../protocol/index.ts';
import { invalid, invalidAttribute, missing, overLimit } from './errors.ts';

type Wording = (fault: Fault) => AwsError;

const IN_FLIGHT =
  'The maximum number of in flight messages is reached: 120,000 are received and not deleted.';

/** What is not here is answered by the endpoint's table. */
const WORDS: Partial<Record<FaultCode, Wording>> = {
  'message-invalid': messageInvalid,
  'message-too-large': ({ facts }) =>
    invalid(
      `One or more parameters are invalid. Reason: Message must be shorter than ${facts.maxBytes} bytes.`,
    ),
  'parameter-invalid': ({ message }) => invalid(message),
  'policy-invalid': () => invalidAttribute('Policy'),
  'policy-too-large': ({ message }) => overLimit(message),
  'purge-in-progress': ({ facts, message }) =>
    new AwsError(
      'PurgeQueueInProgress',
      facts.queue === undefined
        ? message
        : `Only one PurgeQueue operation on ${facts.queue} is allowed every 60 seconds.`,
      { status: 403 },
    ),
  'queue-attribute-invalid': attributeInvalid,
  'queue-exists': ({ facts, message }) =>
    new AwsError(
      'QueueNameExists',
      facts.attribute === undefined
        ? message
        : `A queue already exists with the same name and a different value for attribute ${facts.attribute}`,
    ),
  'queue-not-found': () => new AwsError('QueueDoesNotExist', 'The specified queue does not exist.'),
  'queue-over-limit': () => overLimit(IN_FLIGHT),
  'resource-conflict': ({ message }) => invalid(message),
  'resource-not-found': ({ message }) => new AwsError('ResourceNotFoundException', message, { status: 404 }),
};

/** @returns null: the endpoint's own table answers */
export function sqsError(fault: Fault): AwsError | null {
  const error = WORDS[fault.code]?.(fault) ?? null;
  return error === null
    ? null
    : new AwsError(error.code, error.message, { status: error.status, cause: fault });
}

/** The same in the words of the protocol that SQS spoke before. */
export function sqsErrorBefore(fault: Fault): AwsError | null {
  if (fault.code !== 'queue-not-found') return sqsError(fault);
  const message = 'The specified queue does not exist for this wsdl version.';
  return new AwsError('QueueDoesNotExist', message, { cause: fault });
}

/** Of one entry among several. */
export function faultInBatch(fault: Fault): AwsError {
  if (fault.code === 'message-too-large') {
    const reason = `Message must be shorter than ${fault.facts.maxBytes} bytes.`;
    return invalid(`One or more parameters cannot be validated. Reason: ${reason}`);
  }
  const status = fault.blame === 'platform' ? 500 : undefined;
  return sqsError(fault) ?? new AwsError('InternalError', fault.message, { status, cause: fault });
}

/** In AWS's words. */
export const NO_DEDUPLICATION =
  'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly';

function messageInvalid({ facts, message }: Fault): AwsError {
  const parameter = String(facts.parameter);
  if (facts.problem === 'missing') return missing(parameter);
  if (facts.problem === 'duplicate-id-missing') return invalid(NO_DEDUPLICATION);
  if (parameter === 'MessageBody') return new AwsError('InvalidMessageContents', message);
  return invalid(message);
}

function attributeInvalid({ facts, message }: Fault): AwsError {
  const attribute = String(facts.attribute);
  if (!attribute.startsWith('Redrive')) return invalidAttribute(attribute, message);
  return invalid(`Value for parameter ${attribute} is invalid. Reason: ${message}`);
}
