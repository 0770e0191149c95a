/**
 * IAM as far as tools call it around functions: users, access keys, roles, inline and managed policies.
 * Translates; the rules are identity's. There are no groups, instance profiles or boundaries here.
 */
import type { IamOperations } from '../models/iam.types.ts';
import { readModel } from '../protocol/index.ts';
import type { AwsService, Operations } from '../service.ts';
import { iamError } from './errors.ts';
import type { IamParts } from './parts.ts';
import { policyOperations, policyVersionOperations } from './policies.ts';
import { roleOperations, rolePolicyOperations } from './roles.ts';
import { accessKeyOperations, userOperations, userPolicyOperations } from './users.ts';

export type { IamParts } from './parts.ts';

export function iamService(parts: IamParts): AwsService {
  const operations: Operations<IamOperations> = {
    ...roleOperations(parts),
    ...rolePolicyOperations(parts),
    ...userOperations(parts),
    ...userPolicyOperations(parts),
    ...accessKeyOperations(parts),
    ...policyOperations(parts),
    ...policyVersionOperations(parts),
    async ListAccountAliases(_input, call) {
      await call.authorize('iam:ListAccountAliases', '*');
      return { AccountAliases: [], IsTruncated: false };
    },
  };
  return { model: readModel('iam'), operations: operations as AwsService['operations'], errorOf: iamError };
}
