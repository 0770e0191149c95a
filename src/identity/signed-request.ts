/** What a signature is verified on, and what comes of it. Types only: an edge and the verifier agree here. */
import type { Transform } from 'node:stream';
import type { Principal } from './principal.ts';

/** A request as it came over the wire, nothing decoded. */
export interface SignedRequest {
  readonly method: string;
  /** The request target: path and query, as received (`IncomingMessage.url`). */
  readonly url: string;
  /** Name, value, name, value, … as received (`IncomingMessage.rawHeaders`). */
  readonly rawHeaders: readonly string[];
  /**
   * SHA-256 of the body in lower-case hex (of no body: of nothing), which an edge that has read the body
   * knows; null: the body is still to be streamed, and `x-amz-content-sha256` must say what it will be.
   */
  readonly bodySha256: string | null;
}

export interface VerifyOptions {
  /** Signing names that the addressed endpoint accepts, such as `lambda`; null: any, the caller chooses by it. */
  readonly services: readonly string[] | null;
  /** Wall-clock ms. */
  readonly nowMs: number;
  /**
   * Before the body has been read: refuses what no body could make right. The signature itself is looked at only
   * where the head says what the body will be, so who called is not proven by this. Default false.
   */
  readonly headOnly?: boolean;
}

export interface VerifiedRequest {
  readonly principal: Principal;
  readonly signed: {
    readonly accessKeyId: string;
    /** The scope's service: `lambda`, `iam`, `sts`, … */
    readonly service: string;
    readonly region: string;
    /** Whether the signature is in the query. */
    readonly presigned: boolean;
  };
  /**
   * Where the body was not hashed yet: makes the stream that it must pass through, which takes off the
   * framing of signed chunks and fails with a Fault when the bytes are not those that were signed. Null:
   * the body is as signed, or deliberately unsigned.
   */
  readonly bodyCheck: (() => Transform) | null;
}

/** Whether a request claims to be signed, in a header or its query: who it is then comes from `verify`. */
export function carriesSignature(request: {
  readonly authorization: string | undefined;
  readonly url: string;
}): boolean {
  return (
    (request.authorization ?? '').startsWith('AWS4-') ||
    /[?&]X-Amz-(?:Algorithm|Credential)=/i.test(request.url)
  );
}
