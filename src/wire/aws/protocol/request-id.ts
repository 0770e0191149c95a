import type { ServiceModel } from './model.ts';

/** S3 has its own words for much; its model does not say so, its name does. */
export function isS3({ metadata }: ServiceModel): boolean {
  return metadata.serviceId === 'S3';
}

export function requestIdHeaders(model: ServiceModel, requestId: string): Readonly<Record<string, string>> {
  return isS3(model)
    ? { 'x-amz-request-id': requestId, 'x-amz-id-2': requestId }
    : { 'x-amzn-requestid': requestId };
}
