/** What SQS says no with. */
import { AwsError } from '../protocol/index.ts';

/** @param message in AWS's words */
export function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}

/** `Value 11 for parameter MaxNumberOfMessages is invalid. Reason: …` */
export function invalidValue(parameter: string, value: string | number, reason: string): AwsError {
  return invalid(`Value ${value} for parameter ${parameter} is invalid. Reason: ${reason}`);
}

export function missing(parameter: string): AwsError {
  const message = `The request must contain the parameter ${parameter}.`;
  return new AwsError('MissingRequiredParameterException', message);
}

/** @throws {AwsError} when a parameter is not there, or is empty */
export function required<T>(value: T | undefined, parameter: string): T {
  if (value === undefined || value === '') throw missing(parameter);
  return value;
}

export function overLimit(message: string): AwsError {
  return new AwsError('OverLimit', message, { status: 403 });
}

export function unknownAttribute(name: string): AwsError {
  return new AwsError('InvalidAttributeName', `Unknown Attribute ${name.slice(0, 256)}.`);
}

export function invalidAttribute(name: string, reason = ''): AwsError {
  const message = `Invalid value for the parameter ${name}.${reason === '' ? '' : ` Reason: ${reason}`}`;
  return new AwsError('InvalidAttributeValue', message);
}

export function notForThisType(parameter: string, value: string | number): AwsError {
  return invalidValue(
    parameter,
    value,
    'The request include parameter that is not valid for this queue type.',
  );
}

/** @throws {AwsError} when a number is outside of what it may be */
export function within(
  parameter: string,
  value: number,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  if (value >= min && value <= max) return value;
  throw invalidValue(parameter, value, `Must be >= ${min} and <= ${max}, if provided.`);
}
