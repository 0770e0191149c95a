/**
 * The firewall of a node's sandboxes as an nftables ruleset. Text only; network.ts applies it.
 *
 * A packet from a sandbox passes, in this order: its sender must be who the route says (strict reverse
 * path), its destination may be a name's (see names/), and then it is either for the host, where
 * only the guest address and its ports answer, or to be forwarded, where the sender's egress decides,
 * packet by packet. Nothing from outside, and no other sandbox, opens a connection into one.
 *
 * Every node has a table of its own and decides about its own interfaces only.
 */
import type { Egress } from '../../../model/index.ts';
import { type Blocks, GUEST_ADDRESS, NEVER, PRIVATE } from './addresses.ts';
import { disjoint } from './disjoint.ts';

export interface RuleFacts {
  /** Six hex digits. */
  readonly id: string;
  /** TCP ports of the guest address that answer; the first one also at 80, where functions call each other. */
  readonly ports: readonly number[];
  /** Port of the resolver, UDP and TCP; sandboxes ask it at 53. */
  readonly dnsPort: number;
  readonly blocks: Blocks;
}

export const tableOf = (id: string): string => `skein-${id}`;
/** Interfaces of this node's sandboxes begin with this. */
export const linkPrefix = (id: string): string => `sk${id}v`;

/** @returns rules that replace the node's earlier ones in one step */
export function ruleset(facts: RuleFacts): string {
  const ours = `"${linkPrefix(facts.id)}*"`;
  const table = `table inet ${tableOf(facts.id)}`;
  return `${table}
delete ${table}
${table} {
  set guarded { type ifname; }
  set none { type ipv4_addr; }
  set everything { type ipv4_addr; }
  set listing { type ipv4_addr; }
  set listed { type ipv4_addr . ipv4_addr . inet_service; flags interval; }
  map names { type ipv4_addr . inet_service : ipv4_addr . inet_service; }
${entering(ours, facts)}${toHost(ours, facts)}${beyond(ours, facts)}}
`;
}

function entering(ours: string, { blocks, dnsPort, ports }: RuleFacts): string {
  return `
  chain early {
    type filter hook prerouting priority raw; policy accept;
    iifname ${ours} jump senders
  }
  chain senders {
    meta nfproto != ipv4 drop
    ip saddr != ${blocks.sandboxes} drop
    fib saddr . iif oif missing drop
  }
  chain destinations {
    type nat hook prerouting priority dstnat; policy accept;
    iifname ${ours} ip daddr ${GUEST_ADDRESS} udp dport 53 dnat ip to ${GUEST_ADDRESS}:${dnsPort}
    iifname ${ours} ip daddr ${GUEST_ADDRESS} tcp dport 53 dnat ip to ${GUEST_ADDRESS}:${dnsPort}
    iifname ${ours} ip daddr ${GUEST_ADDRESS} tcp dport 80 dnat ip to ${GUEST_ADDRESS}:${ports[0]}
    iifname ${ours} dnat ip to ip daddr . tcp dport map @names
  }
`;
}

/** Of what another table of the machine has led to the host, nothing is let in: only what this one has. */
function toHost(ours: string, { blocks, dnsPort, ports }: RuleFacts): string {
  return `
  chain input {
    type filter hook input priority filter - 10; policy accept;
    iifname ${ours} jump host
    ip daddr ${GUEST_ADDRESS} iifname != "lo" iifname != "sk*" drop
  }
  chain host {
    ip daddr ${GUEST_ADDRESS} ct original ip daddr ${blocks.names} accept
    ip daddr ${GUEST_ADDRESS} th dport ${dnsPort} ct status dnat accept
    ct direction reply accept
    ip daddr ${GUEST_ADDRESS} tcp dport { ${ports.join(', ')} } accept
    drop
  }
`;
}

/** What comes in by a guarded interface would not be forwarded at all but for us. */
function beyond(ours: string, { blocks }: RuleFacts): string {
  return `
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    oifname ${ours} ct direction reply accept
    oifname ${ours} drop
    iifname ${ours} jump egress
    iifname @guarded oifname != "sk*" drop
  }
  chain egress {
    oifname "sk*" drop
    ip daddr { ${NEVER.join(', ')} } drop
    ip saddr @none drop
    ip saddr @everything accept
    ip saddr @listing jump lists
    ip daddr { ${PRIVATE.join(', ')} } drop
  }
  chain lists {
    meta l4proto { tcp, udp } ip saddr . ip daddr . th dport @listed accept
    drop
  }
  chain leaving {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${blocks.sandboxes} oifname != "sk*" masquerade
  }
`;
}

/** What distinguishes a sandbox's egress from `public`, which is what an address without an entry has. */
export function egressElements(address: string, egress: Egress): readonly string[] {
  switch (egress.mode) {
    case 'public':
      return [];
    case 'none':
      return [`none { ${address} }`];
    case 'all':
      return [`everything { ${address} }`];
    case 'list': {
      const nets = disjoint(egress.cidrs).map(({ cidr, ports }) => `${address} . ${cidr} . ${ports}`);
      return [`listing { ${address} }`, ...(nets.length === 0 ? [] : [`listed { ${nets.join(', ')} }`])];
    }
    default:
      return egress satisfies never;
  }
}

/** @returns the commands that make these interfaces, and no others, lead to sandboxes only */
export function guardCommands(id: string, links: readonly string[]): string {
  const elements = links.map((link) => `guarded { "${link}" }`);
  return `flush set inet ${tableOf(id)} guarded\n${elementCommands('add', { id, elements })}`;
}

/** @returns the command that adds or deletes these */
export function elementCommands(
  verb: 'add' | 'delete',
  { id, elements }: { id: string; elements: readonly string[] },
): string {
  return elements.map((element) => `${verb} element inet ${tableOf(id)} ${element}\n`).join('');
}
