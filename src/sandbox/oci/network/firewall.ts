/**
 * Changes to the rules of one node while it runs: which egress an address has, which names are carried.
 *
 * One nft process at a time; what is wanted meanwhile goes with the next, so that a burst of starts
 * costs a few processes and not one each.
 */
import type { Egress } from '../../../model/index.ts';
import { runTool } from '../launcher.ts';
import { GUEST_ADDRESS } from './addresses.ts';
import { egressElements, elementCommands, guardCommands } from './rules.ts';

export interface Firewall {
  /** Resolves when every packet is judged by the new one. */
  change(address: string, egress: { readonly from: Egress; readonly to: Egress }): Promise<void>;
  /** TCP to this address and port goes to `toPort` of the node. */
  pin(rule: { readonly address: string; readonly port: number; readonly toPort: number }): Promise<void>;
  /** What comes in by these interfaces is forwarded to sandboxes only. */
  guard(links: readonly string[]): Promise<void>;
}

interface Change {
  readonly commands: string;
  resolve(): void;
  reject(error: unknown): void;
}

export function firewall(id: string): Firewall {
  let waiting: Change[] = [];
  let running = false;

  function apply(commands: string): Promise<void> {
    if (commands === '') return Promise.resolve();
    return new Promise((resolve, reject) => {
      waiting.push({ commands, resolve, reject });
      if (!running) void runAll();
    });
  }

  async function runAll(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      if (!(await tryTogether(batch))) for (const change of batch) await tryAlone(change);
    }
    running = false;
  }

  return {
    change(address, { from, to }) {
      const elements = (egress: Egress) => egressElements(address, egress);
      const gone = elementCommands('delete', { id, elements: elements(from) });
      return apply(gone + elementCommands('add', { id, elements: elements(to) }));
    },
    pin({ address, port, toPort }) {
      const elements = [`names { ${address} . ${port} : ${GUEST_ADDRESS} . ${toPort} }`];
      return apply(elementCommands('add', { id, elements }));
    },
    guard: (links) => apply(guardCommands(id, links)),
  };
}

/** All or nothing is how nft works: one change that is wrong must not take the others with it. */
async function tryTogether(batch: readonly Change[]): Promise<boolean> {
  try {
    await nft(batch);
    for (const { resolve } of batch) resolve();
    return true;
  } catch {
    return false;
  }
}

async function tryAlone(change: Change): Promise<void> {
  await nft([change]).then(change.resolve, change.reject);
}

async function nft(changes: readonly Change[]): Promise<void> {
  await runTool(['nft', '-f', '-'], changes.map(({ commands }) => commands).join(''));
}
