/** The resource policies of functions, aliases and versions: a grant at a time, or as a whole. */
import type { AddPermissionRequest, LambdaOperations } from '../models/lambda.types.ts';
import type { Operations } from '../service.ts';
import type { LambdaParts } from './parts.ts';
import { arnOf, entryOf, invalid, permit, type Target, targetOf } from './target.ts';

type Of =
  | 'AddPermission'
  | 'DeleteResourcePolicy'
  | 'GetPolicy'
  | 'GetResourcePolicy'
  | 'PutResourcePolicy'
  | 'RemovePermission';

export function permissionOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, Of> {
  const { permissions } = parts.control.settings;
  return {
    async AddPermission(input, call) {
      const target = policyTarget(targetOf(input));
      const context = { 'lambda:Principal': input.Principal };
      await permit(parts, call, { action: 'AddPermission', target, context });
      const statement = await permissions.add(target, {
        statementId: input.StatementId,
        action: input.Action,
        principal: input.Principal,
        resource: arnOf(target),
        condition: conditionOf(input),
        revisionId: input.RevisionId ?? null,
      });
      return { Statement: JSON.stringify(statement) };
    },
    async RemovePermission(input, call) {
      const target = policyTarget(targetOf(input));
      await permit(parts, call, { action: 'RemovePermission', target });
      await permissions.remove(target, {
        statementId: input.StatementId,
        revisionId: input.RevisionId ?? null,
      });
      return {};
    },
    async GetPolicy(input, call) {
      const target = targetOf(input);
      await permit(parts, call, { action: 'GetPolicy', target });
      entryOf(parts, target);
      const { policy, revisionId } = await permissions.get(target);
      return { Policy: policy, RevisionId: revisionId };
    },
    async PutResourcePolicy(input, call) {
      const target = policyTarget(targetOf({ FunctionName: input.ResourceArn }));
      await permit(parts, call, { action: 'PutResourcePolicy', target });
      const wanted = { document: input.Policy, revisionId: input.RevisionId ?? null };
      const { policy, revisionId } = await permissions.replace(target, wanted);
      return { Policy: policy, RevisionId: revisionId };
    },
    async GetResourcePolicy(input, call) {
      const target = targetOf({ FunctionName: input.ResourceArn });
      await permit(parts, call, { action: 'GetResourcePolicy', target });
      entryOf(parts, target);
      const { policy, revisionId } = await permissions.get(target);
      return { Policy: policy, RevisionId: revisionId };
    },
    async DeleteResourcePolicy(input, call) {
      const target = policyTarget(targetOf({ FunctionName: input.ResourceArn }));
      await permit(parts, call, { action: 'DeleteResourcePolicy', target });
      await permissions.replace(target, { document: null, revisionId: input.RevisionId ?? null });
      return {};
    },
  };
}

function policyTarget(target: Target): Target {
  if (target.qualifier !== '$LATEST') return target;
  throw invalid('We currently do not support adding policies for $LATEST.');
}

type Conditions = Readonly<Record<string, Readonly<Record<string, string>>>>;

function conditionOf(input: AddPermissionRequest): Conditions {
  const { SourceArn, SourceAccount, EventSourceToken, PrincipalOrgID, FunctionUrlAuthType } = input;
  if (FunctionUrlAuthType !== undefined && input.Action !== 'lambda:InvokeFunctionUrl')
    throw invalid('FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action');
  const equals = {
    ...(SourceAccount !== undefined && { 'AWS:SourceAccount': SourceAccount }),
    ...(EventSourceToken !== undefined && { 'lambda:EventSourceToken': EventSourceToken }),
    ...(PrincipalOrgID !== undefined && { 'aws:PrincipalOrgID': PrincipalOrgID }),
    ...(FunctionUrlAuthType !== undefined && { 'lambda:FunctionUrlAuthType': FunctionUrlAuthType }),
  };
  return {
    ...(Object.keys(equals).length > 0 && { StringEquals: equals }),
    ...(SourceArn !== undefined && { ArnLike: { 'AWS:SourceArn': SourceArn } }),
    ...(input.InvokedViaFunctionUrl !== undefined && {
      Bool: { 'lambda:InvokedViaFunctionUrl': String(input.InvokedViaFunctionUrl) },
    }),
  };
}
