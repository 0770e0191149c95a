/** Roles and what is put on them. */
import { type Role, roleArn } from '../../../identity/index.ts';
import type { IamOperations } from '../models/iam.types.ts';
import { AwsError } from '../protocol/index.ts';
import type { Operations } from '../service.ts';
import { attached, encoded, pageOf, refuseBoundary, roleAnswer, tagList, tagsOf } from './answers.ts';
import { type IamParts, permitRole } from './parts.ts';

type All = Operations<IamOperations>;

export function roleOperations(parts: IamParts) {
  const { admin } = parts;
  return {
    async CreateRole(input, call) {
      const { RoleName: name, Path: path = '/' } = input;
      await call.authorize('iam:CreateRole', roleArn({ name, path }));
      refuseBoundary(input.PermissionsBoundary);
      const role = await admin.createRole({
        ...{ name, path, trust: input.AssumeRolePolicyDocument, description: input.Description },
        ...{ maxSessionSeconds: input.MaxSessionDuration, tags: tagsOf(input.Tags) },
      });
      return { Role: roleAnswer(role, 'created') };
    },
    async GetRole({ RoleName }, call) {
      await permitRole(parts, call, RoleName);
      return { Role: roleAnswer(admin.role(RoleName)) };
    },
    async ListRoles(input, call) {
      await call.authorize('iam:ListRoles', roleArn({ path: '/', name: '*' }).replace('role/*', 'role/'));
      const { PathPrefix = '/' } = input;
      const roles = admin.roles().filter((role) => role.path.startsWith(PathPrefix));
      const page = pageOf(roles, input, (role) => role.name);
      return { Roles: page.items.map((role) => roleAnswer(role, 'listed')), ...page.more };
    },
    async UpdateRole(input, call) {
      await permitRole(parts, call, input.RoleName);
      const { RoleName: name, Description: description = '', MaxSessionDuration = 3_600 } = input;
      await admin.updateRole({ name, description, maxSessionSeconds: MaxSessionDuration });
      return {};
    },
    async UpdateRoleDescription({ RoleName: name, Description: description }, call) {
      await permitRole(parts, call, name);
      return { Role: roleAnswer(await admin.updateRole({ name, description })) };
    },
    async UpdateAssumeRolePolicy({ RoleName: name, PolicyDocument: trust }, call) {
      await permitRole(parts, call, name);
      await admin.updateRole({ name, trust });
      return {};
    },
    async DeleteRole({ RoleName: name }, call) {
      await permitRole(parts, call, name);
      await admin.removeHolder({ kind: 'role', name });
      return {};
    },
    async CreateServiceLinkedRole({ AWSServiceName: service }, call) {
      await call.authorize('iam:CreateServiceLinkedRole', '*');
      throw new AwsError(
        'InvalidInput',
        `Service role cannot be created for ${service}: there are none here.`,
      );
    },
    ...roleTags(parts),
  } satisfies All;
}

function roleTags(parts: IamParts) {
  const { admin } = parts;
  return {
    async TagRole({ RoleName: name, Tags }, call) {
      await permitRole(parts, call, name);
      await admin.setTags({ kind: 'role', name }, { set: tagsOf(Tags) });
      return {};
    },
    async UntagRole({ RoleName: name, TagKeys: remove }, call) {
      await permitRole(parts, call, name);
      await admin.setTags({ kind: 'role', name }, { remove });
      return {};
    },
    async ListRoleTags(input, call) {
      await permitRole(parts, call, input.RoleName);
      const page = pageOf(tagList(admin.role(input.RoleName).tags), input, (tag) => tag.Key);
      return { Tags: page.items, ...page.more };
    },
    async ListInstanceProfilesForRole({ RoleName }, call) {
      await permitRole(parts, call, RoleName);
      admin.role(RoleName);
      return { InstanceProfiles: [], IsTruncated: false };
    },
  } satisfies All;
}

export function rolePolicyOperations(parts: IamParts) {
  const { admin } = parts;
  const ref = (name: string) => ({ kind: 'role', name }) as const;
  return {
    async PutRolePolicy({ RoleName, PolicyName: name, PolicyDocument: document }, call) {
      await permitRole(parts, call, RoleName);
      await admin.putInline(ref(RoleName), { name, document });
      return {};
    },
    async GetRolePolicy({ RoleName, PolicyName }, call) {
      await permitRole(parts, call, RoleName);
      const document = inlineOf(admin.role(RoleName), PolicyName);
      return { RoleName, PolicyName, PolicyDocument: encoded(document) };
    },
    async ListRolePolicies(input, call) {
      await permitRole(parts, call, input.RoleName);
      const page = pageOf(Object.keys(admin.role(input.RoleName).inline), input, (name) => name);
      return { PolicyNames: page.items, ...page.more };
    },
    async DeleteRolePolicy({ RoleName, PolicyName }, call) {
      await permitRole(parts, call, RoleName);
      await admin.removeInline(ref(RoleName), PolicyName);
      return {};
    },
    async AttachRolePolicy({ RoleName, PolicyArn }, call) {
      await permitRole(parts, call, RoleName);
      await admin.attach(ref(RoleName), PolicyArn);
      return {};
    },
    async DetachRolePolicy({ RoleName, PolicyArn }, call) {
      await permitRole(parts, call, RoleName);
      await admin.detach(ref(RoleName), PolicyArn);
      return {};
    },
    async ListAttachedRolePolicies(input, call) {
      await permitRole(parts, call, input.RoleName);
      const page = pageOf(admin.role(input.RoleName).attached, input, (arn) => arn);
      return { AttachedPolicies: attached(page.items), ...page.more };
    },
  } satisfies All;
}

function inlineOf(role: Role, name: string): string {
  const document = role.inline[name];
  if (document !== undefined) return document;
  throw new AwsError('NoSuchEntity', `The role policy with name ${name} cannot be found.`);
}
