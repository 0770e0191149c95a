/** Which function, version or alias a request names: by name, partial ARN or ARN, and a qualifier on either side. */
import type { RequestContext } from '../../../identity/index.ts';
import {
  ACCOUNT_ID,
  type FunctionEntry,
  type FunctionReference,
  functionArn,
  LATEST,
  parseFunctionReference,
  policyDocument,
  REGION,
  type Version,
} from '../../../model/index.ts';
import { AwsError } from '../protocol/index.ts';
import type { AwsCall } from '../service.ts';
import type { LambdaParts } from './parts.ts';

export interface Target {
  readonly name: string;
  /** A version's number, an alias, `$LATEST`; null: none was named. */
  readonly qualifier: string | null;
}

interface Named {
  readonly FunctionName: string;
  readonly Qualifier?: string | undefined;
}

/**
 * @param named a name, a partial ARN or an ARN; its form has been checked against the model already
 * @throws {AwsError} when it is elsewhere, or says another qualifier than the parameter does
 */
export function targetOf({ FunctionName: text, Qualifier: asked = '' }: Named): Target {
  const found = parseFunctionReference(text);
  if (found === null) throw invalid(`The function name "${text}" is not valid.`);
  refuseElsewhere(found);
  const { name } = found;
  if (name.length > MAX_NAME) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to ${MAX_NAME}`,
    );
  }
  if (asked !== '' && found.qualifier !== null && asked !== found.qualifier) {
    throw invalid('The derived qualifier from the function name does not match the specified qualifier.');
  }
  return { name, qualifier: asked === '' ? found.qualifier : asked };
}

/** With the qualifier, if there is one: what `authorize` is asked about. */
export function arnOf({ name, qualifier }: Target): string {
  return functionArn(name, qualifier ?? undefined);
}

/** With a qualifier in any case. */
export function qualifiedArnOf({ name, qualifier }: Target): string {
  return functionArn(name, qualifier ?? LATEST);
}

const MAX_NAME = 64;

function refuseElsewhere({ region, accountId }: FunctionReference): void {
  if (region !== null && region !== REGION)
    throw notFound(`Functions from '${region}' are not reachable in this region ('${REGION}')`);
  if (accountId !== null && accountId !== ACCOUNT_ID) {
    const message = `Functions of account ${accountId} are not here.`;
    throw new AwsError('AccessDeniedException', message, { status: 403 });
  }
}

/**
 * The same where a qualifier has no place.
 *
 * @throws {AwsError} when there is one other than `$LATEST`: the function would be changed where one of its versions was meant
 */
export function wholeTarget(named: Pick<Named, 'FunctionName'>): Target {
  const { name, qualifier } = targetOf({ FunctionName: named.FunctionName });
  if (qualifier === null || qualifier === LATEST) return { name, qualifier: null };
  throw invalid(
    'This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.',
  );
}

/**
 * @returns the function
 * @throws {AwsError} when it, or what the qualifier names, does not exist
 */
export function entryOf({ registry }: Pick<LambdaParts, 'registry'>, target: Target): FunctionEntry {
  const entry = registry.current().functions.get(target.name);
  if (entry === undefined) throw notFound(`Function not found: ${arnOf(target)}`);
  versionOf(entry, target);
  return entry;
}

/** @throws {AwsError} when what the qualifier names does not exist */
export function versionOf(entry: FunctionEntry, target: Target): Version {
  const { qualifier } = target;
  if (qualifier === null || qualifier === LATEST) return entry.latest;
  const number = /^[1-9]\d{0,8}$/.test(qualifier) ? Number(qualifier) : entry.aliases.get(qualifier)?.version;
  if (number === undefined && !/^\d+$/.test(qualifier))
    throw notFound(`Cannot find alias arn: ${arnOf(target)}`);
  const version = number === 0 ? entry.latest : entry.versions.get(number ?? -1);
  if (version === undefined) throw notFound(`Function not found: ${arnOf(target)}`);
  return version;
}

/** Whether the caller may, by its own policies and those of the function. */
export async function permit(
  { registry }: Pick<LambdaParts, 'registry'>,
  call: AwsCall,
  asked: { readonly action: string; readonly target: Target; readonly context?: RequestContext },
): Promise<void> {
  const { action, target, context } = asked;
  const policy = registry.current().functions.get(target.name)?.policies.get(policyKey(target));
  await call.authorize(`lambda:${action}`, arnOf(target), {
    ...(context !== undefined && { context }),
    resourcePolicies: policy === undefined ? [] : [policyDocument(policy)],
  });
}

function policyKey({ qualifier }: Target): string {
  return qualifier === null || qualifier === LATEST ? '' : qualifier;
}

export function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message, { members: { Type: 'User' } });
}

/** As the service answers what a constraint of the model cannot say. */
export function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message, { members: { Type: 'User' } });
}

/** In AWS's words. */
export function staleRevision(): AwsError {
  return new AwsError(
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
    { members: { Type: 'User' } },
  );
}
