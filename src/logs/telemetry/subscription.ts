/**
 * What an extension subscribes to: the Telemetry API (2022-07-01 and later schemas) and the Logs API (2020-08-15,
 * 2021-03-18), with AWS's bounds. No I/O.
 */

export type TelemetryType = 'platform' | 'function' | 'extension';
export type TelemetryApi = 'logs' | 'telemetry';

export interface Subscription {
  readonly api: TelemetryApi;
  /** Of the extension: one subscription each, the last one counts. */
  readonly name: string;
  readonly schemaVersion: string;
  readonly types: readonly TelemetryType[];
  readonly buffering: { readonly maxItems: number; readonly maxBytes: number; readonly timeoutMs: number };
  readonly destination: Destination;
}

export type Destination =
  | {
      readonly protocol: 'HTTP';
      readonly method: 'POST' | 'PUT';
      readonly port: number;
      readonly path: string;
    }
  | { readonly protocol: 'TCP'; readonly port: number };

/** AWS's bounds; what is not said has the default. */
const BUFFERING = {
  maxItems: { min: 1_000, max: 10_000, default: 10_000 },
  maxBytes: { min: 262_144, max: 1_048_576, default: 262_144 },
  timeoutMs: { min: 25, max: 30_000, default: 1_000 },
} as const;
const SCHEMAS: Readonly<Record<TelemetryApi, readonly [string, ...string[]]>> = {
  logs: ['2020-08-15', '2021-03-18'],
  telemetry: ['2022-07-01', '2022-12-13', '2025-01-29'],
};
const TYPES: readonly TelemetryType[] = ['platform', 'function', 'extension'];
const HOSTS = ['sandbox.localdomain', 'sandbox'];
/** Lambda's own, inside the sandbox. */
const RESERVED_PORT = 9_001;

type Json = Readonly<Record<string, unknown>>;

/** @returns the subscription, or all that is wrong with the request in one line */
export function parseSubscription(
  api: TelemetryApi,
  name: string,
  body: string,
): Subscription | { readonly wrong: string } {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch {
    return { wrong: 'the request body is not JSON' };
  }
  if (!isObject(request)) return { wrong: 'the request body is not an object' };
  const wrong: string[] = [];
  const schemaVersion = schemaOf(api, request, wrong);
  const types = typesOf(request, wrong);
  const buffering = bufferingOf(request, wrong);
  const destination = destinationOf(request, wrong);
  if (wrong.length > 0 || destination === null) return { wrong: wrong.join('; ') };
  return { api, name, schemaVersion, types, buffering, destination };
}

function schemaOf(api: TelemetryApi, { schemaVersion }: Json, wrong: string[]): string {
  const known = SCHEMAS[api];
  if (schemaVersion === undefined && api === 'logs') return known[0];
  if (typeof schemaVersion === 'string' && known.includes(schemaVersion)) return schemaVersion;
  wrong.push(`schemaVersion should be one of [${known.join(', ')}]`);
  return known[0];
}

function typesOf({ types }: Json, wrong: string[]): readonly TelemetryType[] {
  if (!Array.isArray(types) || types.length === 0) {
    wrong.push('types should not be empty');
    return [];
  }
  const unknown = types.filter((type) => !TYPES.includes(type));
  if (unknown.length > 0) wrong.push(`types should be among [${TYPES.join(', ')}]`);
  return TYPES.filter((type) => types.includes(type));
}

function bufferingOf({ buffering = {} }: Json, wrong: string[]): Subscription['buffering'] {
  if (!isObject(buffering)) wrong.push('buffering should be an object');
  const given = isObject(buffering) ? buffering : {};
  const of = (key: keyof typeof BUFFERING) => {
    const { min, max, default: usual } = BUFFERING[key];
    const value = given[key] ?? usual;
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max)
      return value as number;
    wrong.push(`buffering.${key} should be an integer between ${min} and ${max}`);
    return usual;
  };
  return { maxItems: of('maxItems'), maxBytes: of('maxBytes'), timeoutMs: of('timeoutMs') };
}

function destinationOf({ destination }: Json, wrong: string[]): Destination | null {
  if (!isObject(destination)) {
    wrong.push('destination is not provided');
    return null;
  }
  const { protocol, URI, port, method = 'POST' } = destination;
  if (protocol === 'TCP') {
    if (!isPort(port)) wrong.push('destination.port should be a port other than 9001');
    return { protocol, port: Number(port) };
  }
  if (protocol !== 'HTTP') {
    wrong.push('destination.protocol should be one of [HTTP, TCP]');
    return null;
  }
  if (method !== 'POST' && method !== 'PUT') wrong.push('destination.method should be one of [POST, PUT]');
  const url = typeof URI === 'string' ? URL.parse(URI) : null;
  if (url === null || url.protocol !== 'http:' || !HOSTS.includes(url.hostname)) {
    wrong.push('destination.URI should be http://sandbox.localdomain:PORT');
    return null;
  }
  if (url.port === '') wrong.push('URI port is not provided');
  else if (!isPort(Number(url.port))) wrong.push('destination.URI should have a port other than 9001');
  return {
    protocol,
    method: method === 'PUT' ? 'PUT' : 'POST',
    port: Number(url.port),
    path: `${url.pathname}${url.search}`,
  };
}

function isPort(value: unknown): boolean {
  return (
    Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536 && value !== RESERVED_PORT
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
