/** An answer onto the wire. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AwsResponse } from './protocol/index.ts';

/**
 * @param hasBody false for HEAD, whose answer has only the head of one
 * @returns when the last byte is handed over, or the caller is gone
 */
export async function respond(
  response: ServerResponse,
  { statusCode, headers, body }: AwsResponse,
  hasBody = true,
): Promise<void> {
  if (response.destroyed) return discard(body);
  response.statusCode = statusCode;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, printable(value));
  if (Buffer.isBuffer(body)) {
    if (statusCode !== 204 && statusCode !== 304) response.setHeader('content-length', body.length);
    response.end(hasBody ? body : undefined);
    return;
  }
  if (!hasBody) {
    response.end();
    return discard(body);
  }
  response.flushHeaders();
  try {
    await pipeline(Readable.from(body, { objectMode: false, highWaterMark: 64 * 1024 }), response);
  } catch {
    // the caller went away, or the source broke off: either way the connection says so
    response.destroy();
  }
}

async function discard(body: AwsResponse['body']): Promise<void> {
  if (!Buffer.isBuffer(body)) await body[Symbol.asyncIterator]().return?.();
}

/** Headers carry Latin-1 without line ends. */
function printable(value: string): string {
  return value.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?');
}
