/** Pages of lists: `Marker` goes in, `NextMarker` comes out, opaque to callers. */
import { invalid } from './target.ts';

export interface PageWanted {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** To be spread into the answer. */
  readonly more: { readonly NextMarker?: string };
}

/** What AWS gives where nothing is said, and at most. */
export const PAGE_ITEMS = 50;

/** @param keyOf a key by which the list is sorted, each its own */
export function pageOf<Item>(
  list: readonly Item[],
  { Marker, MaxItems = PAGE_ITEMS }: PageWanted,
  keyOf: (item: Item) => string,
): Page<Item> {
  const after = Marker === undefined ? null : readMarker(Marker);
  const from = after === null ? 0 : list.findIndex((item) => keyOf(item) > after);
  if (from === -1) return { items: [], more: {} };
  const items = list.slice(from, from + MaxItems);
  const last = items.at(-1);
  const ended = from + items.length >= list.length || last === undefined;
  return { items, more: ended ? {} : writeMarker(keyOf(last)) };
}

/** Where a store's page goes on. */
export function writeMarker(next: string | null): { readonly NextMarker?: string } {
  return next === null ? {} : { NextMarker: Buffer.from(`1:${next}`).toString('base64url') };
}

/** @throws {AwsError} when it is none of ours */
export function readMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64url').toString('utf8');
  if (text.startsWith('1:')) return text.slice(2);
  throw invalid('The provided marker is invalid.');
}

/** @returns what a store is asked for */
export function limits({ Marker, MaxItems = PAGE_ITEMS }: PageWanted): {
  readonly marker: string | null;
  readonly limit: number;
} {
  return { marker: Marker === undefined ? null : readMarker(Marker), limit: Math.min(MaxItems, PAGE_ITEMS) };
}
