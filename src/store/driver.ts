/**
 * The driver, mended as it is loaded: what postgres 3.4.9 does when a connection breaks (its issues 1154 and 1208, its
 * pull request 1209, which nobody has taken in yet).
 *
 * A connection that broke in a transaction was written to once more, to roll back. Where it had no socket any more
 * that was an error which nobody can catch, and the end of the process; where it still had one, what was to be written
 * stayed in its buffer, and the connection made in its place never said a word. What a lost transaction went
 * on to ask was asked over that new connection, and committed statement by statement; what it had asked
 * before and not sent yet was never answered. The first query of a new connection was told of the old one's end.
 *
 * Now a transaction or a reserved connection that is lost refuses what it is asked, and a connection that closes leaves
 * nothing behind. If the driver changes, loading it fails: look then whether it still has to be mended. Why so: decision 20.
 */
import { registerHooks } from 'node:module';

type Repair = readonly [from: string, to: string];

const CONNECTION: readonly Repair[] = [
  ['const x = socket.write(chunk, fn)', 'const x = socket === null || socket.write(chunk, fn)'],
  [
    `if (initial)
      return reconnect()`,
    `chunk = nextWriteTimer = null

    if (initial)
      return reconnect()`,
  ],
  [
    "!hadError && (query || sent.length) && error(Errors.connection('CONNECTION_CLOSED', options, socket))",
    `if (query || sent.length) error(Errors.connection('CONNECTION_CLOSED', options, socket))
    query = errorResponse = null`,
  ],
];

const POOL: readonly Repair[] = [
  [
    `sql.release = () => {
      c.reserved = null`,
    `let lost = null
    c.onclose = (error) => {
      lost = error
      while (queue.length)
        queue.shift().reject(error)
    }
    sql.release = () => {
      if (lost)
        return
      c.onclose = c.reserved = null`,
  ],
  [
    `c.queue === full
        ? queue.push(q)`,
    `lost ? q.reject(lost) : c.queue === full
        ? queue.push(q)`,
  ],
  [
    `, connection
      , prepare = null`,
    `, connection
      , prepare = null
      , lost = null`,
  ],
  [
    'connection.onclose = reject)',
    `connection.onclose = (error) => {
          lost = error
          reject(error)
          while (queries.length)
            queries.shift().reject(error)
        })`,
  ],
  [
    `c.queue === full
          ? queries.push(q)`,
    `lost ? q.reject(lost) : c.queue === full
          ? queries.push(q)`,
  ],
];

const REPAIRS: Readonly<Record<string, readonly Repair[]>> = {
  '/postgres/src/connection.js': CONNECTION,
  '/postgres/src/index.js': POOL,
};

const hooks = registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const repairs = Object.entries(REPAIRS).find(([path]) => url.endsWith(path))?.[1];
    return repairs === undefined ? loaded : { ...loaded, source: repaired(String(loaded.source), repairs) };
  },
});

function repaired(source: string, repairs: readonly Repair[]): string {
  return repairs.reduce((text, [from, to]) => {
    if (text.split(from).length !== 2)
      throw new Error(`the driver for PostgreSQL has changed: ${JSON.stringify(from)} is not in it once`);
    return text.replace(from, () => to);
  }, source);
}

export const { default: postgres } = await import('postgres');
hooks.deregister();
