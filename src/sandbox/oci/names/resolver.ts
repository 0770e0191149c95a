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
}

/** @returns null: nothing is said */
export type Resolve = (
  message: Buffer,
  from: { readonly address: string; readonly by: 'udp' | 'tcp' },
) => Promise<Buffer | null>;

export function createResolver({ clients, nameservers, isDenied }: ResolverParts): Resolve {
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
    const reply = ownAnswer(query, client) ?? (await forward(query, client));
    return reply === null || by === 'tcp' ? reply : fitted(reply, query);
  };
}

/** @returns null: the nameservers know */
function ownAnswer(query: Query, { egress, names }: Client): Buffer | null {
  const { type } = query.question;
  if (egress.mode === 'none' || type === 'AXFR' || type === 'IXFR') return answerTo(query, 'refused');
  if (isInternal(query.name)) return answerTo(query, 'noSuchName');
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
