/** `egress`: where a function's code may connect to, as a manifest writes it and as JSON carries it. */
import { isIPv4 } from 'node:net';
import { type Egress, LIMITS } from '../model/index.ts';
import { nearest } from './nearest.ts';
import { below, isMap, kindOf, type Rule, report, type Spot, shown } from './rules.ts';

type List = Extract<Egress, { mode: 'list' }>;
type Entry = List['cidrs'][number] | List['names'][number];

/** What a function has that says nothing. */
export const PUBLIC: Egress = { mode: 'public' };

const MODES = ['public', 'none', 'all'] as const;
const EXAMPLE = '[ "api.example.com:443", "10.1.0.0/16" ]';

/** Stands in for what was refused; never used. */
const REFUSED: Egress = { mode: 'none' };

const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** As a manifest has it: a word, or a list of places. */
export const egress: Rule<Egress> = {
  schema: {
    oneOf: [
      { enum: MODES },
      {
        type: 'array',
        items: { type: 'string', examples: ['api.example.com:443', '10.1.0.0/16', '10.1.0.0/16:5432'] },
        minItems: 1,
        maxItems: LIMITS.egressEntries,
      },
    ],
  },
  read(value, spot) {
    if (Array.isArray(value)) return readList(value, spot);
    const mode = MODES.find((word) => word === value);
    if (mode !== undefined) return { mode };
    const allowed = `${MODES.join(', ')}, or a list`;
    if (typeof value !== 'string') {
      report(spot, `must be one of ${allowed}, was ${kindOf(value)}`);
    } else if (/[.:/]/.test(value)) {
      report(spot, `${shown(value)} is one entry; write it as a list: [ ${shown(value)} ]`);
    } else {
      const meant = nearest(value, MODES);
      const hint = meant === null ? `write a list such as ${EXAMPLE}` : `did you mean \`${meant}\`?`;
      report(spot, `unknown egress ${shown(value)}; allowed: ${allowed}; ${hint}`);
    }
    return REFUSED;
  },
};

/** As the JSON of an app has it: what the rule for manifests makes, held to the same. */
export const egressObject: Rule<Egress> = {
  schema: { type: 'object', required: ['mode'] },
  read(value, spot) {
    const given = isMap(value) ? value : {};
    const mode = MODES.find((word) => word === given.mode);
    if (mode !== undefined) return { mode };
    if (given.mode !== 'list' || !Array.isArray(given.cidrs) || !Array.isArray(given.names)) {
      report(
        spot,
        `must be {"mode"}: ${MODES.join(', ')}, or list with "cidrs" and "names"; was ${kindOf(value)}`,
      );
      return REFUSED;
    }
    return readList([...given.cidrs, ...given.names].map(writtenBack), spot);
  },
};

/** An entry as a manifest would have it; anything else as it is, to be refused. */
function writtenBack(entry: unknown): unknown {
  if (!isMap(entry)) return entry;
  const place = entry.cidr ?? entry.host;
  if (typeof place !== 'string') return entry;
  return entry.port === null || entry.port === undefined ? place : `${place}:${entry.port}`;
}

function readList(values: readonly unknown[], spot: Spot): Egress {
  const { egressEntries: max } = LIMITS;
  if (values.length === 0) report(spot, 'is an empty list; write `none` if nothing is to be reached');
  if (values.length > max) report(spot, `has ${values.length} entries; at most ${max} are allowed`);
  if (values.length === 0 || values.length > max) return REFUSED;
  const seen = new Set<string>();
  const cidrs: List['cidrs'][number][] = [];
  const names: List['names'][number][] = [];
  values.forEach((value, index) => {
    const entry = readEntry(value, below(spot, index));
    if (entry === null) return;
    const key = JSON.stringify(entry);
    if (seen.has(key)) report(below(spot, index), `${shown(value)} is there twice`);
    seen.add(key);
    if ('cidr' in entry) cidrs.push(entry);
    else names.push(entry);
  });
  return { mode: 'list', cidrs, names };
}

function readEntry(value: unknown, spot: Spot): Entry | null {
  const found = typeof value === 'string' ? parse(value) : `must be a text, was ${kindOf(value)}`;
  if (typeof found !== 'string') return found;
  report(spot, found);
  return null;
}

/** @returns the entry, or in a sentence what is wrong with it */
function parse(written: string): Entry | string {
  if (written.includes('://')) return `${shown(written)} has a scheme; write only the host and its port`;
  if (written.split(':').length > 2) return `${shown(written)} looks like IPv6, which sandboxes do not have`;
  const [place = '', digits] = written.split(':');
  const port = digits === undefined ? null : Number(digits);
  if (port !== null && !(/^[1-9]\d{0,4}$/.test(digits ?? '') && port <= 65_535)) {
    return `${shown(written)} needs a port from 1 to 65535 after its colon`;
  }
  return /^[\d.]+$/.test(place) || place.includes('/') ? parseNetwork(place, port) : parseName(place, port);
}

function parseNetwork(place: string, port: number | null): Entry | string {
  const [address = '', prefix = '32', more] = place.split('/');
  const bits = Number(prefix);
  if (!isIPv4(address) || more !== undefined || !/^\d{1,2}$/.test(prefix) || bits > 32) {
    return `${shown(place)} is not an IPv4 network such as 10.1.0.0/16`;
  }
  const given = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const first = given - (given % 2 ** (32 - bits));
  const cidr = `${[24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join('.')}/${bits}`;
  if (first !== given) return `${shown(place)} is not the first of its network; write ${cidr}`;
  return isClosed(first, bits) ? `${shown(place)} is reached by no function` : { cidr, port };
}

/** Wholly within this machine, link-local (metadata servers), multicast or what is reserved. */
function isClosed(first: number, bits: number): boolean {
  const byte = first >>> 24;
  if (bits >= 16 && first >>> 16 === 0xa9fe) return true;
  return bits >= 8 ? byte === 0 || byte === 127 || byte >= 224 : bits >= 3 && byte >= 224;
}

function parseName(place: string, port: number | null): Entry | string {
  if (place.includes('*')) return `${shown(place)} is a wildcard; write every name`;
  const host = place.toLowerCase();
  if (host.length > 253) return `${shown(place)} is too long: no host name is longer than 253 characters`;
  if (!host.includes('.') || host.endsWith('.internal') || host.endsWith('.localhost')) {
    return `${shown(place)} is not a name of the internet such as api.example.com`;
  }
  if (!HOST.test(host)) return `${shown(place)} is neither a host name such as api.example.com nor a network`;
  return port === null ? `${shown(place)} needs a port, such as ${host}:443` : { host, port };
}
