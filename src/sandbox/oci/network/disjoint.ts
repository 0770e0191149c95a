/** Networks of a list as the kernel's set takes them: it refuses ranges that overlap. No I/O. */
import type { Egress } from '../../../model/index.ts';
import { within } from './addresses.ts';

type Networks = Extract<Egress, { mode: 'list' }>['cidrs'];

const LAST_PORT = 65_535;

/**
 * The same networks and ports without overlaps. Two networks are apart, or one lies in the other; then
 * the inner one keeps the ports that the outer one does not open.
 *
 * @returns `ports` as nft writes them: `80`, `0-65535`
 */
export function disjoint(networks: Networks): readonly { readonly cidr: string; readonly ports: string }[] {
  return [...Map.groupBy(networks, ({ cidr }) => cidr)].flatMap(([cidr, same]) => {
    const around = networks.filter((other) => other.cidr !== cidr && within(cidr, other.cidr));
    const opened = new Set(around.map(({ port }) => port));
    if (opened.has(null)) return [];
    const own = new Set(same.map(({ port }) => port));
    const ports = own.has(null) ? allBut(opened) : [...own.difference(opened)].map(String);
    return ports.map((range) => ({ cidr, ports: range }));
  });
}

/** @param ports without null */
function allBut(ports: ReadonlySet<number | null>): string[] {
  const ranges: string[] = [];
  let first = 0;
  for (const port of [...ports].map(Number).toSorted((a, b) => a - b)) {
    if (port > first) ranges.push(`${first}-${port - 1}`);
    first = port + 1;
  }
  return first <= LAST_PORT ? [...ranges, `${first}-${LAST_PORT}`] : ranges;
}
