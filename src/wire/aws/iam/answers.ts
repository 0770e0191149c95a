/** What identity knows, in the shapes of IAM's API. */
import {
  type ManagedPolicy,
  policyArn,
  type Role,
  roleArn,
  type User,
  userArn,
} from '../../../identity/index.ts';
import type * as Iam from '../models/iam.types.ts';
import { AwsError } from '../protocol/index.ts';

/** IAM gives documents percent-encoded. */
export function encoded(document: string): string {
  return encodeURIComponent(document).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function tagList(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

export function tagsOf(tags: readonly { Key: string; Value: string }[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key, Value]));
}

/** @param form `whole`: with what lists leave out */
export function roleAnswer(role: Role, form: 'whole' | 'listed' | 'created' = 'whole'): Iam.Role {
  const tags = tagList(role.tags);
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: roleArn(role),
    CreateDate: new Date(role.createdAtMs),
    AssumeRolePolicyDocument: encoded(role.trust),
    ...(role.description !== '' && { Description: role.description }),
    ...{ MaxSessionDuration: role.maxSessionSeconds },
    ...(form !== 'listed' && tags.length > 0 && { Tags: tags }),
    ...(form === 'whole' && { RoleLastUsed: {} }),
  };
}

export function userAnswer(user: User, form: 'whole' | 'listed' = 'whole'): Iam.User {
  const tags = tagList(user.tags);
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: userArn(user),
    CreateDate: new Date(user.createdAtMs),
    ...(form === 'whole' && tags.length > 0 && { Tags: tags }),
  };
}

export function policyAnswer(
  policy: ManagedPolicy,
  more: { readonly arn?: string; readonly attachments: number; readonly whole: boolean },
): Iam.Policy {
  const tags = tagList(policy.tags);
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: more.arn ?? policyArn(policy),
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion,
    AttachmentCount: more.attachments,
    PermissionsBoundaryUsageCount: 0,
    IsAttachable: true,
    ...(more.whole && policy.description !== '' && { Description: policy.description }),
    CreateDate: new Date(policy.createdAtMs),
    UpdateDate: new Date(policy.updatedAtMs),
    ...(more.whole && tags.length > 0 && { Tags: tags }),
  };
}

export function attached(arns: readonly string[]): { PolicyName: string; PolicyArn: string }[] {
  return arns.map((arn) => ({ PolicyName: arn.slice(arn.lastIndexOf('/') + 1), PolicyArn: arn }));
}

/**
 * One page of a list, and IAM's words for whether there is more.
 *
 * @param keyOf by which the list is sorted, each its own; the marker is the last one that was given
 */
export function pageOf<T>(
  list: readonly T[],
  asked: { readonly Marker?: string | undefined; readonly MaxItems?: number | undefined },
  keyOf: (item: T) => string,
): { items: T[]; more: { IsTruncated: boolean; Marker?: string } } {
  const after = asked.Marker === undefined ? null : readMarker(asked.Marker);
  const sorted = list.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const rest = after === null ? sorted : sorted.filter((item) => keyOf(item) > after);
  const items = rest.slice(0, asked.MaxItems ?? 100);
  const last = items.at(-1);
  if (last === undefined || items.length === rest.length) return { items, more: { IsTruncated: false } };
  return { items, more: { IsTruncated: true, Marker: Buffer.from(`1:${keyOf(last)}`).toString('base64') } };
}

function readMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64').toString('utf8');
  if (text.startsWith('1:')) return text.slice(2);
  throw new AwsError('ValidationError', 'Invalid Marker.', { status: 400 });
}

/** A bound that is not kept would be taken for one: better a refusal. */
export function refuseBoundary(boundary: string | undefined): void {
  if (boundary === undefined) return;
  throw new AwsError('InvalidInput', 'PermissionsBoundary is not supported here.');
}
