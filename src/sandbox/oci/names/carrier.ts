/**
 * Carries one connection of a sandbox to the name that it lists.
 *
 * The other side is connected to at once, since with some protocols it speaks first; but nothing that
 * the client says passes before its first bytes were admitted.
 */
import { connect, type Socket } from 'node:net';
import type { Clock } from '../../../base/index.ts';
import type { Egress } from '../../../model/index.ts';
import { UNRECOGNIZED_NAME } from './client-hello.ts';
import type { Destinations } from './destinations.ts';
import { admitOpening } from './opening.ts';

/** For each address that is tried. */
const CONNECT_MS = 5_000;
const MOST_TRIED = 3;
/** A refused client may take this long to read why. */
const FAREWELL_MS = 1_000;

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface CarrierParts {
  readonly destinations: Pick<Destinations, 'find'>;
  readonly clock: Clock;
}

/** Resolves when the connection is on its way, or refused. Whatever happens, the socket is closed in the end. */
export async function carry(
  client: Socket,
  to: { readonly target: Target; readonly egress: Egress },
  parts: CarrierParts,
): Promise<void> {
  client.on('error', () => {}); // 'close' follows
  let refused = false;
  const opening = admitOpening(client, to.target.host, parts.clock);
  const joining = reach(client, to, parts).then((server) => {
    if (refused) server?.destroy();
    else if (server === null) reset(client);
    else join(client, server, () => refused);
    return server;
  });
  const first = await opening;
  if (first === null) {
    refused = true;
    dismiss(client, parts.clock);
    (await joining)?.unpipe(client).destroy();
    return;
  }
  const server = await joining;
  if (first.length > 0) server?.write(first);
  if (server !== null) client.pipe(server);
}

/** Says why, to who waits for it. */
function dismiss(client: Socket, clock: Clock): void {
  if (client.destroyed) return;
  client.end(UNRECOGNIZED_NAME);
  client.resume(); // closing with bytes unread would be a reset, which overtakes the alert
  clock.after(FAREWELL_MS, () => client.destroy());
}

/** @returns null when the name has no address that may be reached, none answers, or the client has gone */
async function reach(
  client: Socket,
  { target, egress }: { readonly target: Target; readonly egress: Egress },
  { destinations, clock }: CarrierParts,
): Promise<Socket | null> {
  const addresses = await destinations.find(target, egress).catch(() => []);
  for (const address of addresses.slice(0, MOST_TRIED)) {
    if (client.destroyed) return null;
    const server = await connectTo(address, target.port, clock);
    if (server !== null) return server;
  }
  return null;
}

function connectTo(host: string, port: number, clock: Clock): Promise<Socket | null> {
  const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
  return new Promise((resolve) => {
    const timer = clock.after(CONNECT_MS, () => server.destroy());
    server.on('error', () => {}); // 'close' follows
    server.once('connect', () => {
      timer.cancel();
      resolve(server);
    });
    server.once('close', () => {
      timer.cancel();
      resolve(null); // of no meaning after 'connect'
    });
  });
}

/** From the server to the client at once; ends pass on, and so does what is no orderly end. */
function join(client: Socket, server: Socket, isRefused: () => boolean): void {
  server.pipe(client);
  client.once('close', () => {
    if (!isOver(client)) reset(server);
  });
  server.once('close', () => {
    if (!isOver(server) && !isRefused()) reset(client);
  });
  if (client.destroyed) reset(server);
}

/** Whether both directions came to their end. */
function isOver(socket: Socket): boolean {
  return socket.readableEnded && socket.writableFinished && socket.errored === null;
}

function reset(socket: Socket): void {
  if (!socket.destroyed) socket.resetAndDestroy();
}
