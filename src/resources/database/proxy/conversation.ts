/**
 * A conversation: one client and the server connection it holds, from the client's first message until
 * both are at rest.
 *
 * Owns   which answers are still to come, and whether anything is owed.
 * Asks   names.ts about prepared statements, changes.ts about what stays in the sessions.
 * Never  touches a socket or a clock: messages come in by `ask` and `answer`, and leave by two outboxes.
 *
 * Nearly all messages pass as they are.
 */
import { Changes } from './changes.ts';
import { type Effect, effectOf } from './effects.ts';
import { type Expected, ExpectedAnswers } from './expected.ts';
import { type MessageReader, PIECE } from './message-reader.ts';
import { Names } from './names.ts';
import type { Parties } from './sessions.ts';
import { switchTo } from './settings.ts';
import type { Statement } from './statements.ts';
import {
  ANSWER,
  ASK,
  errorFields,
  HEADER_BYTES,
  message,
  ProtocolError,
  query,
  type Status,
  stringAt,
  zeroEnded,
} from './wire.ts';

export class Conversation {
  readonly #parties: Parties;
  readonly #expected = new ExpectedAnswers();
  readonly #names: Names;
  readonly #changes: Changes;
  /** The server skips what it gets, up to a Sync that has yet to be sent. */
  #skipping = false;
  /** Messages have been sent that no Sync has ended. */
  #open = false;
  /** More of the client's current message is to come. */
  #asking = false;
  /** The server is being sent data to copy: it takes no notice of a Sync. */
  #copying = false;
  /** The server has said why it ends the connection. */
  hasLastWords = false;
  /** What the pieces of the server's message belong to is not for the client. */
  #silent = false;

  constructor(parties: Parties) {
    this.#parties = parties;
    this.#names = new Names(parties, this.#expected);
    this.#changes = new Changes(parties);
    const { client, server } = parties;
    if (client.settings.key === server.settings.key) return;
    this.#ask({ kind: 'query', ours: true }, query(switchTo(client.settings)));
    server.settings = client.settings;
  }

  /** Nothing is asked, nothing is to be answered, and no transaction is open. */
  get atRest(): boolean {
    return !this.isBusy && !this.isUnfinished && this.#parties.server.status === 'I';
  }

  /** The server has done what it can: the client owes it the rest of a request. */
  get isUnfinished(): boolean {
    return !this.isBusy && (this.#open || this.#skipping || this.#asking);
  }

  /** The server has something to do. */
  get isBusy(): boolean {
    return this.#expected.length > 0;
  }

  #ask(expected: Expected, bytes: Buffer): void {
    this.#expected.push(expected);
    this.#parties.toServer.put(bytes);
  }

  /** @throws {ProtocolError} when a client may not say this here */
  ask(read: MessageReader): void {
    const { type, bytes } = read;
    this.#asking = read.rest > 0;
    if (type === PIECE || (this.#skipping && type !== ASK.sync)) this.#parties.toServer.put(bytes);
    else if (type === ASK.sync) this.#sync(bytes);
    else if (type === ASK.query) this.#query(read);
    else if (type === ASK.functionCall) this.#endingQuery(bytes);
    else if (PASSING.includes(type)) this.#parties.toServer.put(bytes);
    else if (type === ASK.copyDone || type === ASK.copyFail) {
      this.#copying = false;
      this.#parties.toServer.put(bytes);
    } else {
      this.#open = true;
      this.#extended(read);
    }
  }

  /** What only a Sync ends. */
  #extended(read: MessageReader): void {
    switch (read.type) {
      case ASK.parse:
        this.#parse(read);
        break;
      case ASK.bind:
        this.#bind(read);
        break;
      case ASK.describe:
        this.#describe(read);
        break;
      case ASK.close:
        this.#close(read);
        break;
      case ASK.execute:
        this.#changes.executed();
        this.#ask({ kind: 'execute' }, read.bytes);
        break;
      default:
        throw new ProtocolError(`a client says nothing of type ${read.type}`);
    }
    this.#speakUp();
  }

  #sync(bytes: Buffer): void {
    if (this.#copying) {
      this.#parties.toServer.put(bytes);
      return;
    }
    this.#skipping = false;
    this.#open = false;
    this.#ask({ kind: 'sync' }, bytes);
  }

  #query({ bytes, rest }: MessageReader): void {
    this.#names.setUnnamed(null); // as PostgreSQL does
    const changed = rest > 0 ? this.#unread() : this.#note(effectOf(stringAt(bytes, HEADER_BYTES).text));
    this.#endingQuery(changed === null ? bytes : message(ASK.query, changed));
  }

  #endingQuery(bytes: Buffer): void {
    this.#changes.executed();
    this.#open = false;
    this.#ask({ kind: 'query' }, bytes);
  }

  /** A text too long to be read: it may do anything. */
  #unread(): null {
    this.#parties.server.unsure = true;
    return null;
  }

  /** @returns SQL to be said in place of this one's, or null */
  #note(effect: Effect): Buffer | null {
    if (effect.kind !== 'deallocate') {
      const { head, length } = this.#expected;
      const first = length === 0 || (length === 1 && head?.ours === true);
      this.#changes.note(effect, first && this.#parties.server.status === 'I');
      return null;
    }
    const sql = this.#names.deallocate(effect.name);
    return sql === null ? null : zeroEnded(sql);
  }

  #parse({ bytes, rest }: MessageReader): void {
    const name = stringAt(bytes, HEADER_BYTES);
    const { table } = this.#parties;
    const taken = rest > 0 ? null : table.take(bytes.subarray(name.end + 1));
    if (name.text === '') this.#parseUnnamed(bytes, taken);
    else {
      if (taken !== null && taken.effect.kind !== 'none') this.#changes.pin('a prepared SET');
      if (taken !== null && this.#names.parse(name.text, taken)) return;
      if (taken !== null) table.leave(taken);
      this.#changes.pin('a prepared statement that is too long, or one too many');
      this.#ask({ kind: 'parse' }, bytes);
    }
  }

  #parseUnnamed(bytes: Buffer, taken: Statement | null): void {
    this.#names.setUnnamed(taken);
    const changed = taken === null ? this.#unread() : this.#note(taken.effect);
    const said = changed === null ? bytes : message(ASK.parse, zeroEnded(''), changed, Buffer.alloc(2));
    this.#ask({ kind: 'parse' }, said);
  }

  #bind({ bytes, rest }: MessageReader): void {
    const portal = stringAt(bytes, HEADER_BYTES);
    const asked = stringAt(bytes, portal.end + 1);
    const { name, ...more } = this.#names.use(asked.text);
    if (name === asked.text) {
      this.#ask({ kind: 'bind', ...more }, bytes);
      return;
    }
    const head = message(ASK.bind, zeroEnded(portal.text), zeroEnded(name));
    const tail = bytes.subarray(asked.end + 1);
    head.writeInt32BE(head.length - 1 + tail.length + rest, 1);
    this.#ask({ kind: 'bind', ...more }, head);
    this.#parties.toServer.put(tail);
  }

  #describe(read: MessageReader): void {
    const name = nameIn(read);
    if (!isStatement(read.bytes)) {
      this.#ask({ kind: 'describe' }, read.bytes);
      return;
    }
    const used = this.#names.use(name);
    const more = used.statement === undefined ? {} : { statement: used.statement };
    this.#ask({ kind: 'describe', ...more }, message(ASK.describe, zeroEnded(`S${used.name}`)));
  }

  #close(read: MessageReader): void {
    const name = nameIn(read);
    const ofStatement = isStatement(read.bytes);
    if (ofStatement && this.#names.close(name)) return;
    if (ofStatement && name === '') this.#names.setUnnamed(null);
    this.#ask({ kind: 'close' }, read.bytes);
  }

  /** Says what the proxy has to say itself, where it is its turn. */
  #speakUp(): void {
    for (let { head } = this.#expected; head?.kind === 'said'; head = this.#expected.head) {
      this.#parties.toClient.put(head.answer!);
      this.#expected.shift();
    }
  }

  /** @throws {ProtocolError} when the server says what nobody has asked */
  answer(read: MessageReader): void {
    const { type, bytes } = read;
    const { head } = this.#expected;
    const done = head !== undefined && isDone(type, head.kind);
    if (type !== PIECE) this.#silent = head?.ours === true && (done || head.kind === 'query');
    if (type === ANSWER.error) this.#failed(bytes);
    else if (type === ANSWER.ready) this.#ready(bytes);
    else {
      this.#look(type, bytes);
      if (!this.#silent) this.#parties.toClient.put(bytes);
      if (!done) return;
      this.#expected.shift();
      this.#speakUp();
    }
  }

  #look(type: number, bytes: Buffer): void {
    if (type === ANSWER.copyIn) this.#copyIn();
    else if (type === ANSWER.parameterStatus) {
      const name = stringAt(bytes, HEADER_BYTES);
      this.#changes.parameter(name.text, stringAt(bytes, name.end + 1).text);
    } else if (type === ANSWER.authentication || type === ANSWER.keyData || type === ANSWER.copyBoth) {
      throw new ProtocolError(`the server said something of type ${type}`);
    }
  }

  #failed(bytes: Buffer): void {
    const { head } = this.#expected;
    const fields = errorFields(bytes.subarray(HEADER_BYTES));
    if (head?.kind === 'query' && head.ours) throw new ProtocolError(`settings: ${fields.get('M')}`);
    this.#parties.toClient.put(bytes);
    this.hasLastWords = fields.get('V') === 'FATAL' || fields.get('V') === 'PANIC';
    this.#silent = false;
    this.#copying = false;
    this.#changes.failed();
    // "cached plan must not change result type"
    const stale = fields.get('C') === '0A000' && fields.get('R') === 'RevalidateCachedQuery';
    if (stale && head?.statement !== undefined) this.#parties.table.retire(head.statement);
    if (head?.kind === 'query' || head?.kind === 'sync') return;
    if (head !== undefined || this.#open) this.#skipping = !this.#expected.skipToSync();
  }

  #ready(bytes: Buffer): void {
    const { server, toClient } = this.#parties;
    const { head } = this.#expected;
    server.status = String.fromCharCode(bytes[HEADER_BYTES]!) as Status;
    this.#copying = false;
    if (head?.kind === 'sync' || head?.kind === 'query') this.#expected.shift();
    else if (server.spent) this.#open = this.#skipping = false;
    else throw new ProtocolError('the server is ready for what it was not asked');
    if (head?.ours === true) this.#changes.switched();
    else toClient.put(bytes);
    this.#speakUp();
    if (head?.ours === true || this.isBusy) return;
    if (this.#changes.settle()) this.#names.forgetAll();
  }

  #copyIn(): void {
    this.#copying = true;
    if (this.#expected.head?.kind !== 'execute') return;
    // Which Syncs the server has yet to take notice of cannot be known for certain from here on.
    this.#parties.server.spent = true;
    this.#expected.dropSyncs();
    this.#open = true;
  }
}

const PASSING: readonly number[] = [ASK.copyData, ASK.flush];

/** Describe and Close say which of the two they are about. */
function isStatement(bytes: Buffer): boolean {
  return bytes[HEADER_BYTES] === 0x53;
}

function nameIn({ bytes, rest }: MessageReader): string {
  const { text } = stringAt(bytes, HEADER_BYTES + 1);
  if (rest > 0) throw new ProtocolError('a name is too long');
  return text;
}

/** Whether this answer is the last one to that. */
function isDone(type: number, kind: Expected['kind']): boolean {
  switch (kind) {
    case 'parse':
      return type === ANSWER.parseComplete;
    case 'bind':
      return type === ANSWER.bindComplete;
    case 'close':
      return type === ANSWER.closeComplete;
    case 'describe':
      return type === ANSWER.rowDescription || type === ANSWER.noData;
    case 'execute':
      return type === ANSWER.commandComplete || type === ANSWER.emptyQuery || type === ANSWER.portalSuspended;
    default:
      return false;
  }
}
