/**
 * Verifies a signed request: is every part there, is the key known, is it meant for us, is it now, and
 * is the signature the one that this key gives for this request?
 *
 * Owns   the order of these questions and AWS's words for each no.
 * Asks   `credentials` for secrets, in memory.
 * Never  reads the body: an edge says its hash, or streams it through `bodyCheck`.
 */
import { Fault, type FaultFacts } from '../../base/index.ts';
import { REGION } from '../../model/index.ts';
import type { Principal } from '../principal.ts';
import type { SignedRequest, VerifiedRequest, VerifyOptions } from '../signed-request.ts';
import { canonicalRequest } from './canonical.ts';
import { type Claim, headersOf, isoBasic, readClaim } from './claim.ts';
import { chunkReader, isChunked, wholeBodyReader } from './payload.ts';
import { sameSignature, sign, signingKey, stringToSign } from './signature.ts';

/** How far a client's clock may be off, ms (AWS: 15 min). */
const SKEW_MS = 900_000;
const UNSIGNED = 'UNSIGNED-PAYLOAD';

export interface CredentialSource {
  /** @throws {Fault} `credentials-unknown`, `credentials-expired` */
  find(asked: { readonly accessKeyId: string; readonly token: string | null; readonly nowMs: number }): {
    readonly secret: string;
    readonly principal: Principal;
  };
}

/** @throws {Fault} `signature-missing`, `signature-incomplete`, `signature-invalid`, `credentials-…` */
export function verifySignature(
  request: SignedRequest,
  options: VerifyOptions,
  credentials: CredentialSource,
): VerifiedRequest {
  const headers = headersOf(request.rawHeaders);
  const claim = readClaim(request, headers);
  const { accessKeyId, token, service, region } = claim;
  const { secret, principal } = credentials.find({ accessKeyId, token, nowMs: options.nowMs });
  checkScope(claim, options);
  checkTime(claim, options.nowMs);
  const signed = { accessKeyId, service, region, presigned: claim.expiresSeconds !== null };
  if (options.headOnly === true && claim.payload === null) return { principal, signed, bodyCheck: null };
  const payload = payloadOf(request, claim);
  const key = signingKey({ secret, day: claim.day, region, service });
  const canonical = canonicalRequest({
    ...{ method: request.method, url: request.url, rawHeaders: request.rawHeaders, payload },
    ...{ signedHeaders: claim.signedHeaders, pathAsIs: service === 's3' },
  });
  const toSign = stringToSign({ timestamp: claim.timestamp, scope: claim.scope, canonical });
  if (!sameSignature(claim.signature, sign(key, toSign))) throw mismatch(canonical, toSign);
  const decodedLength = headers.get('x-amz-decoded-content-length');
  return {
    principal,
    signed,
    bodyCheck: bodyCheckOf({ claim, key, bodySha256: request.bodySha256, decodedLength }),
  };
}

function checkScope({ day, region, service, timestamp }: Claim, { services }: VerifyOptions): void {
  const wrong: string[] = [];
  if (region !== REGION) wrong.push(`Credential should be scoped to a valid region, not '${region}'. `);
  if (services !== null && !services.includes(service)) {
    wrong.push(`Credential should be scoped to correct service: '${services[0]}'. `);
  }
  if (day !== timestamp.slice(0, 8)) {
    wrong.push(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}' != '${timestamp.slice(0, 8)}', from '${timestamp}'.`,
    );
  }
  const reason = region !== REGION ? 'region' : 'scope';
  if (wrong.length > 0) throw invalid(wrong.join(''), { reason, region, service });
}

function checkTime(claim: Claim, nowMs: number): void {
  const { signedAtMs, timestamp, expiresSeconds } = claim;
  const now = isoBasic(nowMs);
  if (signedAtMs > nowMs + SKEW_MS) {
    const latest = isoBasic(nowMs + SKEW_MS);
    throw invalid(
      `Signature not yet current: ${timestamp} is still later than ${latest} (${now} + 15 min.)`,
      {
        reason: 'clock',
      },
    );
  }
  const goodForMs = expiresSeconds === null ? SKEW_MS : expiresSeconds * 1_000;
  if (Math.floor(nowMs / 1_000) * 1_000 <= signedAtMs + goodForMs) return;
  const earliest = isoBasic(nowMs - goodForMs);
  const span = goodForMs % 60_000 === 0 ? `${goodForMs / 60_000} min.` : `${goodForMs / 1_000} sec.`;
  throw invalid(`Signature expired: ${timestamp} is now earlier than ${earliest} (${now} - ${span})`, {
    reason: expiresSeconds === null ? 'clock' : 'presigned-expired',
  });
}

/** The last line of the canonical request. */
function payloadOf(request: SignedRequest, claim: Claim): string {
  const { payload, expiresSeconds, service } = claim;
  if (payload !== null) {
    const isHash = /^[0-9a-f]{64}$/.test(payload);
    if (isHash && request.bodySha256 !== null && request.bodySha256 !== payload) throw bodyDiffers();
    // Who has read the body already has not checked its chunks, and would take their framing for content.
    if (isChunked(payload) && request.bodySha256 !== null) throw chunksUnwanted(payload);
    if (isHash || payload === UNSIGNED || isChunked(payload)) return payload;
    throw invalid(
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, or a valid sha256 value.',
      { reason: 'body' },
    );
  }
  if (expiresSeconds !== null && service === 's3') return UNSIGNED;
  if (request.bodySha256 !== null) return request.bodySha256;
  throw new Fault('signature-incomplete', 'Missing required header for this request: x-amz-content-sha256');
}

function bodyCheckOf(given: {
  readonly claim: Claim;
  readonly key: Buffer;
  readonly bodySha256: string | null;
  readonly decodedLength: string | undefined;
}): VerifiedRequest['bodyCheck'] {
  const { claim, key, decodedLength } = given;
  const { payload, timestamp, scope, signature } = claim;
  if (payload === null || payload === UNSIGNED) return null;
  if (isChunked(payload)) {
    const bytes = decodedLength === undefined ? null : Number(decodedLength);
    return () => chunkReader({ kind: payload, key, timestamp, scope, seed: signature, decodedBytes: bytes });
  }
  return given.bodySha256 === null ? () => wholeBodyReader(payload) : null;
}

function mismatch(canonical: string, toSign: string): Fault {
  return invalid(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.' +
      `\n\nThe Canonical String for this request should have been\n'${canonical}'\n\nThe String-to-Sign should have been\n'${toSign}'\n`,
    { reason: 'mismatch' },
  );
}

function chunksUnwanted(payload: string): Fault {
  return invalid(
    `x-amz-content-sha256 must not be ${payload} here: a body in signed chunks is not accepted.`,
    {
      reason: 'body',
    },
  );
}

function bodyDiffers(): Fault {
  return invalid("The provided 'x-amz-content-sha256' header does not match what was computed.", {
    reason: 'body',
  });
}

function invalid(message: string, facts: FaultFacts): Fault {
  return new Fault('signature-invalid', message, { facts });
}
