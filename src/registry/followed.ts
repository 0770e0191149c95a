import { LIVE, type Version } from '../model/index.ts';
import type { Snapshot } from './snapshot.ts';

/** A version that an alias points at, and how many of its instances are to stand ready. */
export interface FollowedVersion {
  readonly version: Version;
  readonly provisioned: number;
}

/** What names point at, with the live ones first: they get the blanks, and what is provisioned. */
export function followedVersions(snapshot: Snapshot): FollowedVersion[] {
  const live: FollowedVersion[] = [];
  const others: FollowedVersion[] = [];
  for (const { aliases, versions, provisioned } of snapshot.functions.values()) {
    for (const [alias, number] of aliases) {
      const version = versions.get(number);
      if (version === undefined) continue;
      if (alias === LIVE) live.push({ version, provisioned });
      else if (number !== aliases.get(LIVE)) others.push({ version, provisioned: 0 });
    }
  }
  return [...live, ...others];
}
