/** Managed policies, their versions and holders. */
import { type ManagedPolicy, policyArn } from '../../../identity/index.ts';
import type { IamOperations } from '../models/iam.types.ts';
import { AwsError } from '../protocol/index.ts';
import type { Operations } from '../service.ts';
import { encoded, pageOf, policyAnswer, tagList, tagsOf } from './answers.ts';
import type { IamParts } from './parts.ts';

type All = Operations<IamOperations>;

export function policyOperations({ admin }: IamParts) {
  const holders = (arn: string) => {
    const { users, roles } = admin.holdersOf(arn);
    return users.length + roles.length;
  };
  return {
    async CreatePolicy(input, call) {
      const { PolicyName: name, Path: path = '/' } = input;
      await call.authorize('iam:CreatePolicy', policyArn({ name, path }));
      const policy = await admin.createPolicy({
        ...{ name, path, document: input.PolicyDocument, description: input.Description },
        tags: tagsOf(input.Tags),
      });
      return { Policy: policyAnswer(policy, { attachments: 0, whole: true }) };
    },
    async GetPolicy({ PolicyArn: arn }, call) {
      await call.authorize('iam:GetPolicy', arn);
      const policy = admin.policy(arn);
      return { Policy: policyAnswer(policy, { arn, attachments: holders(arn), whole: true }) };
    },
    async ListPolicies(input, call) {
      await call.authorize('iam:ListPolicies', policyArn({ path: '/', name: '' }));
      const { Scope = 'All', PathPrefix = '/', OnlyAttached = false } = input;
      const wanted = admin
        .policies(Scope)
        .filter(({ policy }) => policy.path.startsWith(PathPrefix))
        .map((one) => ({ ...one, attachments: holders(one.arn) }))
        .filter(({ attachments }) => !OnlyAttached || attachments > 0);
      const page = pageOf(wanted, input, ({ arn }) => arn);
      return {
        Policies: page.items.map(({ policy, ...more }) => policyAnswer(policy, { ...more, whole: false })),
        ...page.more,
      };
    },
    async DeletePolicy({ PolicyArn }, call) {
      await call.authorize('iam:DeletePolicy', PolicyArn);
      await admin.removePolicy(PolicyArn);
      return {};
    },
    async ListEntitiesForPolicy({ PolicyArn, EntityFilter }, call) {
      await call.authorize('iam:ListEntitiesForPolicy', PolicyArn);
      admin.policy(PolicyArn);
      const { users, roles } = admin.holdersOf(PolicyArn);
      const wants = (kind: string) => EntityFilter === undefined || EntityFilter === kind;
      return {
        PolicyGroups: [],
        PolicyUsers: wants('User') ? users.map(({ name, id }) => ({ UserName: name, UserId: id })) : [],
        PolicyRoles: wants('Role') ? roles.map(({ name, id }) => ({ RoleName: name, RoleId: id })) : [],
        IsTruncated: false,
      };
    },
  } satisfies All;
}

export function policyVersionOperations({ admin }: IamParts) {
  return {
    async CreatePolicyVersion({ PolicyArn: arn, PolicyDocument: document, SetAsDefault = false }, call) {
      await call.authorize('iam:CreatePolicyVersion', arn);
      const version = await admin.addVersion({ arn, document, makeDefault: SetAsDefault });
      return {
        PolicyVersion: {
          VersionId: version.id,
          IsDefaultVersion: SetAsDefault,
          CreateDate: new Date(version.createdAtMs),
        },
      };
    },
    async GetPolicyVersion({ PolicyArn, VersionId }, call) {
      await call.authorize('iam:GetPolicyVersion', PolicyArn);
      const policy = admin.policy(PolicyArn);
      const version = policy.versions.find(({ id }) => id === VersionId);
      if (version === undefined) {
        throw new AwsError(
          'NoSuchEntity',
          `Policy ${PolicyArn} version ${VersionId} does not exist or is not attachable.`,
        );
      }
      return { PolicyVersion: { ...versionAnswer(policy, version), Document: encoded(version.document) } };
    },
    async ListPolicyVersions(input, call) {
      await call.authorize('iam:ListPolicyVersions', input.PolicyArn);
      const policy = admin.policy(input.PolicyArn);
      const page = pageOf(policy.versions, input, ({ id }) => id);
      return {
        Versions: page.items.map((version) => versionAnswer(policy, version)).reverse(),
        ...page.more,
      };
    },
    async DeletePolicyVersion({ PolicyArn: arn, VersionId: id }, call) {
      await call.authorize('iam:DeletePolicyVersion', arn);
      await admin.removeVersion({ arn, id });
      return {};
    },
    async SetDefaultPolicyVersion({ PolicyArn: arn, VersionId: id }, call) {
      await call.authorize('iam:SetDefaultPolicyVersion', arn);
      await admin.setDefaultVersion({ arn, id });
      return {};
    },
    async TagPolicy({ PolicyArn, Tags }, call) {
      await call.authorize('iam:TagPolicy', PolicyArn);
      await admin.setPolicyTags(PolicyArn, { set: tagsOf(Tags) });
      return {};
    },
    async UntagPolicy({ PolicyArn, TagKeys }, call) {
      await call.authorize('iam:UntagPolicy', PolicyArn);
      await admin.setPolicyTags(PolicyArn, { remove: TagKeys });
      return {};
    },
    async ListPolicyTags(input, call) {
      await call.authorize('iam:ListPolicyTags', input.PolicyArn);
      const page = pageOf(tagList(admin.policy(input.PolicyArn).tags), input, (tag) => tag.Key);
      return { Tags: page.items, ...page.more };
    },
  } satisfies All;
}

function versionAnswer(policy: ManagedPolicy, version: ManagedPolicy['versions'][number]) {
  return {
    VersionId: version.id,
    IsDefaultVersion: version.id === policy.defaultVersion,
    CreateDate: new Date(version.createdAtMs),
  };
}
