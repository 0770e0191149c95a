import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Fault } from '../base/index.ts';
import type { Call, Endpoint } from './endpoint.ts';

/**
 * Checks the parts of a request against an operation.
 *
 * @throws {Fault} `bad-request`, naming each part that is wrong
 */
export function readCall(
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Call<unknown, unknown, unknown> {
  return {
    params: check(endpoint.params, request.params, 'path'),
    query: check(endpoint.query, request.query, 'query'),
    body: readBody(endpoint, request),
    request,
    reply,
  };
}

function readBody({ body }: Endpoint, request: FastifyRequest): unknown {
  if (body === null || body === 'zip') return undefined;
  if (body === 'event') {
    request.body ??= Buffer.from('{}'); // as AWS: no payload is an empty event
    parseJson(request.body as Buffer);
    return undefined;
  }
  return check(body, request.body === undefined ? {} : parseJson(request.body as Buffer), 'body');
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new Fault('bad-request', `The body is not JSON: ${(error as Error).message}.`, { cause: error });
  }
}

function check(schema: z.ZodType, value: unknown, part: 'path' | 'query' | 'body'): unknown {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const problems = checked.error.issues.map(
    (issue) => `${[part, ...issue.path].join('.')}: ${issue.message}`,
  );
  throw new Fault('bad-request', `The request is not valid. ${problems.slice(0, 10).join('; ')}.`);
}
