/** One operation of the API as data: what its route, its checks and its documentation are made from. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

export interface Call<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface Endpoint {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** With parameters as OpenAPI writes them: `/api/v1/functions/{name}`. */
  readonly path: string;
  readonly summary: string;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  /** Shape of a JSON body; `event`: any JSON, handed on as it is; `zip`: a stream; null: no body. */
  readonly body: z.ZodType | 'event' | 'zip' | null;
  /** Refused at once while the database is away, rather than begun. */
  readonly needsDatabase: boolean;
  readonly handle: (call: Call<never, never, never>) => Promise<unknown> | unknown;
}

type BodyOf<B> = B extends z.ZodType ? z.output<B> : unknown;

const NOTHING = z.object({});

/** Declares an operation, so that its handler knows the types of what was checked. */
export function endpoint<
  P extends z.ZodType = typeof NOTHING,
  Q extends z.ZodType = typeof NOTHING,
  B extends z.ZodType | 'event' | 'zip' | null = null,
>(given: {
  readonly method: Endpoint['method'];
  readonly path: string;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly needsDatabase?: boolean;
  readonly handle: (call: Call<z.output<P>, z.output<Q>, BodyOf<B>>) => Promise<unknown> | unknown;
}): Endpoint {
  return { params: NOTHING, query: NOTHING, body: null, needsDatabase: false, ...given } as Endpoint;
}
