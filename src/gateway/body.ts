/** Reads a request's body into memory, within a bound. */
import type { IncomingMessage } from 'node:http';

export type BodyResult =
  | { readonly kind: 'body'; readonly bytes: Buffer | null }
  | { readonly kind: 'too-large' }
  /** All requests together hold as much as the gateway allows. */
  | { readonly kind: 'no-room' }
  /** The caller went away before its last byte. */
  | { readonly kind: 'gone' };

/** @returns whether a body follows the head */
export function hasBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return (length !== undefined && length !== '0') || req.headers['transfer-encoding'] !== undefined;
}

/**
 * The whole body; an empty one is null.
 *
 * @param maxBytes most that one body may have, whether declared or only sent
 * @param take asks for room for so many more bytes; what it granted is the caller's to give back, in every case
 */
export function readBody(
  req: IncomingMessage,
  maxBytes: number,
  take: (bytes: number) => boolean,
): Promise<BodyResult> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve({ kind: 'too-large' });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (result: BodyResult) => {
      req.off('data', onData).off('end', onEnd).off('close', onClose);
      resolve(result);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > maxBytes) finish({ kind: 'too-large' });
      else if (!take(chunk.length)) finish({ kind: 'no-room' });
    };
    const onEnd = () => {
      const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
      finish({ kind: 'body', bytes: size === 0 ? null : bytes });
    };
    const onClose = () => finish({ kind: 'gone' });
    req.on('data', onData).on('end', onEnd).on('close', onClose);
  });
}
