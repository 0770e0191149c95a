/**
 * Firewalls of the machine that are not ours. What one table accepts another may still drop, so that
 * rules which drop by default (Docker's FORWARD, ufw's INPUT) can cut sandboxes off. Looked at, never changed.
 */
import { execFileSync } from 'node:child_process';

const PATIENCE_MS = 5_000;

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}

/** @returns chains of others that drop by default what sandboxes send: `ip filter FORWARD`; none where nft cannot be asked */
export function droppingChains(): string[] {
  try {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
    const words = ['-j', 'list', 'chains'];
    return droppingIn(
      execFileSync('nft', words, { env, encoding: 'utf8', timeout: PATIENCE_MS, stdio: 'pipe' }),
    );
  } catch {
    return [];
  }
}

/** @param listing what `nft -j list chains` prints */
export function droppingIn(listing: string): string[] {
  const { nftables } = JSON.parse(listing) as { nftables: readonly { chain?: Chain }[] };
  return nftables.flatMap(({ chain }) => {
    const isTheirs = chain !== undefined && !chain.table.startsWith('skein-') && chain.policy === 'drop';
    const concerns = isTheirs && ['ip', 'inet'].includes(chain.family);
    return concerns && (chain.hook === 'forward' || chain.hook === 'input')
      ? [`${chain.family} ${chain.table} ${chain.name}`]
      : [];
  });
}
