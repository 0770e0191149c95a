/**
 * Prepared statements in one conversation: the client's names, said as the server connection's.
 *
 * A statement that this server connection lacks is prepared before it is used, and the answer to
 * that is kept from the client; one that it has is not prepared again, and the client is answered
 * where the server would have. What an error makes the server skip is taken back.
 */
import type { Expected, ExpectedAnswers } from './expected.ts';
import type { Parties } from './sessions.ts';
import type { Statement } from './statements.ts';
import { ASK, CLOSE_COMPLETE, message, PARSE_COMPLETE, zeroEnded } from './wire.ts';

/** Named statements of one client; more are prepared under their own names, which pins. */
const MAX_NAMED = 1_000;

export interface Named {
  readonly name: string;
  readonly statement?: Statement;
}

export class Names {
  readonly #parties: Parties;
  readonly #expected: ExpectedAnswers;

  constructor(parties: Parties, expected: ExpectedAnswers) {
    this.#parties = parties;
    this.#expected = expected;
  }

  #ask(expected: Expected, bytes: Buffer): void {
    this.#expected.push(expected);
    this.#parties.toServer.put(bytes);
  }

  /**
   * The client names a statement, of which the table has counted one user more.
   *
   * @returns false: it has too many; nothing has been done
   */
  parse(name: string, statement: Statement): boolean {
    const { client, server, table } = this.#parties;
    const before = client.statements.get(name);
    if (before !== undefined) {
      table.leave(statement);
      if (before === statement) this.#expected.push({ kind: 'said', answer: PARSE_COMPLETE });
      // The name is taken: let the server say so, of one that is taken there as well.
      else this.#ask({ kind: 'parse' }, parseMessage(this.#prepared(before), statement));
      return true;
    }
    if (client.statements.size >= MAX_NAMED) return false;
    client.statements.set(name, statement);
    const undo = () => {
      if (client.statements.get(name) === statement) this.#forget(name, statement);
    };
    if (server.status !== 'E' && server.prepared.use(statement) !== undefined) {
      this.#expected.push({ kind: 'said', answer: PARSE_COMPLETE, undo });
    } else this.#prepare(statement, { ours: false, undo });
    return true;
  }

  setUnnamed(statement: Statement | null): void {
    const { client, server, table } = this.#parties;
    if (client.unnamed !== null) table.leave(client.unnamed);
    client.unnamed = statement;
    server.unnamed = statement;
  }

  /**
   * The client uses a statement.
   *
   * @returns what the server knows it as; a name that nobody knows stays as it is, for the server to say so
   */
  use(name: string): Named {
    const { client, server } = this.#parties;
    if (name !== '') {
      const statement = client.statements.get(name);
      return statement === undefined ? { name } : { name: this.#prepared(statement), statement };
    }
    if (client.unnamed !== null && server.unnamed !== client.unnamed) {
      server.unnamed = client.unnamed;
      this.#ask({ kind: 'parse', ours: true }, parseMessage('', client.unnamed));
    }
    return { name };
  }

  /** @returns false: it is no name of the client's */
  close(name: string): boolean {
    const { client, table } = this.#parties;
    const statement = client.statements.get(name);
    if (statement === undefined) return false;
    this.#forget(name, statement); // the server keeps it, for others
    const undo = () => {
      if (client.statements.has(name)) return;
      table.share(statement);
      client.statements.set(name, statement);
    };
    this.#expected.push({ kind: 'said', answer: CLOSE_COMPLETE, undo });
    return true;
  }

  /** @returns SQL that says the server's name, or null: as it is */
  deallocate(name: string | null): string | null {
    if (name === null) {
      this.forgetAll();
      return null;
    }
    const { client, server } = this.#parties;
    const statement = client.statements.get(name);
    if (statement === undefined) return null;
    const sql = `DEALLOCATE "${this.#prepared(statement)}"`;
    server.prepared.forget(statement);
    this.#forget(name, statement);
    return sql;
  }

  forgetAll(): void {
    const { client, server } = this.#parties;
    server.prepared.clear();
    for (const [name, statement] of client.statements) this.#forget(name, statement);
  }

  #forget(name: string, statement: Statement): void {
    this.#parties.client.statements.delete(name);
    this.#parties.table.leave(statement);
  }

  /** @returns the statement's name on this server connection, which has it or is given it */
  #prepared(statement: Statement): string {
    return this.#parties.server.prepared.use(statement) ?? this.#prepare(statement, { ours: true });
  }

  #prepare(statement: Statement, { ours, undo }: { ours: boolean; undo?: () => void }): string {
    const { prepared } = this.#parties.server;
    const { name, evicted } = prepared.add(statement);
    if (evicted !== null) {
      this.#ask({ kind: 'close', ours: true }, message(ASK.close, zeroEnded(`S${evicted}`)));
    }
    const undoAll = () => {
      prepared.forget(statement, name);
      undo?.();
    };
    this.#ask({ kind: 'parse', ours, undo: undoAll }, parseMessage(name, statement));
    return name;
  }
}

function parseMessage(name: string, { body }: Statement): Buffer {
  return message(ASK.parse, zeroEnded(name), body);
}
