/** Logs in to PostgreSQL as an app's role: password in clear (over TLS), MD5 or SCRAM-SHA-256, as the server asks. */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { MessageReader } from './message-reader.ts';
import { type Scram, scram } from './scram.ts';
import {
  ANSWER,
  ASK,
  errorFields,
  HEADER_BYTES,
  int32,
  message,
  type Problem,
  ProtocolError,
  startupMessage,
  stringAt,
  zeroEnded,
} from './wire.ts';

export interface LoginOptions {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** What the client's start-up packet had beside these. */
  readonly parameters: ReadonlyMap<string, string>;
}

export interface LoggedIn {
  readonly processId: number;
  readonly secret: Buffer;
  /** What the server says of its parameters. */
  readonly parameters: Map<string, string>;
}

/** The server has refused, in its own words. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

const MAX_HEAD = 16 * 1024;

/**
 * @returns when the server is ready; the socket has no listeners of this then, and nothing unread
 * @throws {Refused} by the server, {ProtocolError} when it is no PostgreSQL, the socket's own error
 */
export async function login(socket: Socket, options: LoginOptions): Promise<LoggedIn> {
  const { user, database, parameters } = options;
  socket.write(startupMessage([['user', user], ['database', database], ...parameters]));
  const told = { processId: 0, secret: Buffer.alloc(0), parameters: new Map<string, string>() };
  let challenge: Scram | null = null;
  for await (const { type, body } of messagesOf(socket)) {
    if (type === ANSWER.error) throw new Refused(problemOf(body));
    else if (type === ANSWER.authentication)
      challenge = await authenticate(socket, { body, options, challenge });
    else if (type === ANSWER.keyData) {
      told.processId = body.readInt32BE(0);
      told.secret = Buffer.from(body.subarray(4));
    } else if (type === ANSWER.parameterStatus) {
      const name = stringAt(body, 0);
      told.parameters.set(name.text, stringAt(body, name.end + 1).text);
    } else if (type === ANSWER.ready) break;
  }
  return told;
}

async function* messagesOf(socket: Socket): AsyncGenerator<{ type: number; body: Buffer }> {
  const reader = new MessageReader(() => MAX_HEAD);
  for (;;) {
    while (reader.next()) yield { type: reader.type, body: reader.bytes.subarray(HEADER_BYTES) };
    const chunk = (socket.read() as Buffer | null) ?? (await readable(socket));
    if (chunk !== null) reader.push(chunk);
  }
}

/** @returns null: look again */
function readable(socket: Socket): Promise<null> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      socket
        .removeListener('readable', settle)
        .removeListener('error', settle)
        .removeListener('close', closed);
      if (error === undefined) resolve(null);
      else reject(error);
    };
    const closed = () => settle(new ProtocolError('the server has closed the connection'));
    if (socket.destroyed || socket.readableEnded) return closed();
    socket.on('readable', settle).on('error', settle).on('close', closed);
  });
}

function problemOf(body: Buffer): Problem {
  const fields = errorFields(body);
  return { code: fields.get('C') ?? '08006', message: fields.get('M') ?? 'PostgreSQL has refused' };
}

const AUTHENTICATION = { ok: 0, clear: 3, md5: 5, sasl: 10, saslContinue: 11, saslFinal: 12 } as const;

interface Asked {
  readonly body: Buffer;
  readonly options: LoginOptions;
  readonly challenge: Scram | null;
}

async function authenticate(socket: Socket, { body, options, challenge }: Asked): Promise<Scram | null> {
  const { user, password } = options;
  const answer = (...parts: Buffer[]) => socket.write(message(ASK.password, ...parts));
  const kind = body.readInt32BE(0);
  const text = body.subarray(4);
  switch (kind) {
    case AUTHENTICATION.ok:
      return challenge;
    case AUTHENTICATION.clear:
      if (!('encrypted' in socket))
        throw new ProtocolError('the server wants the password in clear, without TLS');
      answer(zeroEnded(password));
      return null;
    case AUTHENTICATION.md5:
      answer(zeroEnded(`md5${md5(md5(password + user), text.subarray(0, 4))}`));
      return null;
    case AUTHENTICATION.sasl: {
      const made = scram(password);
      if (!text.toString().split('\0').includes(made.name))
        throw new ProtocolError(`the server has no ${made.name}`);
      const first = Buffer.from(made.first);
      answer(zeroEnded(made.name), int32(first.length), first);
      return made;
    }
    case AUTHENTICATION.saslContinue:
      answer(Buffer.from((await challenge?.respond(text.toString())) ?? ''));
      return challenge;
    case AUTHENTICATION.saslFinal:
      challenge?.verify(text.toString());
      return challenge;
    default:
      throw new ProtocolError(`the server wants a kind of authentication that is not known here (${kind})`);
  }
}

function md5(text: string, salt: Uint8Array = Buffer.alloc(0)): string {
  return createHash('md5').update(text).update(salt).digest('hex');
}
