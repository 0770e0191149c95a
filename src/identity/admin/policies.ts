/** Managed policies and their versions. */
import { Fault } from '../../base/index.ts';
import { LIMITS } from '../../model/index.ts';
import { AWS_POLICIES } from '../aws-policies.ts';
import { type ManagedPolicy, newId, type PolicyVersion, policyArn, type Tags } from '../entities.ts';
import { policyOf } from '../policy/cache.ts';
import {
  type AdminParts,
  type Changing,
  exists,
  inUse,
  limitExceeded,
  notFound,
  runChange,
} from './admin.ts';
import { sizeOf, tagged } from './holders.ts';

export interface NewPolicy {
  readonly name: string;
  readonly path?: string | undefined;
  readonly description?: string | undefined;
  readonly document: string;
  readonly tags?: Tags | undefined;
}

export interface PolicyAdmin {
  createPolicy(policy: NewPolicy): Promise<ManagedPolicy>;
  removePolicy(arn: string): Promise<void>;
  addVersion(version: {
    readonly arn: string;
    readonly document: string;
    readonly makeDefault: boolean;
  }): Promise<PolicyVersion>;
  removeVersion(version: { readonly arn: string; readonly id: string }): Promise<void>;
  setDefaultVersion(version: { readonly arn: string; readonly id: string }): Promise<void>;
  setPolicyTags(
    arn: string,
    change: { readonly set?: Tags; readonly remove?: readonly string[] },
  ): Promise<void>;
}

export function policyAdmin(parts: AdminParts): PolicyAdmin {
  const edit = <T>(arn: string, change: (policy: ManagedPolicy) => { next: ManagedPolicy; result: T }) =>
    runChange(parts, async (changing) => {
      const { next, result } = change(await need(changing, arn));
      await changing.put('policy', next);
      return result;
    });
  const nothing = (next: ManagedPolicy) => ({ next, result: undefined });
  return {
    createPolicy: (policy) => createPolicy(parts, policy),
    removePolicy: (arn) => removePolicy(parts, arn),
    addVersion: async ({ arn, ...version }) => {
      checkDocument(version.document);
      const createdAtMs = now(parts);
      return edit(arn, (policy) => withVersion(policy, { ...version, createdAtMs }));
    },
    removeVersion: ({ arn, id }) => edit(arn, (policy) => nothing(withoutVersion(policy, arn, id))),
    setDefaultVersion: ({ arn, id }) =>
      edit(arn, (policy) => {
        needVersion(policy, arn, id);
        return nothing({ ...policy, defaultVersion: id, updatedAtMs: now(parts) });
      }),
    setPolicyTags: (arn, { set = {}, remove = [] }) =>
      edit(arn, (policy) => nothing({ ...policy, tags: tagged(policy.tags, { set, remove }) })),
  };
}

async function createPolicy(parts: AdminParts, given: NewPolicy): Promise<ManagedPolicy> {
  checkDocument(given.document);
  return await runChange(parts, async (changing) => {
    const { name, path = '/', description = '', document, tags = {} } = given;
    if (await changing.has('policy', name)) {
      throw exists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
    }
    if ((await changing.count('policy')) >= LIMITS.policies) {
      throw limitExceeded(`Cannot exceed quota for PoliciesPerAccount: ${LIMITS.policies}`);
    }
    const createdAtMs = now(parts);
    const policy: ManagedPolicy = {
      ...{ name, path, description, id: newId('ANPA'), createdAtMs, updatedAtMs: createdAtMs },
      ...{ tags: tagged({}, { set: tags, remove: [] }), versions: [{ id: 'v1', document, createdAtMs }] },
      ...{ defaultVersion: 'v1', nextVersion: 2 },
    };
    await changing.put('policy', policy);
    return policy;
  });
}

function removePolicy(parts: AdminParts, arn: string): Promise<void> {
  return runChange(parts, async (changing) => {
    const policy = await need(changing, arn);
    if ((await changing.holders(arn)) > 0) throw inUse('Cannot delete a policy attached to entities.');
    if (policy.versions.length > 1) {
      throw inUse(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
      );
    }
    await changing.remove('policy', policy.name);
  });
}

/** @throws {Fault} `identity-not-found`; `identity-protected` for AWS's own */
async function need(changing: Changing, arn: string): Promise<ManagedPolicy> {
  if (AWS_POLICIES.has(arn)) {
    throw new Fault('identity-protected', `Policy ${arn} is managed by AWS and cannot be changed.`);
  }
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  if (await changing.has('policy', name)) {
    const policy = await changing.need('policy', name);
    if (policyArn(policy) === arn) return policy;
  }
  throw notFound(`Policy ${arn} was not found.`);
}

function withVersion(
  policy: ManagedPolicy,
  given: { readonly document: string; readonly makeDefault: boolean; readonly createdAtMs: number },
): { next: ManagedPolicy; result: PolicyVersion } {
  if (policy.versions.length >= LIMITS.policyVersions) {
    throw limitExceeded(
      `A managed policy can have up to ${LIMITS.policyVersions} versions. Before you create a new version, you must delete an existing version.`,
    );
  }
  const { document, createdAtMs, makeDefault } = given;
  const result = { id: `v${policy.nextVersion}`, document, createdAtMs };
  const next = {
    ...policy,
    ...{
      versions: [...policy.versions, result],
      nextVersion: policy.nextVersion + 1,
      updatedAtMs: createdAtMs,
    },
    defaultVersion: makeDefault ? result.id : policy.defaultVersion,
  };
  return { next, result };
}

function withoutVersion(policy: ManagedPolicy, arn: string, id: string): ManagedPolicy {
  needVersion(policy, arn, id);
  if (policy.defaultVersion === id) throw inUse('Cannot delete the default version of a policy.');
  return { ...policy, versions: policy.versions.filter((version) => version.id !== id) };
}

function needVersion(policy: ManagedPolicy, arn: string, id: string): void {
  if (policy.versions.some((version) => version.id === id)) return;
  throw notFound(`Policy ${arn} version ${id} does not exist or is not attachable.`);
}

function checkDocument(document: string): void {
  if (sizeOf(document) > LIMITS.managedPolicyCharacters) {
    throw limitExceeded(`Cannot exceed quota for PolicySize: ${LIMITS.managedPolicyCharacters}`);
  }
  policyOf(document, 'identity');
}

function now({ clock }: AdminParts): number {
  return Math.floor(clock.wallMs() / 1_000) * 1_000;
}
