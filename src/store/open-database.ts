/** The database that the node was told to use, or one of its own. */
import { type Clock, Fault } from '../base/index.ts';
import type { Options } from '../config/index.ts';
import { startEmbedded } from './embedded/index.ts';

export interface OpenedDatabase {
  /** As the platform connects. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** What the operator's URL says about TLS, for the URLs of apps. */
  readonly search?: string;
  stop(): Promise<void>;
}

interface Surroundings {
  readonly clock: Clock;
  readonly onProgress: (line: string) => void;
  readonly onEvent: NonNullable<Parameters<typeof startEmbedded>[0]['onEvent']>;
}

export async function openDatabase(
  { databaseUrl, home }: Pick<Options, 'databaseUrl' | 'home'>,
  surroundings: Surroundings,
): Promise<OpenedDatabase> {
  if (databaseUrl === null) return await startEmbedded({ home, ...surroundings });
  const { hostname, port, search } = new URL(databaseUrl);
  return { url: databaseUrl, host: hostname, port: Number(port || 5432), search, stop: async () => {} };
}

/** The store speaks to a node that runs; this one has yet to start. @returns any other error as it is */
export function unreachable(error: unknown, { host, port }: OpenedDatabase): unknown {
  if (!(error instanceof Fault) || error.code !== 'database-unavailable') return error;
  const { code = 'no answer' } = error.facts;
  return new Fault(
    'database-unavailable',
    `The database of --database-url cannot be reached at ${host}:${port} (${code}). Is PostgreSQL running there, and may this machine connect? Without --database-url the node starts its own.`,
    { facts: { ...error.facts, host, port }, cause: error },
  );
}
