/** What IAM's operations are made of. */
import type { Authority, IdentityAdmin } from '../../../identity/index.ts';
import { roleArn, userArn } from '../../../identity/index.ts';
import type { AwsCall } from '../service.ts';

export interface IamParts {
  readonly admin: IdentityAdmin;
  readonly authority: Pick<Authority, 'decide'>;
}

/** Asks for the operation on a role, which may not be there: then by the ARN it would have. */
export function permitRole({ admin }: IamParts, call: AwsCall, name: string): Promise<void> {
  const role = admin.roles().find((one) => one.name.toLowerCase() === name.toLowerCase());
  return call.authorize(`iam:${call.operation}`, roleArn(role ?? { path: '/', name }));
}

export function permitUser({ admin }: IamParts, call: AwsCall, name: string): Promise<void> {
  const user = admin.users().find((one) => one.name.toLowerCase() === name.toLowerCase());
  return call.authorize(`iam:${call.operation}`, userArn(user ?? { path: '/', name }));
}
