/** Secrets over the control API: set, listed by name, removed, encrypted anew. No answer holds a value. */
import { z } from 'zod';
import { type Endpoint, endpoint } from './endpoint.ts';
import type { ApiOptions } from './options.ts';

const byName = z.object({ name: z.string().min(1).max(200) });
const app = z.string().min(1).max(100).optional();
const flag = z.enum(['true', 'false']).default('false');

export function secretEndpoints({ secrets }: Pick<ApiOptions, 'secrets'>): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/secrets',
      summary: 'The names of all secrets, and the functions that get them',
      needsDatabase: true,
      handle: () => secrets.list(),
    }),
    endpoint({
      method: 'PUT',
      path: '/api/v1/secrets/{name}',
      summary: 'Set a secret, of all apps or of {app}; functions that name it get it in new instances',
      needsDatabase: true,
      params: byName,
      query: z.object({ app }),
      body: z.object({ value: z.string() }),
      handle: ({ params, query, body }) =>
        secrets.set({ app: query.app ?? null, name: params.name, value: body.value }),
    }),
    endpoint({
      method: 'DELETE',
      path: '/api/v1/secrets/{name}',
      summary: 'Remove a secret; with force=true also one that functions name',
      needsDatabase: true,
      params: byName,
      query: z.object({ app, force: flag }),
      handle: ({ params, query }) =>
        secrets.remove({ app: query.app ?? null, name: params.name, force: query.force === 'true' }),
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/secrets/rotation',
      summary: 'Make a new key, and encrypt everything under it',
      needsDatabase: true,
      handle: () => secrets.rotate(),
    }),
  ];
}
