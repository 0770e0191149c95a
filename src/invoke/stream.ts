/**
 * The body of a streamed answer on its way out: counted against its limit, ended at its deadline,
 * read to its end even when nobody listens any more (the function runs on, as on AWS).
 */
import { type Readable, Transform } from 'node:stream';

/** A streamed answer is longer than it may be. */
export class StreamTooLong extends Error {
  override readonly name = 'StreamTooLong';
}

/**
 * @param maxBytes the most that passes
 * @returns the stream to give to the caller; destroying it leaves the function's side running on, unread
 */
export function limited(body: Readable, maxBytes: number): Readable {
  let bytes = 0;
  const out = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(new StreamTooLong(`more than ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
  body.on('error', (error) => out.destroy(error));
  body.pipe(out);
  out.on('close', () => {
    body.unpipe(out);
    body.resume();
  });
  return out;
}
