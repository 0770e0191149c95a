/** Who may ask: the sandboxes of the node by their address, and what each of them is doing now. */
import type { Socket } from 'node:net';
import type { Egress } from '../../../model/index.ts';
import type { VirtualName } from './virtual-names.ts';

export interface Client {
  readonly egress: Egress;
  /** By host, those it lists. */
  readonly names: ReadonlyMap<string, VirtualName>;
  /** Connections that the proxy carries for it. */
  readonly connections: Set<Socket>;
  /** Connections on which it asks for names. */
  readonly streams: Set<Socket>;
  /** Questions that were not answered yet. */
  questions: number;
}

export type Clients = ReadonlyMap<string, Client>;

export function newClient(egress: Egress, names: ReadonlyMap<string, VirtualName>): Client {
  return { egress, names, connections: new Set(), streams: new Set(), questions: 0 };
}

/** Ends everything that it is doing. */
export function endClient(client: Client): void {
  for (const socket of [...client.connections, ...client.streams]) socket.destroy();
}

/** Whether it lists this name with this port. */
export function lists({ egress }: Client, { host, port }: { host: string; port: number }): boolean {
  return egress.mode === 'list' && egress.names.some((name) => name.host === host && name.port === port);
}
