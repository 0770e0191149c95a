/** Requests signed as AWS clients sign them (Signature Version 4), for tests from outside. */
import { createHash } from 'node:crypto';
import { canonicalRequest } from '../../src/identity/sigv4/canonical.ts';
import { isoBasic } from '../../src/identity/sigv4/claim.ts';
import { sign, signingKey, stringToSign } from '../../src/identity/sigv4/signature.ts';

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface AwsRequest {
  readonly method?: string;
  readonly path: string;
  /** The signing name: `lambda`. */
  readonly service: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @returns the headers that sign a request to `host`, and those that it has anyway */
export function signedHeaders(
  host: string,
  keys: AwsKeys,
  { method = 'GET', path, service, body = '', headers = {} }: AwsRequest,
): Record<string, string> {
  const timestamp = isoBasic(Date.now());
  const [day, region, token] = [timestamp.slice(0, 8), 'us-east-1', keys.sessionToken];
  const sent: Record<string, string> = {
    ...headers,
    'X-Amz-Date': timestamp,
    ...(token !== undefined && { 'X-Amz-Security-Token': token }),
  };
  const names = ['host', 'x-amz-date', ...(token === undefined ? [] : ['x-amz-security-token'])];
  const canonical = canonicalRequest({
    ...{ method, url: path, signedHeaders: names, pathAsIs: false },
    rawHeaders: ['Host', host, ...Object.entries(sent).flat()],
    payload: createHash('sha256').update(body).digest('hex'),
  });
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = signingKey({ secret: keys.secretAccessKey, day, region, service });
  const signature = sign(key, stringToSign({ timestamp, scope, canonical }));
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...sent, authorization };
}

/** Sends a signed request. @returns the answer, read whole */
export async function sendSigned(
  url: string,
  keys: AwsKeys,
  request: AwsRequest,
): Promise<{ status: number; error: string; text: string }> {
  const { method = 'GET', path, body = '' } = request;
  const headers = signedHeaders(new URL(url).host, keys, request);
  const answer = await fetch(new URL(path, url), { method, headers, ...(body !== '' && { body }) });
  const error = answer.headers.get('x-amzn-errortype')?.split(':')[0] ?? '';
  return { status: answer.status, error, text: await answer.text() };
}
