/**
 * Prepared statements, which clients name and server connections have.
 *
 * A client's name stands for a text (with its parameters' types), kept once for all clients of an
 * app's database. Each server connection has some of the texts prepared, under names of the proxy's
 * own; what it lacks is prepared when a client uses it, what was used least goes.
 */
import { type Effect, effectOf } from './effects.ts';
import { stringAt } from './wire.ts';

export interface Statement {
  /** A Parse message behind the statement's name: the text, and the types of its parameters. */
  readonly body: Buffer;
  readonly effect: Effect;
  readonly key: string;
  /** Clients and server connections that have it. */
  users: number;
}

/** Bytes of all texts of one app's database. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Beside its text. */
const STATEMENT_BYTES = 256;

/** The texts of one app's database. */
export class StatementTable {
  readonly #statements = new Map<string, Statement>();
  #bytes = 0;

  /** Takes the text for one user more. @returns null when no more texts are kept */
  take(body: Buffer): Statement | null {
    const key = body.toString('latin1');
    const found = this.#statements.get(key);
    if (found !== undefined) {
      found.users++;
      return found;
    }
    if (this.#bytes + sizeOf(key) > MAX_BYTES) return null;
    // A copy: the body is a part of a chunk that would stay for its sake.
    const made = {
      body: Buffer.from(key, 'latin1'),
      key,
      effect: effectOf(stringAt(body, 0).text),
      users: 1,
    };
    this.#statements.set(key, made);
    this.#bytes += sizeOf(key);
    return made;
  }

  share(statement: Statement): void {
    statement.users++;
  }

  leave(statement: Statement): void {
    if (--statement.users > 0) return;
    this.#bytes -= sizeOf(statement.key);
    if (this.#statements.get(statement.key) === statement) this.#statements.delete(statement.key);
  }

  /**
   * Whoever prepares this text from now on prepares it anew: what it returns has changed, and who
   * has it prepared must be told by PostgreSQL.
   */
  retire(statement: Statement): void {
    if (this.#statements.get(statement.key) === statement) this.#statements.delete(statement.key);
  }
}

function sizeOf(key: string): number {
  return 2 * key.length + STATEMENT_BYTES;
}

/** Statements that one server connection has prepared at most. */
const MAX_PREPARED = 200;
/** No client's name for a statement begins with it, unless it wants to be confused. */
const PREFIX = 'skein_proxy_';

/** What one server connection has prepared, least used first. */
export class Prepared {
  readonly #table: StatementTable;
  readonly #names = new Map<Statement, string>();
  #count = 0;

  constructor(table: StatementTable) {
    this.#table = table;
  }

  /** @returns its name here, or undefined */
  use(statement: Statement): string | undefined {
    const name = this.#names.get(statement);
    if (name === undefined) return undefined;
    this.#names.delete(statement);
    this.#names.set(statement, name);
    return name;
  }

  /** @returns a name that was never used here, and that of the statement that must go for it */
  add(statement: Statement): { readonly name: string; readonly evicted: string | null } {
    const [oldest] = this.#names;
    const evicted = oldest !== undefined && this.#names.size >= MAX_PREPARED ? oldest : null;
    if (evicted !== null) this.forget(evicted[0]);
    const name = `${PREFIX}${++this.#count}`;
    this.#names.set(statement, name);
    this.#table.share(statement);
    return { name, evicted: evicted === null ? null : evicted[1] };
  }

  /** @param name only if it has this name; default: whatever its name */
  forget(statement: Statement, name = this.#names.get(statement)): void {
    if (name === undefined || this.#names.get(statement) !== name) return;
    this.#names.delete(statement);
    this.#table.leave(statement);
  }

  clear(): void {
    for (const statement of [...this.#names.keys()]) this.forget(statement);
  }
}
