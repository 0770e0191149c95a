/** Waits for a client's first bytes, and holds what they say against the name it connected for. */
import type { Socket } from 'node:net';
import type { Clock } from '../../../base/index.ts';
import { readOpening } from './client-hello.ts';

/** From the first byte of a ClientHello to its last; ms. */
const HELLO_MS = 5_000;

/**
 * The client's first bytes, once they are known to be in order; nothing, where it ends without any.
 * Other protocols than TLS are not looked into. The socket is paused then.
 *
 * @returns null: refused, or gone
 */
export function admitOpening(socket: Socket, host: string, clock: Clock): Promise<Buffer | null> {
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    let patience: { cancel(): void } | null = null;
    const settle = (bytes: Buffer | null) => {
      patience?.cancel();
      socket.off('data', onData).off('end', onEnd).off('close', onClose).pause();
      resolve(bytes);
    };
    const refuse = () => settle(null);
    const onData = (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const opening = readOpening(received);
      if (opening.kind === 'plain') settle(received);
      else if (opening.kind === 'more') patience ??= clock.after(HELLO_MS, refuse);
      else if (opening.kind === 'tls' && opening.serverName?.toLowerCase() === host) settle(received);
      else refuse();
    };
    // It has ended before it was complete: only nothing at all is in order.
    const onEnd = () => (received.length === 0 ? settle(received) : refuse());
    const onClose = () => settle(null);
    socket.on('data', onData).once('end', onEnd).once('close', onClose);
  });
}
