/** Users and roles: made, changed, deleted; policies put on them and taken off; their tags. */
import { Fault } from '../../base/index.ts';
import { LIMITS } from '../../model/index.ts';
import { AWS_POLICIES } from '../aws-policies.ts';
import { type Holder, newId, policyArn, type Role, type Tags, type User } from '../entities.ts';
import { policyOf } from '../policy/cache.ts';
import {
  type AdminParts,
  type Changing,
  exists,
  type HolderRef,
  inUse,
  limitExceeded,
  notFound,
  runChange,
} from './admin.ts';

export interface NewUser {
  readonly name: string;
  readonly path?: string | undefined;
  readonly tags?: Tags | undefined;
}

export interface NewRole extends NewUser {
  readonly trust: string;
  readonly description?: string | undefined;
  readonly maxSessionSeconds?: number | undefined;
}

export interface HolderAdmin {
  createUser(user: NewUser): Promise<User>;
  createRole(role: NewRole): Promise<Role>;
  updateRole(change: {
    readonly name: string;
    readonly description?: string | undefined;
    readonly maxSessionSeconds?: number | undefined;
    readonly trust?: string | undefined;
  }): Promise<Role>;
  removeHolder(ref: HolderRef): Promise<void>;
  putInline(ref: HolderRef, policy: { readonly name: string; readonly document: string }): Promise<void>;
  removeInline(ref: HolderRef, policyName: string): Promise<void>;
  attach(ref: HolderRef, arn: string): Promise<void>;
  detach(ref: HolderRef, arn: string): Promise<void>;
  setTags(
    ref: HolderRef,
    change: { readonly set?: Tags; readonly remove?: readonly string[] },
  ): Promise<void>;
}

export function holderAdmin(parts: AdminParts): HolderAdmin {
  const edit = (ref: HolderRef, change: (holder: Holder) => Partial<Holder>) =>
    runChange(parts, async (changing) => {
      const holder = await changing.need(ref.kind, ref.name);
      await changing.put(ref.kind, { ...holder, ...change(holder) } as never);
    });
  return {
    createUser: (user) => createUser(parts, user),
    createRole: (role) => createRole(parts, role),
    updateRole: (change) => updateRole(parts, change),
    removeHolder: (ref) => removeHolder(parts, ref),
    putInline: (ref, policy) => edit(ref, (holder) => withInline(holder, ref, policy)),
    removeInline: (ref, policyName) => edit(ref, (holder) => withoutInline(holder, ref, policyName)),
    attach: (ref, arn) => attach(parts, ref, arn),
    detach: (ref, arn) =>
      edit(ref, (holder) => {
        if (!holder.attached.includes(arn)) throw notFound(`Policy ${arn} was not found.`);
        return { attached: holder.attached.filter((one) => one !== arn) };
      }),
    setTags: (ref, { set = {}, remove = [] }) =>
      edit(ref, (holder) => ({ tags: tagged(holder.tags, { set, remove }) })),
  };
}

function createUser(parts: AdminParts, given: NewUser): Promise<User> {
  return runChange(parts, async (changing) => {
    if (await changing.has('user', given.name)) throw exists(`User with name ${given.name} already exists.`);
    if ((await changing.count('user')) >= LIMITS.users) {
      throw limitExceeded(`Cannot exceed quota for UsersPerAccount: ${LIMITS.users}`);
    }
    const user: User = { ...blank(parts, given, 'AIDA'), keys: [] };
    await changing.put('user', user);
    return user;
  });
}

async function createRole(parts: AdminParts, given: NewRole): Promise<Role> {
  checkTrust(given.trust);
  return await runChange(parts, async (changing) => {
    if (await changing.has('role', given.name)) throw exists(`Role with name ${given.name} already exists.`);
    if ((await changing.count('role')) >= LIMITS.roles) {
      throw limitExceeded(`Cannot exceed quota for RolesPerAccount: ${LIMITS.roles}`);
    }
    const { trust, description = '', maxSessionSeconds = 3_600 } = given;
    const role: Role = { ...blank(parts, given, 'AROA'), trust, description, maxSessionSeconds };
    await changing.put('role', role);
    return role;
  });
}

function blank({ clock }: AdminParts, { name, path = '/', tags = {} }: NewUser, prefix: string): Holder {
  const createdAtMs = Math.floor(clock.wallMs() / 1_000) * 1_000;
  return {
    ...{ name, path, id: newId(prefix), createdAtMs },
    ...{ tags: tagged({}, { set: tags, remove: [] }), inline: {}, attached: [] },
  };
}

async function updateRole(
  parts: AdminParts,
  { name, ...change }: Parameters<HolderAdmin['updateRole']>[0],
): Promise<Role> {
  if (change.trust !== undefined) checkTrust(change.trust);
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  return runChange(parts, async (changing) => {
    const role: Role = { ...(await changing.need('role', name)), ...given };
    await changing.put('role', role);
    return role;
  });
}

function checkTrust(trust: string): void {
  if (sizeOf(trust) > LIMITS.trustPolicyCharacters) {
    throw limitExceeded(`Cannot exceed quota for ACLSizePerRole: ${LIMITS.trustPolicyCharacters}`);
  }
  policyOf(trust, 'trust');
}

function removeHolder(parts: AdminParts, { kind, name }: HolderRef): Promise<void> {
  return runChange(parts, async (changing) => {
    const holder = await changing.need(kind, name);
    if (holder.attached.length > 0) throw inUse('Cannot delete entity, must detach all policies first.');
    if (Object.keys(holder.inline).length > 0)
      throw inUse('Cannot delete entity, must delete policies first.');
    if ('keys' in holder && holder.keys.length > 0) {
      throw inUse('Cannot delete entity, must delete access keys first.');
    }
    await changing.remove(kind, name);
  });
}

function withInline(
  holder: Holder,
  { kind, name }: HolderRef,
  policy: { readonly name: string; readonly document: string },
): Partial<Holder> {
  policyOf(policy.document, 'identity');
  const inline = { ...holder.inline, [policy.name]: policy.document };
  const most = kind === 'role' ? LIMITS.roleInlineCharacters : LIMITS.userInlineCharacters;
  const size = Object.values(inline).reduce((sum, document) => sum + sizeOf(document), 0);
  if (size > most) throw limitExceeded(`Maximum policy size of ${most} bytes exceeded for ${kind} ${name}`);
  return { inline };
}

function withoutInline(holder: Holder, { kind }: HolderRef, policyName: string): Partial<Holder> {
  if (holder.inline[policyName] === undefined) {
    throw notFound(`The ${kind} policy with name ${policyName} cannot be found.`);
  }
  const { [policyName]: _, ...inline } = holder.inline;
  return { inline };
}

function attach(parts: AdminParts, { kind, name }: HolderRef, arn: string): Promise<void> {
  return runChange(parts, async (changing) => {
    const holder = await changing.need(kind, name);
    if (!(await isPolicy(changing, arn)))
      throw notFound(`Policy ${arn} does not exist or is not attachable.`);
    if (holder.attached.includes(arn)) return;
    if (holder.attached.length >= LIMITS.attachedPolicies) {
      const quota = kind === 'role' ? 'PoliciesPerRole' : 'PoliciesPerUser';
      throw limitExceeded(`Cannot exceed quota for ${quota}: ${LIMITS.attachedPolicies}`);
    }
    await changing.put(kind, { ...holder, attached: [...holder.attached, arn] } as never);
  });
}

async function isPolicy(changing: Changing, arn: string): Promise<boolean> {
  if (AWS_POLICIES.has(arn)) return true;
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  if (!(await changing.has('policy', name))) return false;
  return policyArn(await changing.need('policy', name)) === arn;
}

/** @throws {Fault} `identity-limit`, `parameter-invalid` */
export function tagged(
  tags: Tags,
  { set, remove }: { readonly set: Tags; readonly remove: readonly string[] },
): Tags {
  for (const key of Object.keys(set)) {
    if (!key.toLowerCase().startsWith('aws:')) continue;
    throw new Fault('parameter-invalid', 'The tag key prefix aws: is reserved for AWS use.', {
      facts: { key },
    });
  }
  const next: Record<string, string> = { ...tags, ...set };
  for (const key of remove) delete next[key];
  if (Object.keys(next).length > LIMITS.identityTags) {
    throw limitExceeded(`The number of tags has reached the maximum limit: ${LIMITS.identityTags}.`);
  }
  return next;
}

/** As IAM counts: white space is free. */
export function sizeOf(document: string): number {
  return document.replace(/\s/g, '').length;
}
