/** SCRAM-SHA-256 (RFC 5802, RFC 7677) as a client, without channel binding. */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { ProtocolError } from './wire.ts';

const NAME = 'SCRAM-SHA-256';
/** "No channel binding", in base 64. */
const BINDING = 'biws';
const MAX_ITERATIONS = 1_000_000;

export interface Scram {
  readonly name: string;
  readonly first: string;
  /** @returns what to answer to the server's first message */
  respond(serverFirst: string): Promise<string>;
  /** @throws {ProtocolError} when the server does not know the password itself */
  verify(serverFinal: string): void;
}

/** @param nonce for tests; default: by chance */
export function scram(password: string, nonce = randomBytes(18).toString('base64')): Scram {
  const bare = `n=,r=${nonce}`; // PostgreSQL takes the user from the start-up packet
  let expected: Buffer = Buffer.alloc(0);
  return {
    name: NAME,
    first: `n,,${bare}`,
    async respond(serverFirst) {
      const { r = '', s = '', i = '' } = attributes(serverFirst);
      const iterations = Number(i);
      if (!r.startsWith(nonce) || r === nonce || !(iterations >= 1 && iterations <= MAX_ITERATIONS)) {
        throw new ProtocolError('the server’s SCRAM challenge makes no sense');
      }
      const salted = await promisify(pbkdf2)(
        password.normalize('NFKC'),
        Buffer.from(s, 'base64'),
        iterations,
        32,
        'sha256',
      );
      const clientKey = hmac(salted, 'Client Key');
      const unproven = `c=${BINDING},r=${r}`;
      const transcript = `${bare},${serverFirst},${unproven}`;
      const signature = hmac(createHash('sha256').update(clientKey).digest(), transcript);
      expected = hmac(hmac(salted, 'Server Key'), transcript);
      return `${unproven},p=${Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]!)).toString('base64')}`;
    },
    verify(serverFinal) {
      const given = Buffer.from(attributes(serverFinal).v ?? '', 'base64');
      if (given.length === expected.length && timingSafeEqual(given, expected)) return;
      throw new ProtocolError('the server could not prove that it knows the password');
    },
  };
}

function attributes(text: string): Partial<Record<string, string>> {
  return Object.fromEntries(text.split(',').map((part) => [part[0], part.slice(2)]));
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
