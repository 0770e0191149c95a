/**
 * Channels: a connected pair of Unix stream sockets for each guest, one end ours, one the process's.
 *
 * Node makes a pair by itself for a child's descriptor, but then allocates 64 KB for every read of
 * our end and gives most of it back; at ten thousand answers a second that was a tenth of the node's
 * time. Here our end reads into one buffer that all channels share (a read is handed on before the
 * next begins) and passes on a copy of what came.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { unixSocketPath } from '../../base/index.ts';

export interface ChannelPair {
  /** Ours: emits `data` as any socket does, each chunk its listener's to keep. */
  readonly host: Socket;
  /** To be given to the process, and destroyed here once it has it. */
  readonly guest: Socket;
}

export interface Channels {
  open(): Promise<ChannelPair>;
  close(): void;
}

const READ_BYTES = 64 * 1024;

/** @param folder only the node's own user can reach it: whoever can connect could pose as a guest's end */
export function createChannels(folder: string): Channels {
  const shared = Buffer.allocUnsafeSlow(READ_BYTES);
  let server: Promise<{ path: string; server: Server }> | null = null;
  /** One pair at a time, so that the connection that comes is the one that was made. */
  let last: Promise<unknown> = Promise.resolve();

  async function pair(): Promise<ChannelPair> {
    server ??= listen(folder);
    const { path, server: listening } = await server;
    const accepted = new Promise<Socket>((resolve) => listening.once('connection', resolve));
    const host = connectReading(path, shared);
    const connected = new Promise((resolve, reject) => host.once('connect', resolve).once('error', reject));
    const [guest] = await Promise.all([accepted, connected]);
    return { host, guest };
  }

  return {
    open() {
      const opened = last.then(pair);
      last = opened.catch(() => {});
      return opened;
    },
    close: () => void server?.then(({ server }) => server.close()),
  };
}

async function listen(folder: string): Promise<{ path: string; server: Server }> {
  const path = unixSocketPath(folder, 'channels.sock');
  const server = createServer({ pauseOnConnect: true }); // the process reads, not we
  await new Promise<void>((resolve, reject) => server.listen(path, resolve).once('error', reject));
  server.unref();
  return { path, server };
}

function connectReading(path: string, buffer: Buffer): Socket {
  /** What came before anybody listened. */
  let early: Buffer[] | null = [];
  const socket: Socket = connect({
    path,
    onread: {
      buffer,
      callback(length) {
        const bytes = Buffer.from(buffer.subarray(0, length));
        if (early === null) socket.emit('data', bytes);
        else early.push(bytes);
        return true;
      },
    },
  });
  socket.on('newListener', function onListener(event) {
    if (event !== 'data' || early === null) return;
    const held = early;
    queueMicrotask(() => {
      early = null;
      for (const bytes of held) socket.emit('data', bytes);
    });
    socket.off('newListener', onListener);
  });
  return socket;
}
