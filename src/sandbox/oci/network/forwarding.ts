/**
 * IPv4 forwarding on the uplink: answers from the internet come in there and go on to a sandbox.
 *
 * Owns   that setting of the interfaces of default routes, where the machine as a whole forwards nothing.
 *        Noted in a file for each, so that it is set back by whichever node of the machine ends last, or by
 *        the next one where that was killed.
 * Never  changes a machine that forwards by its own will, and never makes one a router for others: what
 *        comes in by an interface that was changed goes to sandboxes only, by a rule of the firewall.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Forgotten when the machine is started anew, as the settings are. */
const NOTES = '/run/skein/forwarding';
const SETTINGS = '/proc/sys/net/ipv4';
/** As wide as an Ethernet without extras. */
const USUAL_MTU = 1_500;

/** @returns the interfaces that forward only because of us */
export function allowForwarding(): string[] {
  if (read(join(SETTINGS, 'ip_forward')) === '1') return [];
  for (const link of uplinks()) {
    if (read(setting(link)) !== '0') continue;
    mkdirSync(NOTES, { recursive: true });
    writeFileSync(join(NOTES, link), ''); // first: a note too many does no harm
    writeFileSync(setting(link), '1');
  }
  return noted();
}

/** Sets back what was changed, unless another node of the machine needs it. Never fails. */
export function endForwarding(): void {
  if (readdirSync('/sys/class/net').some((name) => /^sk[0-9a-f]{6}$/.test(name))) return;
  const routes = read(join(SETTINGS, 'ip_forward')) === '1'; // somebody has made it a router since
  for (const link of noted()) {
    if (!routes && read(setting(link)) === '1') writeFileSync(setting(link), '0');
    rmSync(join(NOTES, link), { force: true });
  }
}

/** What fits through every uplink in one piece, so that no packet of a sandbox is ever too long for it. */
export function uplinkMtu(): number {
  const widths = uplinks().map((link) => Number(read(`/sys/class/net/${link}/mtu`)));
  return Math.min(USUAL_MTU, ...widths.filter((width) => width > 0));
}

/** Interfaces of default routes. */
function uplinks(): string[] {
  const lines = readFileSync('/proc/net/route', 'latin1').split('\n').slice(1);
  const links = lines.map((line) => line.split('\t')).filter(([, destination]) => destination === '00000000');
  return [...new Set(links.map(([link = '']) => link))];
}

function noted(): string[] {
  try {
    return readdirSync(NOTES);
  } catch {
    return []; // nothing was ever changed
  }
}

const setting = (link: string): string => join(SETTINGS, 'conf', link, 'forwarding');

/** @returns nothing for an interface that has gone */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return '';
  }
}
