/**
 * From a socket to a client: what it wants, and whether it may.
 *
 * Owns   the socket until it is admitted, for `STARTUP_MS` at most, and no more of its bytes than a start takes.
 * Never  asks PostgreSQL: who it is follows from its secret.
 *
 * TLS is answered with "no": the listener is on an address that only this machine, or only a sandbox, has.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../../base/index.ts';
import { MessageReader } from './message-reader.ts';
import { type Opening, openingBytes, readOpening, type Wanted } from './startup.ts';
import {
  ANSWER,
  ASK,
  ASK_PASSWORD,
  errorResponse,
  HEADER_BYTES,
  int32,
  message,
  PROTOCOL,
  type Problem,
  ProtocolError,
  stringAt,
  zeroEnded,
} from './wire.ts';

/** PostgreSQL allows a minute. A function's code is at hand. */
const STARTUP_MS = 10_000;
const MAX_PASSWORD_BYTES = 1_024;
/** A client may ask for TLS and for GSS, each once. */
const MAX_ENCRYPTION_REQUESTS = 2;

export interface Admitted {
  readonly wanted: Wanted;
  readonly secret: string;
  /** Bytes behind the password. */
  readonly rest: Buffer;
}

export interface AdmissionOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  /** The socket has no listeners of this any more, except for errors. */
  readonly onAdmitted: (admitted: Admitted) => void;
  readonly onCancel: (key: { processId: number; secret: Buffer }) => void;
}

export function admit({ socket, clock, onAdmitted, onCancel }: AdmissionOptions): void {
  let held: Buffer = Buffer.alloc(0);
  let wanted: Wanted | null = null;
  let encryptionRequests = 0;
  const timer = clock.after(STARTUP_MS, () => socket.destroy());

  function opened(opening: Opening): void {
    if (opening.kind === 'encryption') {
      if (++encryptionRequests > MAX_ENCRYPTION_REQUESTS)
        throw new ProtocolError('TLS was asked for too often');
      socket.write('N');
    } else if (opening.kind === 'cancel') {
      onCancel(opening);
      socket.destroy();
    } else if (opening.kind === 'refused') refuse(socket, { code: '08P01', message: opening.why });
    else {
      wanted = opening.wanted;
      if (wanted.negotiate !== null) socket.write(negotiation(wanted.negotiate));
      socket.write(ASK_PASSWORD);
    }
  }

  function step(): boolean {
    if (wanted !== null) return password(wanted);
    const length = openingBytes(held);
    if (length === null || held.length < length) return false;
    const packet = held.subarray(0, length);
    held = held.subarray(length);
    opened(readOpening(packet));
    return !socket.destroyed;
  }

  function password(wanted: Wanted): boolean {
    const reader = new MessageReader(() => MAX_PASSWORD_BYTES);
    reader.push(held);
    if (!reader.next()) return false;
    if (reader.type !== ASK.password || reader.rest > 0) throw new ProtocolError('a password was asked for');
    const { text: secret } = stringAt(reader.bytes, HEADER_BYTES);
    const rest = Buffer.from(held.subarray(reader.bytes.length));
    timer.cancel();
    socket.off('data', take).pause(); // until somebody listens again
    onAdmitted({ wanted, secret, rest });
    return false;
  }

  function take(chunk: Buffer): void {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    try {
      while (step());
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refuse(socket, { code: '08P01', message: error.message });
    }
  }

  socket.on('error', () => {}); // its close says it all
  socket.once('close', () => timer.cancel());
  socket.on('data', take);
}

/** Says why, and hangs up. Whoever does not take even that is hung up on when its time is over. */
export function refuse(socket: Socket, problem: Problem): void {
  socket.removeAllListeners('data').resume();
  socket.end(errorResponse('FATAL', problem));
  socket.destroySoon();
}

/** Version 3.0 it is, without extensions. */
function negotiation(extensions: readonly string[]): Buffer {
  const names = extensions.map(zeroEnded);
  return message(ANSWER.negotiate, int32(PROTOCOL.version), int32(names.length), ...names);
}
