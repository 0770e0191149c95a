/** IP addresses and networks, as patterns compare them: by value, so that two spellings of one address are equal. */
import { isIPv6 } from 'node:net';
import { PatternError } from './error.ts';
import type { Test } from './scalar.ts';

const LOOKS_IPV4 = /^\d+\.\d+\.\d+\.\d+$/;
const LOOKS_IPV6 = /^[0-9a-fA-F:]*:[0-9a-fA-F:]*$/;
const MAPPED = '00000000000000000000ffff';

/** @returns the address as 8 or 32 hexadecimal digits; null when it is none */
export function addressDigits(text: string): string | null {
  if (LOOKS_IPV4.test(text)) return ipv4Digits(text);
  if (!LOOKS_IPV6.test(text) || !isIPv6(text)) return null;
  const [head = '', tail] = text.split('::');
  const before = groups(head);
  const after = tail === undefined ? '' : groups(tail);
  const all = before + after.padStart(32 - before.length, '0');
  return all.startsWith(MAPPED) ? all.slice(MAPPED.length) : all;
}

function ipv4Digits(text: string): string | null {
  const parts = text.split('.').map(Number);
  if (text.length > 15 || parts.some((part) => part > 255)) return null;
  return parts.map((part) => part.toString(16).padStart(2, '0')).join('');
}

function groups(text: string): string {
  if (text === '') return '';
  return text
    .split(':')
    .map((group) => group.padStart(4, '0').toLowerCase())
    .join('');
}

/** @throws {PatternError} if it is not an address, a slash and the number of leading bits */
export function network(cidr: string): Test {
  const parts = cidr.replace(/\/+$/, '').split('/');
  const [address = '', mask = ''] = parts;
  if (parts.length !== 2) throw new PatternError("Malformed CIDR, one '/' required");
  const bits = /^[+-]?\d{1,9}$/.test(mask) ? Number(mask) : null;
  if (bits === null) throw new PatternError('Malformed CIDR, mask bits must be an integer');
  if (bits < 0) throw new PatternError('Malformed CIDR, mask bits must not be negative');
  if (!LOOKS_IPV4.test(address) && !LOOKS_IPV6.test(address)) {
    throw new PatternError(`Nonstandard IP address: ${address}`);
  }
  const digits = addressDigits(address);
  if (digits === null) throw new PatternError(`Invalid IP address: ${address}`);
  const size = digits.length * 4;
  if (bits >= size) throw new PatternError(`${size === 32 ? 'IPv4' : 'IPv6'} mask bits must be < ${size}`);
  const shift = BigInt(size - bits);
  const wanted = BigInt(`0x${digits}`) >> shift;
  return (value) => {
    const found = typeof value === 'string' ? addressDigits(value) : null;
    return found !== null && found.length === digits.length && BigInt(`0x${found}`) >> shift === wanted;
  };
}
