/** The words in which AWS refuses what cannot be read at all; constraints have theirs in constraints.ts. */
import { AwsError } from './error.ts';

/** Structures, lists and maps within each other, and elements of XML: no service's model is deeper. */
export const MAX_DEPTH = 100;

/** A value is not of the type that the model says, or the body is not what its type promises. */
export function serializationError(message: string): AwsError {
  return new AwsError('SerializationException', message, { status: 400 });
}

export function tooDeep(): AwsError {
  return serializationError(`The request is nested more than ${MAX_DEPTH} levels deep`);
}
