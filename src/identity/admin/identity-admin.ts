import { AWS_POLICIES } from '../aws-policies.ts';
import type { ManagedPolicy, Role, User } from '../entities.ts';
import { findFunctionRole, listFunctionRoles } from '../function-roles.ts';
import { type AdminParts, notFound } from './admin.ts';
import { type HolderAdmin, holderAdmin } from './holders.ts';
import { type KeyAdmin, keyAdmin } from './keys.ts';
import { type PolicyAdmin, policyAdmin } from './policies.ts';

/** Everything that IAM's API does: changes through the database, answers from memory. */
export interface IdentityAdmin extends HolderAdmin, KeyAdmin, PolicyAdmin {
  /** @throws {Fault} `identity-not-found` */
  user(name: string): User;
  /** @throws {Fault} `identity-not-found` */
  role(name: string): Role;
  /** @throws {Fault} `identity-not-found` */
  policy(arn: string): ManagedPolicy;
  /** By name. */
  users(): User[];
  /** With the functions' own, by name. */
  roles(): Role[];
  /** AWS's and the account's, each with its ARN, by name. */
  policies(scope: 'All' | 'AWS' | 'Local'): { arn: string; policy: ManagedPolicy }[];
  /** The user of an access key; null: there is no such key. */
  ownerOf(accessKeyId: string): User | null;
  /** As `ownerOf`. @throws {Fault} `identity-not-found` */
  owner(accessKeyId: string): User;
  /** Users and roles that have a managed policy attached. */
  holdersOf(arn: string): { users: User[]; roles: Role[] };
}

export function createIdentityAdmin(parts: AdminParts): IdentityAdmin {
  const { directory, functions } = parts;
  const byName = <T extends { name: string }>(list: Iterable<T>) =>
    [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    ...holderAdmin(parts),
    ...keyAdmin(parts),
    ...policyAdmin(parts),
    user(name) {
      const user = directory.users.get(name.toLowerCase());
      if (user === undefined) throw notFound(`The user with name ${name} cannot be found.`);
      return user;
    },
    role(name) {
      const role = directory.roles.get(name.toLowerCase()) ?? findFunctionRole(functions, name);
      if (role === null) throw notFound(`The role with name ${name} cannot be found.`);
      return role;
    },
    policy(arn) {
      const policy = AWS_POLICIES.get(arn) ?? directory.policiesByArn.get(arn);
      if (policy === undefined) throw notFound(`Policy ${arn} was not found.`);
      return policy;
    },
    users: () => byName(directory.users.values()),
    roles: () => byName([...directory.roles.values(), ...listFunctionRoles(functions)]),
    policies(scope) {
      const all = [
        ...(scope === 'Local' ? [] : AWS_POLICIES),
        ...(scope === 'AWS' ? [] : directory.policiesByArn),
      ];
      return byName(all.map(([arn, policy]) => ({ arn, policy, name: policy.name })));
    },
    ownerOf: (accessKeyId) => directory.keys.get(accessKeyId)?.user ?? null,
    owner(accessKeyId) {
      const user = directory.keys.get(accessKeyId)?.user;
      if (user === undefined) throw notFound(`The Access Key with id ${accessKeyId} cannot be found.`);
      return user;
    },
    holdersOf: (arn) => ({
      users: byName(directory.users.values()).filter((user) => user.attached.includes(arn)),
      roles: byName(directory.roles.values()).filter((role) => role.attached.includes(arn)),
    }),
  };
}
