/** Every operation of the control API. Handlers translate; what is decided is decided below. */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { Fault } from '../base/index.ts';
import { parseApp } from '../manifest/index.ts';
import { LIMITS } from '../model/index.ts';
import { type Endpoint, endpoint } from './endpoint.ts';
import { eventEndpoints } from './event-endpoints.ts';
import { invokeDocument } from './invoke-document.ts';
import { keyEndpoints } from './key-endpoints.ts';
import type { ApiOptions } from './options.ts';
import { queueEndpoints } from './queue-endpoints.ts';
import { scheduleEndpoints } from './schedule-endpoints.ts';
import { secretEndpoints } from './secret-endpoints.ts';
import { usageDocument } from './usage-document.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hex');
const name = z.string().min(1).max(100);
const byDigest = z.object({ digest });
const byName = z.object({ name });
const version = z.int().min(1).max(2_147_483_647);
const flag = z.enum(['true', 'false']).default('false');

/** The operations, over what the node gives us. */
export function endpoints(options: ApiOptions): readonly Endpoint[] {
  return [
    ...artifactEndpoints(options),
    ...appEndpoints(options),
    ...functionEndpoints(options),
    ...secretEndpoints(options),
    ...keyEndpoints(options),
    ...eventEndpoints(options),
    ...scheduleEndpoints(options),
    ...queueEndpoints(options),
    ...nodeEndpoints(options),
  ];
}

function artifactEndpoints({ artifacts }: ApiOptions): Endpoint[] {
  return [
    endpoint({
      method: 'HEAD',
      path: '/api/v1/artifacts/{digest}',
      summary: 'Whether a package is stored',
      needsDatabase: true,
      params: byDigest,
      handle: async ({ params, reply }) =>
        reply.code((await artifacts.has(params.digest)) ? 200 : 404).send(),
    }),
    endpoint({
      method: 'PUT',
      path: '/api/v1/artifacts/{digest}',
      summary: 'Store a package: a zip, or the tar of a container image, whose SHA-256 is {digest}',
      needsDatabase: true,
      params: byDigest,
      body: 'zip',
      handle: async ({ params, request }) => {
        const isImage = /^application\/x-tar\b/.test(request.headers['content-type'] ?? '');
        refuseLongBody(request.headers['content-length'], isImage ? LIMITS.imageBytes : LIMITS.packageBytes);
        const what = isImage ? 'image' : 'zip';
        const stored = await artifacts.put(request.body as Readable, { what });
        if (stored.digest !== params.digest) throw digestDiffers(params.digest, stored.digest);
        return stored;
      },
    }),
  ];
}

function appEndpoints({ control }: ApiOptions): Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/api/v1/apps/{app}/deployments',
      summary: 'Deploy an app: all of it or nothing',
      needsDatabase: true,
      params: z.object({ app: name }),
      body: z.object({ manifest: z.unknown(), artifacts: z.record(name, digest) }),
      handle: ({ params, body }) => {
        const app = parseApp(body.manifest);
        if (app.app !== params.app) throw appDiffers(params.app, app.app);
        return control.deploy(app, body.artifacts);
      },
    }),
    endpoint({
      method: 'DELETE',
      path: '/api/v1/apps/{app}',
      summary: 'Delete an app; with data=true its databases and queues too',
      needsDatabase: true,
      params: z.object({ app: name }),
      query: z.object({ data: flag }),
      handle: ({ params, query }) => control.destroy({ app: params.app, data: query.data === 'true' }),
    }),
  ];
}

function functionEndpoints({ control, invoker, events, logs, newRequestId }: ApiOptions): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/functions',
      summary: 'What is deployed',
      handle: () => control.list(),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/functions/{name}/versions',
      summary: 'The kept versions of a function, newest first',
      needsDatabase: true,
      params: byName,
      handle: ({ params }) => control.versions(params.name),
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/functions/{name}/rollback',
      summary: 'Point live at version {to}, or at the one it pointed at before',
      needsDatabase: true,
      params: byName,
      body: z.object({ to: version.optional() }),
      handle: ({ params, body }) => control.rollback({ name: params.name, to: body.to ?? null }),
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/functions/{name}/invocations',
      summary:
        'Invoke a function with the body as its event, and wait for its answer; with async=true only until it is kept',
      params: byName,
      query: z.object({ qualifier: z.string().min(1).max(128).optional(), async: flag }),
      body: 'event',
      handle: async ({ params, query, request, reply }) => {
        const invocation = {
          functionName: params.name,
          qualifier: query.qualifier ?? null,
          event: request.body as Buffer,
          requestId: newRequestId(),
          traceId: traceOf(request.headers['x-amzn-trace-id']),
          clientContext: null,
        };
        if (query.async !== 'true') return await invokeDocument(invoker, invocation, reply);
        const kept = await events.enqueue(invocation);
        reply.code(202);
        return { statusCode: 202, ...kept };
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/functions/{name}/logs',
      summary: 'Log entries after a cursor, oldest first',
      needsDatabase: true,
      params: byName,
      query: z.object({
        after: z.string().max(200).optional(),
        sinceMs: z.coerce.number().min(0).optional(),
        limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
      }),
      handle: async ({ params, query }) => {
        const page = await logs.read({
          functionName: params.name,
          after: query.after ?? null,
          sinceMs: query.sinceMs ?? null,
          limit: query.limit,
        });
        // What is gone has logs, and what is new has none: only what is neither is a wrong name.
        if (query.after === undefined && page.entries.length === 0) await control.versions(params.name);
        return page;
      },
    }),
  ];
}

function nodeEndpoints({ usage, status, shutdown }: ApiOptions): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/usage',
      summary: 'What every function has used, summed',
      needsDatabase: true,
      handle: async () => usageDocument(await usage.totals(), await usage.provisioned()),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/status',
      summary: 'How this node is',
      handle: () => status(),
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/shutdown',
      summary: 'Stop this node in order',
      handle: ({ reply }) => {
        // After the answer has left: stopping closes this very connection.
        reply.raw.once('finish', shutdown);
        reply.code(202);
        return { stopping: true };
      },
    }),
  ];
}

function traceOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
}

function refuseLongBody(contentLength: string | undefined, maxBytes: number): void {
  const bytes = Number(contentLength ?? 0);
  if (bytes <= maxBytes) return;
  throw new Fault(
    'package-too-large',
    `The package has ${bytes} bytes; the limit is ${maxBytes} (${maxBytes / 2 ** 20} MB). Leave out what the function does not need.`,
    { facts: { bytes, maxBytes } },
  );
}

function digestDiffers(wanted: string, found: string): Fault {
  return new Fault(
    'package-invalid',
    `The package's SHA-256 is ${found}, not ${wanted} as its address says. It was damaged on its way, or the address is wrong; send it again.`,
    { facts: { digest: found, wanted } },
  );
}

function appDiffers(path: string, manifest: string): Fault {
  return new Fault(
    'bad-request',
    `The manifest is of app "${manifest}", the address of app "${path}". Use one name.`,
  );
}
