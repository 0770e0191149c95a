/** Users, what is put on them, and their access keys. */
import { type User, userArn } from '../../../identity/index.ts';
import type { IamOperations } from '../models/iam.types.ts';
import { AwsError } from '../protocol/index.ts';
import type { AwsCall, Operations } from '../service.ts';
import { attached, encoded, pageOf, refuseBoundary, tagList, tagsOf, userAnswer } from './answers.ts';
import { type IamParts, permitUser } from './parts.ts';

type All = Operations<IamOperations>;

export function userOperations(parts: IamParts) {
  const { admin } = parts;
  return {
    async CreateUser(input, call) {
      const { UserName: name, Path: path = '/' } = input;
      await call.authorize('iam:CreateUser', userArn({ name, path }));
      refuseBoundary(input.PermissionsBoundary);
      return { User: userAnswer(await admin.createUser({ name, path, tags: tagsOf(input.Tags) })) };
    },
    async GetUser({ UserName }, call) {
      if (UserName === undefined && call.principal.kind === 'root') {
        const { arn, userId, accountId } = call.principal;
        return {
          User: { Path: '/', UserName: accountId, UserId: userId, Arn: arn, CreateDate: new Date(0) },
        };
      }
      const name = UserName ?? ownName(call);
      await permitUser(parts, call, name);
      return { User: userAnswer(admin.user(name)) };
    },
    async ListUsers(input, call) {
      await call.authorize('iam:ListUsers', userArn({ path: '/', name: '' }));
      const { PathPrefix = '/' } = input;
      const users = admin.users().filter((user) => user.path.startsWith(PathPrefix));
      const page = pageOf(users, input, (user) => user.name);
      return { Users: page.items.map((user) => userAnswer(user, 'listed')), ...page.more };
    },
    async DeleteUser({ UserName: name }, call) {
      await permitUser(parts, call, name);
      await admin.removeHolder({ kind: 'user', name });
      return {};
    },
    async TagUser({ UserName: name, Tags }, call) {
      await permitUser(parts, call, name);
      await admin.setTags({ kind: 'user', name }, { set: tagsOf(Tags) });
      return {};
    },
    async UntagUser({ UserName: name, TagKeys: remove }, call) {
      await permitUser(parts, call, name);
      await admin.setTags({ kind: 'user', name }, { remove });
      return {};
    },
    async ListUserTags(input, call) {
      await permitUser(parts, call, input.UserName);
      const page = pageOf(tagList(admin.user(input.UserName).tags), input, (tag) => tag.Key);
      return { Tags: page.items, ...page.more };
    },
    async ListGroupsForUser({ UserName }, call) {
      await permitUser(parts, call, UserName);
      admin.user(UserName);
      return { Groups: [], IsTruncated: false };
    },
  } satisfies All;
}

export function userPolicyOperations(parts: IamParts) {
  const { admin } = parts;
  const ref = (name: string) => ({ kind: 'user', name }) as const;
  return {
    async PutUserPolicy({ UserName, PolicyName: name, PolicyDocument: document }, call) {
      await permitUser(parts, call, UserName);
      await admin.putInline(ref(UserName), { name, document });
      return {};
    },
    async GetUserPolicy({ UserName, PolicyName }, call) {
      await permitUser(parts, call, UserName);
      const document = inlineOf(admin.user(UserName), PolicyName);
      return { UserName, PolicyName, PolicyDocument: encoded(document) };
    },
    async ListUserPolicies(input, call) {
      await permitUser(parts, call, input.UserName);
      const page = pageOf(Object.keys(admin.user(input.UserName).inline), input, (name) => name);
      return { PolicyNames: page.items, ...page.more };
    },
    async DeleteUserPolicy({ UserName, PolicyName }, call) {
      await permitUser(parts, call, UserName);
      await admin.removeInline(ref(UserName), PolicyName);
      return {};
    },
    async AttachUserPolicy({ UserName, PolicyArn }, call) {
      await permitUser(parts, call, UserName);
      await admin.attach(ref(UserName), PolicyArn);
      return {};
    },
    async DetachUserPolicy({ UserName, PolicyArn }, call) {
      await permitUser(parts, call, UserName);
      await admin.detach(ref(UserName), PolicyArn);
      return {};
    },
    async ListAttachedUserPolicies(input, call) {
      await permitUser(parts, call, input.UserName);
      const page = pageOf(admin.user(input.UserName).attached, input, (arn) => arn);
      return { AttachedPolicies: attached(page.items), ...page.more };
    },
  } satisfies All;
}

export function accessKeyOperations(parts: IamParts) {
  const { admin } = parts;
  return {
    async CreateAccessKey({ UserName }, call) {
      const name = UserName ?? ownName(call);
      await permitUser(parts, call, name);
      const key = await admin.createKey(name);
      return {
        AccessKey: {
          UserName: key.userName,
          AccessKeyId: key.accessKeyId,
          Status: 'Active',
          SecretAccessKey: key.secretAccessKey,
          CreateDate: new Date(key.createdAtMs),
        },
      };
    },
    async ListAccessKeys(input, call) {
      const name = input.UserName ?? ownName(call);
      await permitUser(parts, call, name);
      const user = admin.user(name);
      const page = pageOf(user.keys, input, (key) => key.id);
      const keys = page.items.map((key) => ({
        UserName: user.name,
        AccessKeyId: key.id,
        Status: key.active ? ('Active' as const) : ('Inactive' as const),
        CreateDate: new Date(key.createdAtMs),
      }));
      return { AccessKeyMetadata: keys, ...page.more };
    },
    async UpdateAccessKey({ UserName, AccessKeyId: id, Status }, call) {
      const userName = UserName ?? ownName(call);
      await permitUser(parts, call, userName);
      await admin.setKeyActive({ userName, id, active: Status === 'Active' });
      return {};
    },
    async DeleteAccessKey({ UserName, AccessKeyId: id }, call) {
      const userName = UserName ?? ownName(call);
      await permitUser(parts, call, userName);
      await admin.removeKey({ userName, id });
      return {};
    },
    async GetAccessKeyLastUsed({ AccessKeyId }, call) {
      const user: User | null = admin.ownerOf(AccessKeyId);
      await call.authorize('iam:GetAccessKeyLastUsed', userArn(user ?? { path: '/', name: '*' }));
      if (user === null)
        throw new AwsError('AccessDenied', 'The access key does not exist.', { status: 403 });
      return { UserName: user.name, AccessKeyLastUsed: { ServiceName: 'N/A', Region: 'N/A' } };
    },
  } satisfies All;
}

/** Whose keys are meant where a request does not say. */
function ownName({ principal }: AwsCall): string {
  if (principal.userName !== null) return principal.userName;
  throw new AwsError('ValidationError', 'Must specify userName when calling with non-User credentials', {
    status: 400,
  });
}

function inlineOf(user: User, name: string): string {
  const document = user.inline[name];
  if (document !== undefined) return document;
  throw new AwsError('NoSuchEntity', `The user policy with name ${name} cannot be found.`);
}
