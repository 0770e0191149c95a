import { type Alias, type FunctionEntry, LIVE, provisionedAt, type Version } from '../model/index.ts';
import type { Snapshot } from './snapshot.ts';

/** A version that is in use by a name, and how many of its instances are to stand ready. */
export interface FollowedVersion {
  readonly version: Version;
  readonly provisioned: number;
}

/**
 * What names point at, with the live ones first: they get the blanks.
 *
 * @param nowMs wall ms: how many are to stand ready may depend on the time
 */
export function followedVersions(snapshot: Pick<Snapshot, 'functions'>, nowMs: number): FollowedVersion[] {
  const live: FollowedVersion[] = [];
  const others: FollowedVersion[] = [];
  for (const entry of snapshot.functions.values()) {
    const [first, ...rest] = followedOf(entry, nowMs);
    if (first !== undefined) live.push(first);
    others.push(...rest);
  }
  return [...live, ...others];
}

/** Of one function: what callers without a qualifier get comes first. */
export function followedOf(entry: FunctionEntry, nowMs: number): FollowedVersion[] {
  return [...wantedByVersion(entry, nowMs)].flatMap(([number, provisioned]) => {
    const version = number === 0 ? entry.latest : entry.versions.get(number);
    return version === undefined ? [] : [{ version, provisioned }];
  });
}

function wantedByVersion({ aliases, provisioned }: FunctionEntry, nowMs: number): Map<number, number> {
  const live = aliases.get(LIVE);
  const wanted = new Map<number, number>([[live?.version ?? 0, 0]]);
  const add = (number: number, count: number) => wanted.set(number, (wanted.get(number) ?? 0) + count);
  for (const alias of aliases.values()) {
    const { count } = provisionedAt(alias, nowMs);
    for (const [number, share] of shares(alias, count)) add(number, share);
  }
  for (const [number, count] of provisioned) add(number, count);
  add(0, 0);
  return wanted;
}

/** An alias's instances, by the weight of its versions; each that gets calls has one at least. */
function shares({ version, second }: Alias, provisioned: number): [number, number][] {
  if (second === null) return [[version, provisioned]];
  const least = Math.min(1, provisioned);
  const most = provisioned - (second.weight < 1 && provisioned > 1 ? 1 : 0);
  const ofSecond =
    second.weight === 0 ? 0 : Math.min(most, Math.max(least, Math.round(provisioned * second.weight)));
  return [
    [version, provisioned - ofSecond],
    [second.version, ofSecond],
  ];
}
