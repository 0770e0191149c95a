/** What a sandbox is answered when it asks for a name: its egress decides. */
import type { Client, Clients } from './clients.ts';
import { answerTo, filtered, fitted, type Query, readQuery } from './messages.ts';
import type { Nameservers } from './nameservers.ts';

/** Questions of one sandbox that wait for the nameservers. Beyond that they are dropped. */
const MOST_QUESTIONS = 64;

export interface ResolverParts {
  readonly clients: Clients;
  readonly nameservers: Nameservers;
  readonly isDenied: (address: string) => boolean;
  /** Where functions call each other: the address of `<name>.internal`. */
  readonly internalAddress: string;
}

/** @returns null: nothing is said */
export type Resolve = (
  message: Buffer,
  from: { readonly address: string; readonly by: 'udp' | 'tcp' },
) => Promise<Buffer | null>;

export function createResolver({ clients, nameservers, isDenied, internalAddress }: ResolverParts): Resolve {
  async function forward(query: Query, client: Client): Promise<Buffer | null> {
    if (client.questions >= MOST_QUESTIONS) return null;
    client.questions++;
    const reply = await nameservers.ask(query).finally(() => client.questions--);
    if (reply === null) return answerTo(query, 'serverFailure');
    return filtered(reply, query, client.egress.mode === 'all' ? () => false : isDenied);
  }

  return async (message, { address, by }) => {
    const client = clients.get(address);
    const query = client === undefined ? null : readQuery(message);
    if (client === undefined || query === null) return null;
    const reply =
      itself(query, address) ?? ownAnswer(query, client, internalAddress) ?? (await forward(query, client));
    return reply === null || by === 'tcp' ? reply : fitted(reply, query);
  };
}

/** What a sandbox is called inside, as on Lambda: servers in it listen at that name, and its node finds them there. */
const ITSELF = 'sandbox.localdomain';

function itself(query: Query, address: string): Buffer | null {
  if (query.name !== ITSELF) return null;
  return answerTo(query, 'noError', query.question.type === 'A' ? [address] : []);
}

/** @returns null: the nameservers know */
function ownAnswer(query: Query, { egress, names }: Client, internalAddress: string): Buffer | null {
  const { type } = query.question;
  if (type === 'AXFR' || type === 'IXFR') return answerTo(query, 'refused');
  // Also for who may connect to nothing: what a function may call inside is for its role to say.
  if (isInternal(query.name)) return answerInternal(query, internalAddress);
  if (egress.mode === 'none') return answerTo(query, 'refused');
  if (egress.mode === 'list') {
    const virtual = names.get(query.name);
    if (virtual === undefined) return answerTo(query, 'noSuchName');
    return answerTo(query, 'noError', type === 'A' ? [virtual.address] : []);
  }
  return type === 'AAAA' ? answerTo(query, 'noError') : null; // there is no IPv6 inside
}

/** Names of the platform's own. */
function isInternal(name: string): boolean {
  return name === 'internal' || name.endsWith('.internal');
}

/** Whether there is such a function, and who may call it, is said over HTTP. Deeper names are other platforms'. */
function answerInternal(query: Query, address: string): Buffer {
  if (!/^[a-z0-9_-]+\.internal$/.test(query.name)) return answerTo(query, 'noSuchName');
  return answerTo(query, 'noError', query.question.type === 'A' ? [address] : []);
}
