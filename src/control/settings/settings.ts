/**
 * What Lambda's API sets about a function beyond its code: URLs, permissions, what happens to events, tags,
 * the loop guard, runtime updates, scaling. Each verb is one transaction, and answers when this node serves it.
 */
import { Fault } from '../../base/index.ts';
import { compilePolicy } from '../../identity/index.ts';
import { type PolicyStatement, policyDocument, type ResourcePolicy } from '../../model/index.ts';
import type { FunctionSettings, StoredRuntimeManagement, StoredScaling } from '../../store/index.ts';
import { type Grant, grant, replacePolicy, revoke } from '../policy-statements.ts';
import { type EventInvoke, eventInvokeVerbs } from './event-invoke.ts';
import { partsOf, type SettingsOptions, type SettingsParts, type Target } from './parts.ts';
import { type FunctionUrls, functionUrlVerbs } from './urls.ts';

export interface Permissions {
  /** @throws {Fault} `function-not-found`, `version-not-found`, `resource-conflict`, `revision-stale`, `policy-too-large` */
  add(target: Target, wanted: Grant & { readonly revisionId: string | null }): Promise<PolicyStatement>;
  /** @throws {Fault} `function-not-found`, `resource-not-found`, `revision-stale` */
  remove(
    target: Target,
    wanted: { readonly statementId: string; readonly revisionId: string | null },
  ): Promise<void>;
  /**
   * Puts a whole policy in its place.
   *
   * @param wanted.document IAM's language; null: none
   * @throws {Fault} `policy-invalid`, `function-not-found`, `resource-not-found`, `revision-stale`, `policy-too-large`
   */
  replace(
    target: Target,
    wanted: { readonly document: string | null; readonly revisionId: string | null },
  ): Promise<{ readonly policy: string; readonly revisionId: string }>;
  /** @throws {Fault} `function-not-found`, `resource-not-found` when nothing was granted */
  get(target: Target): Promise<{ readonly policy: string; readonly revisionId: string }>;
}

export interface Tagging {
  /** @throws {Fault} `function-not-found` */
  get(name: string): Promise<Readonly<Record<string, string>>>;
  /** @throws {Fault} `function-not-found`, `parameter-invalid` above 50 */
  add(name: string, tags: Readonly<Record<string, string>>): Promise<void>;
  remove(name: string, keys: readonly string[]): Promise<void>;
}

export interface Settings {
  readonly urls: FunctionUrls;
  readonly permissions: Permissions;
  readonly eventInvoke: EventInvoke;
  readonly tags: Tagging;
  /** All of it, as it is stored. @throws {Fault} `function-not-found` */
  all(name: string): Promise<FunctionSettings>;
  setRecursion(name: string, recursion: FunctionSettings['recursion']): Promise<void>;
  setRuntimeManagement(target: Target, wanted: StoredRuntimeManagement): Promise<void>;
  setScaling(target: Target, wanted: StoredScaling): Promise<void>;
  /** @param id of a code signing configuration that exists; null: none */
  setCodeSigning(name: string, id: string | null): Promise<void>;
}

export function createSettings(options: SettingsOptions): Settings {
  const parts = partsOf(options);
  const keyed =
    <Key extends 'runtimeManagement' | 'scaling'>(key: Key) =>
    (target: Target, wanted: FunctionSettings[Key][string]) =>
      parts.write(target, (settings) => ({
        [key]: { ...settings[key], [parts.keyOf(target)]: wanted },
      }));
  const whole = (name: string) => ({ name, qualifier: null });
  return {
    urls: functionUrlVerbs(options, parts),
    permissions: permissionVerbs(options, parts),
    eventInvoke: eventInvokeVerbs(options, parts),
    tags: tagVerbs(parts),
    all: parts.read,
    setRecursion: (name, recursion) => parts.write(whole(name), () => ({ recursion })),
    setRuntimeManagement: keyed('runtimeManagement'),
    setScaling: keyed('scaling'),
    setCodeSigning: (name, codeSigning) => parts.write(whole(name), () => ({ codeSigning })),
  };
}

function permissionVerbs({ newId }: SettingsOptions, { keyOf, read, write }: SettingsParts): Permissions {
  return {
    async add(target, { revisionId, ...wanted }) {
      const key = keyOf(target);
      const made: PolicyStatement[] = [];
      await write(target, ({ policies }) => {
        const { policy, statement } = grant(policies[key] ?? null, wanted, {
          expected: revisionId,
          next: newId(),
        });
        made[0] = statement;
        return { policies: { ...policies, [key]: policy } };
      });
      return made[0]!;
    },
    async remove(target, { statementId, revisionId }) {
      const key = keyOf(target);
      await write(target, ({ policies }) => {
        const { [key]: policy, ...others } = policies;
        const left = revoke(policy ?? null, statementId, { expected: revisionId, next: newId() });
        return { policies: left === null ? others : { ...others, [key]: left } };
      });
    },
    async replace(target, { document, revisionId }) {
      const key = keyOf(target);
      if (document !== null) compilePolicy(document, 'resource');
      const next = newId();
      const made: ResourcePolicy[] = [];
      await write(target, ({ policies }) => {
        const { [key]: before, ...others } = policies;
        const policy = replacePolicy(before ?? null, document, { expected: revisionId, next });
        if (policy === null) return { policies: others };
        made[0] = policy;
        return { policies: { ...others, [key]: policy } };
      });
      return { policy: made[0] === undefined ? '' : policyDocument(made[0]), revisionId: next };
    },
    async get(target) {
      const policy = (await read(target.name)).policies[keyOf(target)];
      if (policy === undefined)
        throw new Fault('resource-not-found', 'The resource you requested does not exist.');
      return { policy: policyDocument(policy), revisionId: policy.revisionId };
    },
  };
}

function tagVerbs({ read, write }: SettingsParts): Tagging {
  return {
    get: async (name) => (await read(name)).tags,
    add: (name, added) => write({ name, qualifier: null }, ({ tags }) => ({ tags: withTags(tags, added) })),
    remove: (name, keys) =>
      write({ name, qualifier: null }, ({ tags }) => ({ tags: withoutTags(tags, keys) })),
  };
}

/** Tags of one resource (AWS: 50). */
const MAX_TAGS = 50;

/** @throws {Fault} `parameter-invalid` for a key of AWS's own, or too many */
export function withTags(
  tags: Readonly<Record<string, string>>,
  added: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(added)) checkTag(key, value);
  const all = { ...tags, ...added };
  const count = Object.keys(all).length;
  if (count > MAX_TAGS) throw tagInvalid(`A resource has at most ${MAX_TAGS} tags; these would be ${count}.`);
  return all;
}

export function withoutTags(
  tags: Readonly<Record<string, string>>,
  keys: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));
}

function checkTag(key: string, value: string): void {
  if (key === '' || key.length > 128 || value.length > 256)
    throw tagInvalid(`Tag "${key.slice(0, 200)}": a key has 1 to 128 characters, a value at most 256.`);
  if (/^aws:/i.test(key)) throw tagInvalid(`Tag "${key}": keys that begin with "aws:" are reserved.`);
}

function tagInvalid(message: string): Fault {
  return new Fault('parameter-invalid', message, { facts: { parameter: 'Tags' } });
}
