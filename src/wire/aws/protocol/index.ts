export type { ModelDocument, OperationDocument, ShapeDocument, ShapeRef } from './document.ts';
export { AwsError, type AwsErrorDetails } from './error.ts';
export { lighten } from './large-json.ts';
export type { AwsRequest, AwsResponse } from './message.ts';
export { type Operation, readModel, ServiceModel } from './model.ts';
export { type Located, locate, type Parsed, parseRequest, readInput } from './parse.ts';
export { type Answered, writeResponse } from './write.ts';
export { queryCode, type Refused, writeError } from './write-error.ts';
