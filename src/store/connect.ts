/** The connection to PostgreSQL, and the one place that knows how its absence looks. */
import type { ISql, Sql as PostgresSql } from 'postgres';
import { type Clock, Fault, sleep } from '../base/index.ts';
import { postgres } from './driver.ts';

/** A pool of connections. */
export type Sql = PostgresSql;

/** A pool or a transaction: whatever can run a query. */
export type Queryable = ISql;

export interface ConnectOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** Connections at most; opened when first needed. Default 10. */
  readonly max?: number;
  /** Called when a connection has closed, with its number, whatever the reason. */
  readonly onClose?: (connection: number) => void;
  /** Settings of PostgreSQL that its connections have. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Seconds. A server that does not answer within this is reported rather than waited for. */
const CONNECT_TIMEOUT_S = 5;
/** Seconds between attempts to reconnect: a constant, so that a database that is back is noticed soon. */
const RECONNECT_S = 0.25;

/**
 * Opens a pool. No connection is made before the first query; end it with `sql.end()`.
 *
 * A query whose connection breaks is refused, and may have been run: whoever must succeed tries again. So is
 * whatever else a transaction or a reserved connection is asked that has lost its connection.
 *
 * 64-bit integers come back as numbers: ours count rows and bytes and stay far below 2^53.
 *
 * @throws {Fault} `option-invalid` when the URL cannot be read
 */
export function connect(options: ConnectOptions): Sql {
  checkUrl(options.url);
  return postgres(options.url, {
    max: options.max ?? 10,
    connect_timeout: CONNECT_TIMEOUT_S,
    backoff: () => RECONNECT_S,
    onnotice: () => {},
    ...(options.onClose && { onclose: options.onClose }),
    connection: { application_name: 'skein', ...options.settings },
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
  }) as unknown as Sql; // queries say themselves what they return; the type map would only be in their way
}

function checkUrl(url: string): void {
  const protocol = URL.parse(url)?.protocol;
  if (protocol === 'postgres:' || protocol === 'postgresql:') return;
  // The value stays out of the message: it may hold a password.
  throw new Fault(
    'option-invalid',
    'The database URL cannot be read. Write it as postgres://user:password@host:5432/database.',
  );
}

/** SQLSTATEs and codes of Node and of the driver that mean: no connection now, perhaps later. */
const AWAY = new Set([
  ...['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT'],
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ENOENT'],
  ...['EHOSTUNREACH', 'ENETUNREACH'],
  ...['53300', '57P01', '57P02', '57P03', '25006', '53100'],
]);

/** Whether an error says that the database is away (or full, or read-only), rather than that a query is wrong. */
export function isUnavailable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && (AWAY.has(code) || code.startsWith('08'));
}

/**
 * Waits for a query, and says plainly when the database is away. Any other error passes as it is.
 *
 * @param wait how long to wait at most, for callers that must answer also when the server hangs
 *   (the query itself is not cancelled); default: as long as the connection lives
 * @throws {Fault} `database-unavailable`
 */
export async function orUnavailable<T>(
  query: PromiseLike<T>,
  wait?: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<T> {
  try {
    return wait === undefined ? await query : await within(query, wait);
  } catch (error) {
    if (isUnavailable(error)) throw unavailable(error);
    throw error;
  }
}

function unavailable(cause: unknown): Fault {
  const { code, message } = cause as { code: string; message: string };
  return new Fault(
    'database-unavailable',
    `The database cannot be reached (${code}: ${message || 'no answer'}). What is deployed goes on being served; try this again when the database is back.`,
    { facts: { code }, cause },
  );
}

async function within<T>(query: PromiseLike<T>, wait: { clock: Clock; timeoutMs: number }): Promise<T> {
  const answered = new AbortController();
  const late = sleep(wait.clock, wait.timeoutMs, answered.signal).then(
    () => {
      throw new Fault(
        'database-unavailable',
        `The database has not answered for ${wait.timeoutMs / 1000} s. What is deployed goes on being served; try this again when the database is back.`,
        { facts: { waitedMs: wait.timeoutMs } },
      );
    },
    () => undefined as never, // answered in time; nobody is waiting for this any more
  );
  try {
    return await Promise.race([query, late]);
  } finally {
    answered.abort();
  }
}
