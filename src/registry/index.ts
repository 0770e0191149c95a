export { type FollowedVersion, followedOf, followedVersions } from './followed.ts';
export { ProvisionedAgenda } from './provisioned-agenda.ts';
export { createRegistry, type Registry, type RegistryOptions } from './registry.ts';
export type { Snapshot } from './snapshot.ts';
export type { StoredConfiguration } from './snapshot-of.ts';
