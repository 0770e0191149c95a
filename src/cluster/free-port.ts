import { createServer } from 'node:net';
import { Fault } from '../base/index.ts';

/**
 * Finds out whether an address can be listened at, before anything is built for it. Somebody else may
 * still take it afterwards; then the listener itself says so.
 *
 * @param flag the option that chooses the address, for the message
 * @throws {Fault} `port-in-use`
 */
export function requireFreePort(
  { host, port }: { readonly host: string; readonly port: number },
  flag: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRINUSE') return resolve(); // what else is wrong with it, its listener explains
      const message = `${host}:${port} is in use by another program. Choose another address with ${flag} HOST:PORT (port 0: any free one).`;
      reject(new Fault('port-in-use', message, { facts: { host, port }, cause }));
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}
