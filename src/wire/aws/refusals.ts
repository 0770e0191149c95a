/** What goes wrong beside and below the services, as AWS's errors. */
import { Fault } from '../../base/index.ts';
import { authError, type ErrorDialect } from './auth-errors.ts';
import { AwsError, type ServiceModel } from './protocol/index.ts';
import type { AwsService } from './service.ts';

export function dialectOf({ metadata }: ServiceModel): ErrorDialect {
  switch (metadata.protocol) {
    case 'rest-json':
      return 'rest-json';
    case 'rest-xml':
      return 's3';
    case 'query':
    case 'ec2':
      return 'query';
    default:
      return metadata.awsQueryCompatible === undefined ? 'json' : 'query-compatible';
  }
}

/**
 * The service's own word for a refusal from below, else identity's, else what its blame makes of it.
 *
 * @returns null for what is no refusal: a bug
 */
export function errorFor(error: unknown, service: AwsService, operation: string | null): AwsError | null {
  if (error instanceof AwsError) return error;
  if (!(error instanceof Fault)) return null;
  return (
    service.errorOf(error, { operation: operation ?? '' }) ??
    authError(error, dialectOf(service.model)) ??
    byBlame(error)
  );
}

function byBlame(fault: Fault): AwsError {
  if (fault.blame === 'platform') return unavailable(fault);
  if (!fault.retry) return new AwsError('ValidationException', fault.message, { status: 400, cause: fault });
  return new AwsError('ThrottlingException', fault.message, {
    status: 429,
    retryAfterSeconds: 1,
    cause: fault,
  });
}

function unavailable(fault: Fault): AwsError {
  const retryAfterSeconds = fault.retry ? 1 : undefined;
  return new AwsError('ServiceException', fault.message, { status: 500, retryAfterSeconds, cause: fault });
}

/** @param id under which the node's log has the details */
export function bugError({ metadata }: ServiceModel, id: string): AwsError {
  const isRest = metadata.protocol === 'rest-json';
  const message = `Something went wrong inside Skein. The node's log has the details under ${id}.`;
  return new AwsError(isRest ? 'ServiceException' : 'InternalFailure', message, { status: 500 });
}

export function notServed(name: string, served: readonly string[]): AwsError {
  const message = `The service "${name.slice(0, 50)}" is not served here. Served: ${served.join(', ')}.`;
  return new AwsError('UnknownOperationException', message, { status: 404 });
}
