/** The forms of option values. Each parser names the option, the value and what is allowed. */
import { isIP, isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { Fault, WEATHER, type WeatherKind } from '../base/index.ts';

/** A value and where it came from: `--gateway`, `SKEIN_GATEWAY`. */
export interface Given {
  readonly name: string;
  readonly value: string;
}

export interface Address {
  /** Host name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

interface Range {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

/** `127.0.0.1:8080`, `[::1]:8080`, `localhost:0` */
export function parseAddress(given: Given | null, fallback: Address): Address {
  if (given === null) return fallback;
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[A-Za-z0-9.-]+)):(?<port>\d{1,5})$/.exec(given.value);
  const host = match?.groups?.v6 ?? match?.groups?.host;
  const port = Number(match?.groups?.port);
  const bracketsFit = match?.groups?.v6 === undefined || isIP(match.groups.v6) === 6;
  if (host === undefined || !bracketsFit || !(port <= 65_535)) {
    throw invalid(given, 'HOST:PORT with a port from 0 (any free one) to 65535, such as 127.0.0.1:8080');
  }
  return { host, port };
}

export function parseCount(given: Given | null, range: Range): number {
  if (given === null) return range.default;
  const count = /^\d{1,9}$/.test(given.value) ? Number(given.value) : Number.NaN;
  if (!(count >= range.min && count <= range.max)) {
    throw invalid(given, `a whole number from ${range.min} to ${range.max}`);
  }
  return count;
}

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** `500ms`, `30s`, `5m`. @returns milliseconds */
export function parseDuration(given: Given | null, range: Range): number {
  if (given === null) return range.default;
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(given.value);
  const ms = match === null ? Number.NaN : Number(match[1]) * UNITS_MS[match[2] as keyof typeof UNITS_MS];
  if (!(ms >= range.min && ms <= range.max)) {
    throw invalid(given, `a duration from ${range.min}ms to ${range.max / 1_000}s, such as 30s, 500ms or 5m`);
  }
  return ms;
}

/** `512MB`, `2GB`. @returns MB of 2^20 bytes; null: it was not given */
export function parseSizeMb(given: Given | null): number | null {
  if (given === null) return null;
  const match = /^(\d{1,7})(MB|GB)$/.exec(given.value);
  if (match === null) throw invalid(given, 'a size such as 512MB or 2GB');
  return Number(match[1]) * (match[2] === 'GB' ? 1_024 : 1);
}

export function parseChoice<const T extends string>(
  given: Given | null,
  choices: readonly T[],
  fallback: T,
): T {
  if (given === null) return fallback;
  const choice = choices.find((candidate) => candidate === given.value);
  if (choice === undefined) throw invalid(given, choices.map((candidate) => `"${candidate}"`).join(' or '));
  return choice;
}

/** `all:7`, `delay,crash`: kinds of faults and, after a colon, the seed that decides when they strike. */
export function parseWeather(
  given: Given | null,
): { readonly kinds: readonly WeatherKind[]; readonly seed: number | null } | null {
  if (given === null) return null;
  const all = Object.keys(WEATHER) as WeatherKind[];
  const [names = '', seed = null, ...rest] = given.value.split(':');
  const kinds = names === 'all' ? all : all.filter((kind) => names.split(',').includes(kind));
  const known = names === 'all' || names.split(',').every((name) => name in WEATHER);
  if (!known || rest.length > 0 || (seed !== null && !/^\d{1,9}$/.test(seed)))
    throw invalid(given, `all or some of ${all.join(',')}, with a seed if you like, such as all:7`);
  return { kinds, seed: seed === null ? null : Number(seed) };
}

export function parseDomain(given: Given | null, fallback: string): string {
  if (given === null) return fallback;
  const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
  const domain = given.value.toLowerCase();
  if (domain.length > 180 || !new RegExp(`^${label}(?:\\.${label})*$`).test(domain) || isIPv4(domain)) {
    throw invalid(given, 'a domain name, such as localhost or functions.example.com');
  }
  return domain;
}

export function parseDatabaseUrl(given: Given | null): string | null {
  if (given === null) return null;
  const url = URL.parse(given.value);
  if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    // The value may hold a password: it is not repeated.
    throw new Fault(
      'option-invalid',
      `${given.name} is not a PostgreSQL URL. Allowed: postgres://user:password@host:5432/database`,
      { facts: { option: given.name } },
    );
  }
  return given.value;
}

export function parseCidrs(given: Given | null): readonly string[] {
  if (given === null) return [];
  const cidrs = given.value.split(',').map((cidr) => cidr.trim());
  for (const cidr of cidrs) {
    const [address = '', bits] = cidr.split('/');
    const family = isIP(address);
    const widest = family === 4 ? 32 : 128;
    const bitsFit = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= widest);
    if (family === 0 || !bitsFit || cidr.split('/').length > 2) {
      throw invalid(given, 'networks as CIDR, comma-separated, such as 10.0.0.0/8,fd00::/8');
    }
  }
  return Object.freeze(cidrs);
}

export function parsePath(given: Given): string {
  if (given.value === '') throw invalid(given, 'the path of a file');
  return resolve(given.value);
}

/** The name of a program, to be looked for, or its path. */
export function parseProgram(given: Given | null, fallback: string): string {
  if (given === null) return fallback;
  if (!/^[\w.+/-]+$/.test(given.value)) throw invalid(given, 'the name of a program or its path');
  return given.value.includes('/') ? resolve(given.value) : given.value;
}

/** Keys of 32 bytes in base64 or hex, comma-separated; what is wrong is not repeated. */
export function parseKeys(given: Given): readonly Uint8Array[] {
  if (given.value === '') return [];
  return given.value.split(',').map((text) => {
    const key = Buffer.from(text.trim(), /^[0-9a-f]{64}$/i.test(text.trim()) ? 'hex' : 'base64');
    if (key.length === 32) return key;
    throw new Fault(
      'option-invalid',
      `${given.name} is not a key, or a list of keys separated by commas. Allowed: 32 bytes in base64 or hex, as "openssl rand -base64 32" makes them.`,
      { facts: { option: given.name } },
    );
  });
}

function invalid(given: Given, allowed: string): Fault {
  return new Fault('option-invalid', `${given.name} "${given.value}" is not valid. Allowed: ${allowed}.`, {
    facts: { option: given.name, value: given.value },
  });
}
