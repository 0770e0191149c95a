/** Opens a socket to the PostgreSQL server, with TLS as the operator's URL says (libpq's `sslmode`). */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { int32, PROTOCOL, ProtocolError } from './wire.ts';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** The query of the operator's URL; the node's own server has none. */
  readonly search?: string;
}

/** @throws what connecting throws; {ProtocolError} when TLS is wanted and the server has none */
export async function dial({ host, port, search = '' }: ServerAddress, signal: AbortSignal): Promise<Socket> {
  const name = host.replace(/^\[|\]$/g, '');
  const socket = connect({ host: name, port, noDelay: true, keepAlive: true });
  const abandon = () => socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', abandon, { once: true });
  try {
    await once(socket, 'connect');
    socket.on('error', () => {}); // its close says it all
    const mode = tlsMode(search);
    return mode === null ? socket : await withTls(socket, { name, search, mode });
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

/** @returns null: no TLS */
function tlsMode(search: string): string | null {
  const query = new URLSearchParams(search);
  const mode = query.get('sslmode') ?? query.get('ssl') ?? 'disable';
  if (['disable', 'allow', 'false', '0'].includes(mode)) return null;
  return mode === 'true' || mode === '1' ? 'require' : mode;
}

async function withTls(
  socket: Socket,
  { name, search, mode }: { name: string; search: string; mode: string },
): Promise<Socket> {
  socket.write(Buffer.concat([int32(8), int32(PROTOCOL.ssl)]));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  // More than one byte would be somebody's on the way: what comes behind it must be TLS.
  if (answer.length === 1 && answer[0] === 0x53) {
    const secure = connectTls({ socket, ...tlsOptions({ name, search, mode }) });
    await once(secure, 'secureConnect');
    secure.on('error', () => {});
    return secure;
  }
  if (mode === 'prefer' && answer.length === 1 && answer[0] === 0x4e) return socket;
  throw new ProtocolError(`the server has no TLS, and sslmode=${mode} demands it`);
}

function tlsOptions({
  name,
  search,
  mode,
}: {
  name: string;
  search: string;
  mode: string;
}): ConnectionOptions {
  const root = new URLSearchParams(search).get('sslrootcert');
  const verify = mode.startsWith('verify') || root !== null;
  return {
    rejectUnauthorized: verify,
    ...(root !== null && root !== 'system' && { ca: readFileSync(root) }),
    host: name, // whose certificate it must be; without it, an address would be taken for "localhost"
    ...(isIP(name) === 0 && { servername: name }),
    ...(mode !== 'verify-full' && root !== 'system' && { checkServerIdentity: () => undefined }),
  };
}
