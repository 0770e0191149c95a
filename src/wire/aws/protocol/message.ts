import type { Readable } from 'node:stream';
import type { LongText } from './large-json.ts';

/** A request as the protocols read it. */
export interface AwsRequest {
  readonly method: string;
  /** Path and query as received, nothing decoded: `/2015-03-31/functions/f?Qualifier=1`. */
  readonly url: string;
  /** Names in lower case; a header sent twice is joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The stream only where the operation's payload is a streamed blob or an event stream. */
  readonly body: Buffer | Readable;
  /** Long strings that were taken out of a JSON body, so that the rest is small. */
  readonly longTexts?: ReadonlyMap<string, LongText>;
}

export interface AwsResponse {
  readonly statusCode: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | AsyncIterable<Uint8Array>;
}
