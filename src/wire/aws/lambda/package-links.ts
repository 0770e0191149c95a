/**
 * Links to stored packages: what `GetFunction` and `GetLayerVersion` answer as `Location`. Whoever has the link
 * has the package, for ten minutes, as with AWS's own.
 *
 * Owns   the form of the links and what is behind them.
 * Never  gives out a package whose link it has not made itself.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface PackageLinks {
  /** @param host under which the caller reaches this listener */
  urlOf(digest: string, host: string): string;
  /** Whether a request is for a link, which is then answered. */
  answers(request: IncomingMessage, response: ServerResponse): boolean;
}

export interface PackageLinksOptions {
  readonly key: Uint8Array;
  readonly clock: { wallMs(): number };
  readonly read: (digest: string) => AsyncIterable<Buffer>;
  readonly onProblem: (error: unknown) => void;
}

const PREFIX = '/packages/';
const LIFE_S = 600;
const PATH = /^\/packages\/([0-9a-f]{64})$/;

export function createPackageLinks(options: PackageLinksOptions): PackageLinks {
  const sign = (digest: string, untilS: string) =>
    createHmac('sha256', options.key).update(`${digest} ${untilS}`).digest('base64url');
  const good = (digest: string, untilS: string, signature: string) => {
    const wanted = Buffer.from(sign(digest, untilS));
    const given = Buffer.from(signature);
    const same = wanted.length === given.length && timingSafeEqual(wanted, given);
    return same && Number(untilS) * 1_000 > options.clock.wallMs();
  };
  return {
    urlOf(digest, host) {
      const untilS = String(Math.floor(options.clock.wallMs() / 1_000) + LIFE_S);
      return `http://${host}${PREFIX}${digest}?until=${untilS}&signature=${sign(digest, untilS)}`;
    },
    answers(request, response) {
      if (request.url?.startsWith(PREFIX) !== true || request.method !== 'GET') return false;
      const url = new URL(request.url, 'http://node');
      const digest = PATH.exec(url.pathname)?.[1];
      const [untilS, signature] = [url.searchParams.get('until'), url.searchParams.get('signature')];
      if (digest === undefined || !good(digest, untilS ?? '0', signature ?? '')) refuse(response);
      else void send(options, digest, response);
      return true;
    },
  };
}

function refuse(response: ServerResponse): void {
  response.writeHead(403, { 'content-type': 'text/plain' });
  response.end('This link has expired, or is not one of this node. Ask for the function or layer again.\n');
}

async function send(options: PackageLinksOptions, digest: string, response: ServerResponse): Promise<void> {
  try {
    const content = Readable.from(options.read(digest), { objectMode: false });
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'cache-control': 'private' });
    await pipeline(content, response);
  } catch (error) {
    options.onProblem(error);
    response.destroy();
  }
}
