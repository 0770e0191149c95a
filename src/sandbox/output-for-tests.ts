/** For tests: a socket that can become a process's output, and what was written to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestOutput {
  /** The end to give to a sandbox. */
  readonly socket: Socket;
  /** Everything written, once every writer has closed. */
  readonly text: Promise<string>;
}

/** @param onText told of every piece as it comes */
export async function openOutput(onText: (text: string) => void = () => {}): Promise<TestOutput> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-output-'));
  const path = join(folder, 'socket');
  const text = Promise.withResolvers<string>();
  const server = createServer((reading) => {
    const chunks: Buffer[] = [];
    reading.on('data', (chunk) => {
      chunks.push(chunk);
      onText(chunk.toString('utf8'));
    });
    reading.on('close', () => text.resolve(Buffer.concat(chunks).toString('utf8')));
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const socket = connect(path);
  await new Promise((resolve) => socket.once('connect', resolve));
  rmSync(folder, { recursive: true });
  return { socket, text: text.promise };
}
