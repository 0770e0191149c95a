export { BodyRoom } from './body.ts';
export { type AwsEndpoint, type AwsEndpointOptions, createAwsEndpoint, isAwsRequest } from './endpoint.ts';
export { readModel } from './protocol/index.ts';
export type { AwsCall, AwsService, Operations } from './service.ts';
