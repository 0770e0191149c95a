/** Access keys of users: made, told once, switched off and on, replaced, deleted. */
import { randomBytes } from 'node:crypto';
import { LIMITS } from '../../model/index.ts';
import { keyContext } from '../authority.ts';
import { AWS_POLICIES } from '../aws-policies.ts';
import { type AccessKey, newId, policyArn, type User } from '../entities.ts';
import { type AdminParts, type Changing, limitExceeded, notFound, runChange } from './admin.ts';

export interface MadeKey {
  readonly accessKeyId: string;
  /** Told here and never again: it is kept sealed. */
  readonly secretAccessKey: string;
  readonly userName: string;
  readonly createdAtMs: number;
}

export interface KeyAdmin {
  createKey(userName: string): Promise<MadeKey>;
  /**
   * A key for somebody who may be new here: makes the user where there is none, and attaches managed policies.
   *
   * @param grant.policies ARNs, or names as `AWSLambda_FullAccess`
   * @throws {Fault} `identity-not-found` for an unknown policy; `identity-limit`
   */
  grantKey(grant: { readonly userName: string; readonly policies: readonly string[] }): Promise<MadeKey>;
  /** A new key in place of one; `keep`: beside it, until it is removed. */
  rotateKey(key: { readonly id: string; readonly keep: boolean }): Promise<MadeKey>;
  setKeyActive(key: {
    readonly userName: string;
    readonly id: string;
    readonly active: boolean;
  }): Promise<void>;
  removeKey(key: { readonly userName: string; readonly id: string }): Promise<void>;
  /** Seals anew what is sealed with an older key of the keyring. @returns how many were */
  resealKeys(): Promise<number>;
}

export function keyAdmin(parts: AdminParts): KeyAdmin {
  const edit = (userName: string, id: string, change: (key: AccessKey) => AccessKey | null) =>
    runChange(parts, async (changing) => {
      const user = await changing.need('user', userName);
      if (!user.keys.some((key) => key.id === id)) throw keyMissing(id);
      const keys = user.keys.flatMap((key) => (key.id === id ? (change(key) ?? []) : key));
      await changing.put('user', { ...user, keys });
    });
  return {
    createKey: (userName) =>
      runChange(parts, async (changing) => addKey(parts, changing, await changing.need('user', userName))),
    grantKey: (grant) => grantKey(parts, grant),
    rotateKey: (key) => rotateKey(parts, key),
    setKeyActive: ({ userName, id, active }) => edit(userName, id, (key) => ({ ...key, active })),
    removeKey: ({ userName, id }) => edit(userName, id, () => null),
    resealKeys: () => resealKeys(parts),
  };
}

async function addKey(parts: AdminParts, changing: Changing, user: User): Promise<MadeKey> {
  if (user.keys.length >= LIMITS.accessKeysPerUser) {
    throw limitExceeded(`Cannot exceed quota for AccessKeysPerUser: ${LIMITS.accessKeysPerUser}`);
  }
  const accessKeyId = newId('AKIA');
  const secretAccessKey = randomBytes(30).toString('base64');
  const createdAtMs = Math.floor(parts.clock.wallMs() / 1_000) * 1_000;
  const sealed = parts.keyring().seal(secretAccessKey, keyContext(accessKeyId));
  const key: AccessKey = { id: accessKeyId, sealed, active: true, createdAtMs };
  await changing.put('user', { ...user, keys: [...user.keys, key] });
  return { accessKeyId, secretAccessKey, userName: user.name, createdAtMs };
}

function grantKey(
  parts: AdminParts,
  { userName, policies }: { readonly userName: string; readonly policies: readonly string[] },
): Promise<MadeKey> {
  return runChange(parts, async (changing) => {
    const known = (await changing.has('user', userName)) ? await changing.need('user', userName) : null;
    if (known === null && (await changing.count('user')) >= LIMITS.users) {
      throw limitExceeded(`Cannot exceed quota for UsersPerAccount: ${LIMITS.users}`);
    }
    const user = known ?? newUser(parts, userName);
    const arns = policies.map((policy) => arnOf(parts, policy));
    const attached = [...new Set([...user.attached, ...arns])];
    if (attached.length > LIMITS.attachedPolicies) {
      throw limitExceeded(`Cannot exceed quota for PoliciesPerUser: ${LIMITS.attachedPolicies}`);
    }
    return await addKey(parts, changing, { ...user, attached });
  });
}

function newUser({ clock }: AdminParts, name: string): User {
  const createdAtMs = Math.floor(clock.wallMs() / 1_000) * 1_000;
  const nothing = { tags: {}, inline: {}, attached: [], keys: [] };
  return { name, path: '/', id: newId('AIDA'), createdAtMs, ...nothing };
}

function arnOf({ directory }: AdminParts, policy: string): string {
  if (AWS_POLICIES.has(policy) || directory.policiesByArn.has(policy)) return policy;
  const own = directory.policies.get(policy.toLowerCase());
  if (own !== undefined) return policyArn(own);
  const aws = [...AWS_POLICIES].find(([, { name }]) => name === policy);
  if (aws !== undefined) return aws[0];
  throw notFound(`There is no policy "${policy}". Give its ARN, or a name such as AWSLambda_FullAccess.`);
}

function rotateKey(
  parts: AdminParts,
  { id, keep }: { readonly id: string; readonly keep: boolean },
): Promise<MadeKey> {
  return runChange(parts, async (changing) => {
    const owner = parts.directory.keys.get(id)?.user;
    if (owner === undefined) throw keyMissing(id);
    const user = await changing.need('user', owner.name);
    if (!user.keys.some((key) => key.id === id)) throw keyMissing(id);
    const keys = keep ? user.keys : user.keys.filter((key) => key.id !== id);
    return await addKey(parts, changing, { ...user, keys });
  });
}

async function resealKeys(parts: AdminParts): Promise<number> {
  const ring = parts.keyring();
  const isOld = (user: User) => user.keys.some((key) => !ring.isCurrent(key.sealed));
  const names = [...parts.directory.users.values()].filter(isOld).map((user) => user.name);
  if (names.length === 0) return 0;
  return await runChange(parts, async (changing) => {
    let count = 0;
    for (const name of names) {
      if (!(await changing.has('user', name))) continue;
      const user = await changing.need('user', name);
      const keys = user.keys.map((key) => {
        if (ring.isCurrent(key.sealed)) return key;
        count++;
        const context = keyContext(key.id);
        return { ...key, sealed: ring.seal(ring.open(key.sealed, context), context) };
      });
      await changing.put('user', { ...user, keys });
    }
    return count;
  });
}

function keyMissing(id: string) {
  return notFound(`The Access Key with id ${id} cannot be found.`);
}
