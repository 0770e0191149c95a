/** PostgreSQL's protocol, version 3.0: the types of messages, and how those are written that the proxy says itself. */

const code = (letter: string): number => letter.charCodeAt(0);

/** What clients say. */
export const ASK = {
  bind: code('B'),
  close: code('C'),
  copyData: code('d'),
  copyDone: code('c'),
  copyFail: code('f'),
  describe: code('D'),
  execute: code('E'),
  flush: code('H'),
  functionCall: code('F'),
  parse: code('P'),
  password: code('p'),
  query: code('Q'),
  sync: code('S'),
  terminate: code('X'),
} as const;

/** What servers say. */
export const ANSWER = {
  authentication: code('R'),
  bindComplete: code('2'),
  closeComplete: code('3'),
  commandComplete: code('C'),
  copyBoth: code('W'),
  copyIn: code('G'),
  emptyQuery: code('I'),
  error: code('E'),
  keyData: code('K'),
  negotiate: code('v'),
  noData: code('n'),
  notice: code('N'),
  notification: code('A'),
  parameterStatus: code('S'),
  parseComplete: code('1'),
  portalSuspended: code('s'),
  ready: code('Z'),
  rowDescription: code('T'),
} as const;

/** Codes where a start-up packet has its version. */
export const PROTOCOL = {
  major: 3,
  version: 0x30000,
  ssl: 80_877_103,
  gss: 80_877_104,
  cancel: 80_877_102,
} as const;

/** Whether a session is in a transaction: no, yes, or in one that has failed. */
export type Status = 'I' | 'T' | 'E';

/** A type and its length come before every body. */
export const HEADER_BYTES = 5;

const ZERO = Buffer.alloc(1);

/** Strings are kept as PostgreSQL's bytes: one character of the string is one byte. */
export function zeroEnded(text: string): Buffer {
  return Buffer.concat([Buffer.from(text, 'latin1'), ZERO]);
}

export function message(type: number, ...parts: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head[0] = type;
  head.writeInt32BE(
    parts.reduce((sum, part) => sum + part.length, HEADER_BYTES - 1),
    1,
  );
  return Buffer.concat([head, ...parts]);
}

export const PARSE_COMPLETE = message(ANSWER.parseComplete);
export const CLOSE_COMPLETE = message(ANSWER.closeComplete);
export const READY_IDLE = message(ANSWER.ready, Buffer.from('I'));
export const AUTHENTICATION_OK = message(ANSWER.authentication, int32(0));
export const ASK_PASSWORD = message(ANSWER.authentication, int32(3));

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function query(sql: string): Buffer {
  return message(ASK.query, Buffer.from(sql, 'latin1'), ZERO);
}

export function parameterStatus(name: string, value: string): Buffer {
  return message(ANSWER.parameterStatus, zeroEnded(name), zeroEnded(value));
}

/** An error as PostgreSQL would word it. */
export interface Problem {
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** @param severity FATAL: the connection ends with it */
export function errorResponse(severity: 'ERROR' | 'FATAL', problem: Problem): Buffer {
  const fields: [string, string | undefined][] = [
    ['S', severity],
    ['V', severity],
    ['C', problem.code],
    ['M', problem.message],
    ['H', problem.hint],
  ];
  const parts = fields.flatMap(([name, value]) =>
    value === undefined ? [] : [Buffer.from(`${name}${value}`), ZERO],
  );
  return message(ANSWER.error, ...parts, ZERO);
}

/** @returns the fields of an error or a notice, by their letters */
export function errorFields(body: Buffer): ReadonlyMap<string, string> {
  const fields = body.toString().split('\0');
  return new Map(fields.filter((field) => field !== '').map((field) => [field[0]!, field.slice(1)]));
}

/** A start-up packet: what a client says first. */
export function startupMessage(parameters: Iterable<readonly [string, string]>): Buffer {
  const pairs = [...parameters].flatMap(([name, value]) => [zeroEnded(name), zeroEnded(value)]);
  const body = Buffer.concat([int32(PROTOCOL.version), ...pairs, ZERO]);
  return Buffer.concat([int32(body.length + 4), body]);
}

export function cancelRequest({ processId, secret }: { processId: number; secret: Buffer }): Buffer {
  const body = Buffer.concat([int32(PROTOCOL.cancel), int32(processId), secret]);
  return Buffer.concat([int32(body.length + 4), body]);
}

/** Bytes that are not PostgreSQL's protocol, or not what may be said at this point of it. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/**
 * @returns the string that begins at `from` and ends before `end`
 * @throws {ProtocolError} when it does not end within these bytes
 */
export function stringAt(bytes: Buffer, from: number): { readonly text: string; readonly end: number } {
  const end = bytes.indexOf(0, from);
  if (end === -1) throw new ProtocolError('a string has no end');
  return { text: bytes.toString('latin1', from, end), end };
}
