/** For tests: SQS's API behind a socket, over queues that a test plays; and how its two protocols ask. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock as clock } from '../../../base/index.ts';
import { type Question, ROOT } from '../../../identity/index.ts';
import { ACCOUNT_ID, LIMITS, type QueueEntry, REGION } from '../../../model/index.ts';
import { createAwsEndpoint } from '../endpoint.ts';
import { type SqsParts, sqsService } from './index.ts';

export const STANDARD_ENTRY: QueueEntry = {
  ...{ name: 'jobs', id: 1, app: null, policy: null, tags: {}, paused: false, revision: 1 },
  ...{ createdAtMs: 1_700_000_000_000, modifiedAtMs: 1_700_000_001_500 },
  settings: {
    delayMs: LIMITS.queueDelayMs.default,
    maxMessageBytes: LIMITS.queueMessageBytes.default,
    retentionMs: LIMITS.queueRetentionMs.default,
    receiveWaitMs: LIMITS.queueWaitMs.default,
    visibilityTimeoutMs: LIMITS.queueVisibilityMs.default,
    ...{ redrive: null, redriveAllow: null, fifo: null },
    encryption: { sqsManaged: true, kmsKeyId: null, kmsKeyReuseMs: 300_000 },
  },
};

export const FIFO_ENTRY: QueueEntry = {
  ...STANDARD_ENTRY,
  ...{ name: 'jobs.fifo', id: 2 },
  settings: {
    ...STANDARD_ENTRY.settings,
    fifo: { contentBasedDeduplication: false, deduplicationScope: 'queue', throughputLimit: 'perQueue' },
  },
};

/** What a test says of the parts; the rest is not called. */
export interface Played {
  readonly entries?: readonly QueueEntry[];
  readonly queues?: Partial<SqsParts['queues']>;
  readonly control?: Partial<SqsParts['control']>;
  readonly authorize?: (question: Question) => void;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export async function openSqs({ entries = [STANDARD_ENTRY, FIFO_ENTRY], ...played }: Played = {}) {
  const bugs: unknown[] = [];
  const queues = new Map(entries.map((entry) => [entry.name, entry]));
  const parts = {
    registry: { current: () => ({ queues }) },
    queues: played.queues ?? {},
    control: played.control ?? {},
  } as unknown as SqsParts;
  const endpoint = createAwsEndpoint({
    services: [sqsService(parts)],
    ...{ accountId: ACCOUNT_ID, region: REGION, clock, newRequestId: () => 'the-id' },
    onBug: (error) => bugs.push(error),
    verify: async () => ({
      principal: ROOT,
      signed: { accessKeyId: 'key', service: 'sqs', region: REGION, presigned: false },
      bodyCheck: null,
    }),
    authorize: played.authorize ?? (() => {}),
  });
  const server = createServer((request, response) => void endpoint(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const authorization = `AWS4-HMAC-SHA256 Credential=AKID/20260101/${REGION}/sqs/aws4_request, SignedHeaders=host, Signature=00`;
  const ask = async (path: string, request: RequestInit): Promise<Answer> => {
    const headers = { authorization, connection: 'close', ...request.headers };
    const answer = await fetch(`http://${host}${path}`, { method: 'POST', ...request, headers });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  return {
    host,
    /** Of a queue's name. */
    url: (name: string) => `http://${host}/${ACCOUNT_ID}/${name}`,
    /** As SDKs ask today. */
    json: (operation: string, input: object, more: RequestInit = {}) =>
      ask('/', {
        ...more,
        body: JSON.stringify(input),
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': `AmazonSQS.${operation}`,
          ...more.headers,
        },
      }),
    /** As they asked before. */
    form: (input: Readonly<Record<string, string>>, path = '/') =>
      ask(path, { body: new URLSearchParams(input) }),
    get: (path: string) => ask(path, { method: 'GET' }),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      assert.deepEqual(bugs, []);
    },
  };
}
