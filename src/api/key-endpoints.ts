/** Access keys of people and machines, as operators see them. */
import { z } from 'zod';
import { type IdentityAdmin, userArn } from '../identity/index.ts';
import { type Endpoint, endpoint } from './endpoint.ts';

const userName = z.string().regex(/^[\w+=,.@-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _+=,.@-');
const keyId = z.string().regex(/^[A-Z0-9]{16,128}$/, 'must be an access key id, such as AKIA…');
const policy = z.string().min(1).max(2_048);

/** A key just made: the only answer that has its secret. */
export interface KeyAnswer {
  readonly user: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** ARNs of managed policies that the user has. */
  readonly policies: readonly string[];
}

export interface KeysAnswer {
  readonly keys: readonly {
    readonly user: string;
    readonly arn: string;
    readonly accessKeyId: string;
    readonly active: boolean;
    /** ISO 8601. */
    readonly createdAt: string;
    readonly policies: readonly string[];
  }[];
}

export interface RevokedAnswer {
  readonly user: string;
  readonly accessKeyId: string;
  readonly revoked: true;
}

type Keys = Pick<IdentityAdmin, 'grantKey' | 'rotateKey' | 'removeKey' | 'users' | 'user' | 'owner'>;

export interface KeyOptions {
  readonly keys: Keys;
}

export function keyEndpoints({ keys }: KeyOptions): Endpoint[] {
  const answer = (made: Awaited<ReturnType<Keys['grantKey']>>): KeyAnswer => ({
    user: made.userName,
    accessKeyId: made.accessKeyId,
    secretAccessKey: made.secretAccessKey,
    policies: keys.user(made.userName).attached,
  });
  return [
    endpoint({
      method: 'POST',
      path: '/api/v1/keys',
      summary: 'Make an access key for a user, who is made too if new; its secret is told here only',
      needsDatabase: true,
      body: z.object({ user: userName, policies: z.array(policy).max(20).default([]) }),
      handle: async ({ body }) =>
        answer(await keys.grantKey({ userName: body.user, policies: body.policies })),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/keys',
      summary: 'The access keys of all users, without their secrets',
      handle: (): KeysAnswer => ({ keys: keys.users().flatMap(keysOf) }),
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/keys/{id}/rotation',
      summary: 'Make a new key in place of this one; with keep beside it',
      needsDatabase: true,
      params: z.object({ id: keyId }),
      body: z.object({ keep: z.boolean().default(false) }),
      handle: async ({ params, body }) => answer(await keys.rotateKey({ id: params.id, keep: body.keep })),
    }),
    endpoint({
      method: 'DELETE',
      path: '/api/v1/keys/{id}',
      summary: 'Revoke an access key: from now on it opens nothing',
      needsDatabase: true,
      params: z.object({ id: keyId }),
      handle: async ({ params }): Promise<RevokedAnswer> => {
        const user = keys.owner(params.id).name;
        await keys.removeKey({ userName: user, id: params.id });
        return { user, accessKeyId: params.id, revoked: true };
      },
    }),
  ];
}

function keysOf(user: ReturnType<Keys['user']>): KeysAnswer['keys'] {
  return user.keys.map((key) => ({
    user: user.name,
    arn: userArn(user),
    accessKeyId: key.id,
    active: key.active,
    createdAt: new Date(key.createdAtMs).toISOString(),
    policies: user.attached,
  }));
}
