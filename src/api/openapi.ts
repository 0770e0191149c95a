/** The API's description for machines, made from the operations themselves. */
import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';

const ERROR_BODY = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    facts: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
});

/** @returns an OpenAPI 3.1 document */
export function openApi(endpoints: readonly Endpoint[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of endpoints) {
    paths[endpoint.path] = { ...paths[endpoint.path], [endpoint.method.toLowerCase()]: operation(endpoint) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Skein control API', version },
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: schemaOf(ERROR_BODY) },
    },
    security: [{ token: [] }],
  };
}

function operation(endpoint: Endpoint): object {
  const body = requestBody(endpoint);
  return {
    summary: endpoint.summary,
    parameters: [...parameters(endpoint.params, 'path'), ...parameters(endpoint.query, 'query')],
    ...(body && { requestBody: body }),
    responses: {
      '2XX': { description: 'Done' },
      default: {
        description: 'A refusal, with its stable code',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

function parameters(schema: z.ZodType, where: 'path' | 'query'): object[] {
  const { properties = {}, required = [] } = schemaOf(schema);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: property,
  }));
}

function requestBody({ body }: Endpoint): object | null {
  if (body === null) return null;
  if (body === 'zip')
    return {
      content: Object.fromEntries(
        ['application/zip', 'application/x-tar'].map((type) => [
          type,
          { schema: { type: 'string', format: 'binary' } },
        ]),
      ),
    };
  return { content: { 'application/json': { schema: body === 'event' ? {} : schemaOf(body) } } };
}

function schemaOf(schema: z.ZodType): { properties?: Record<string, object>; required?: string[] } {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest as { properties?: Record<string, object>; required?: string[] };
}
