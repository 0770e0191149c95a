import { type Alias, type FunctionEntry, LIVE, type Version } from '../model/index.ts';
import type { Snapshot } from './snapshot.ts';

/** A version that is in use by a name, and how many of its instances are to stand ready. */
export interface FollowedVersion {
  readonly version: Version;
  readonly provisioned: number;
}

/** What names point at, with the live ones first: they get the blanks. */
export function followedVersions(snapshot: Pick<Snapshot, 'functions'>): FollowedVersion[] {
  const live: FollowedVersion[] = [];
  const others: FollowedVersion[] = [];
  for (const entry of snapshot.functions.values()) {
    const [first, ...rest] = followedOf(entry);
    if (first !== undefined) live.push(first);
    others.push(...rest);
  }
  return [...live, ...others];
}

/** Of one function: what callers without a qualifier get comes first. */
export function followedOf(entry: FunctionEntry): FollowedVersion[] {
  return [...wantedByVersion(entry)].flatMap(([number, provisioned]) => {
    const version = number === 0 ? entry.latest : entry.versions.get(number);
    return version === undefined ? [] : [{ version, provisioned }];
  });
}

function wantedByVersion({ aliases, provisioned }: FunctionEntry): Map<number, number> {
  const live = aliases.get(LIVE);
  const wanted = new Map<number, number>([[live?.version ?? 0, 0]]);
  const add = (number: number, count: number) => wanted.set(number, (wanted.get(number) ?? 0) + count);
  for (const alias of aliases.values()) for (const [number, count] of shares(alias)) add(number, count);
  for (const [number, count] of provisioned) add(number, count);
  add(0, 0);
  return wanted;
}

/** An alias's instances, by the weight of its versions; each that gets calls has one at least. */
function shares({ version, second, provisioned }: Alias): [number, number][] {
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
