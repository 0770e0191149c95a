/** Code signing configurations, and which functions have one. */
import { codeSigningArn } from '../../../control/index.ts';
import { functionArn } from '../../../model/index.ts';
import type { LambdaRecord } from '../../../store/index.ts';
import type { CodeSigningConfig, LambdaOperations } from '../models/lambda.types.ts';
import { AwsError } from '../protocol/index.ts';
import type { AwsCall, Operations } from '../service.ts';
import { limits, writeMarker } from './pages.ts';
import type { LambdaParts } from './parts.ts';
import { entryOf, permit, targetOf } from './target.ts';

type Of =
  | 'CreateCodeSigningConfig'
  | 'DeleteCodeSigningConfig'
  | 'GetCodeSigningConfig'
  | 'ListCodeSigningConfigs'
  | 'ListFunctionsByCodeSigningConfig'
  | 'UpdateCodeSigningConfig';

export function codeSigningOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, Of> {
  const { codeSigning } = parts.control;
  const allowed = async (call: AwsCall, arn: string) => {
    await call.authorize(`lambda:${call.operation}`, arn);
    return idOf(arn);
  };
  return {
    async CreateCodeSigningConfig(input, call) {
      await call.authorize('lambda:CreateCodeSigningConfig', '*');
      const record = await codeSigning.create({
        key: newConfigId(call.requestId),
        settings: {
          Description: input.Description,
          AllowedPublishers: input.AllowedPublishers,
          CodeSigningPolicies: input.CodeSigningPolicies ?? { UntrustedArtifactOnDeployment: 'Warn' },
        },
        tags: input.Tags ?? {},
      });
      return { CodeSigningConfig: configOf(record) };
    },
    async GetCodeSigningConfig(input, call) {
      const id = await allowed(call, input.CodeSigningConfigArn);
      return { CodeSigningConfig: configOf(await codeSigning.get(id)) };
    },
    async UpdateCodeSigningConfig(input, call) {
      const id = await allowed(call, input.CodeSigningConfigArn);
      const { Description, AllowedPublishers, CodeSigningPolicies } = input;
      const settings = { Description, AllowedPublishers, CodeSigningPolicies };
      return { CodeSigningConfig: configOf(await codeSigning.update(id, settings)) };
    },
    async DeleteCodeSigningConfig(input, call) {
      await codeSigning.delete(await allowed(call, input.CodeSigningConfigArn));
      return {};
    },
    async ListCodeSigningConfigs(input, call) {
      await call.authorize('lambda:ListCodeSigningConfigs', '*');
      const { records, next } = await codeSigning.list(limits(input));
      return { CodeSigningConfigs: records.map(configOf), ...writeMarker(next) };
    },
    async ListFunctionsByCodeSigningConfig(input, call) {
      const id = await allowed(call, input.CodeSigningConfigArn);
      await codeSigning.get(id);
      const { names, next } = await codeSigning.users(id, limits(input));
      return { FunctionArns: names.map((name) => functionArn(name)), ...writeMarker(next) };
    },
  };
}

type OnFunctions =
  | 'DeleteFunctionCodeSigningConfig'
  | 'GetFunctionCodeSigningConfig'
  | 'PutFunctionCodeSigningConfig';

export function functionCodeSigningOperations(
  parts: LambdaParts,
): Pick<Operations<LambdaOperations>, OnFunctions> {
  const { codeSigning, settings } = parts.control;
  const allowed = async (call: AwsCall, FunctionName: string) => {
    const target = targetOf({ FunctionName });
    await permit(parts, call, { action: call.operation, target });
    entryOf(parts, target);
    return target.name;
  };
  return {
    async PutFunctionCodeSigningConfig(input, call) {
      const name = await allowed(call, input.FunctionName);
      const id = idOf(input.CodeSigningConfigArn);
      await codeSigning.get(id).catch((error: Error) => {
        throw new AwsError('CodeSigningConfigNotFoundException', error.message, {
          members: { Type: 'User' },
        });
      });
      await settings.setCodeSigning(name, id);
      return { CodeSigningConfigArn: input.CodeSigningConfigArn, FunctionName: name };
    },
    async GetFunctionCodeSigningConfig(input, call) {
      const name = await allowed(call, input.FunctionName);
      const { codeSigning: id } = await settings.all(name);
      return { CodeSigningConfigArn: id === null ? '' : codeSigningArn(id), FunctionName: name };
    },
    async DeleteFunctionCodeSigningConfig(input, call) {
      await settings.setCodeSigning(await allowed(call, input.FunctionName), null);
      return {};
    },
  };
}

/**
 * No package on this node is signed: a configuration that enforces signatures lets none in.
 *
 * @param id of a configuration; null: none
 * @throws {AwsError} `CodeVerificationFailedException`
 */
export async function refuseUnsigned({ control }: LambdaParts, id: string | null): Promise<void> {
  if (id === null) return;
  const { CodeSigningPolicies } = configOf(await control.codeSigning.get(id));
  if (CodeSigningPolicies.UntrustedArtifactOnDeployment !== 'Enforce') return;
  throw new AwsError(
    'CodeVerificationFailedException',
    'The code signature failed one or more of the validation checks for signature mismatch or expiration, and the code signing policy is set to ENFORCE. Lambda blocks the deployment.',
    { members: { Type: 'User' } },
  );
}

function configOf({ key, settings, modifiedAtMs }: LambdaRecord): CodeSigningConfig {
  const { Description, AllowedPublishers, CodeSigningPolicies } = settings as unknown as Pick<
    CodeSigningConfig,
    'Description' | 'AllowedPublishers' | 'CodeSigningPolicies'
  >;
  return {
    CodeSigningConfigId: key,
    CodeSigningConfigArn: codeSigningArn(key),
    ...(Description !== undefined && { Description }),
    AllowedPublishers,
    CodeSigningPolicies,
    LastModified: new Date(modifiedAtMs).toISOString(),
  };
}

function idOf(arn: string): string {
  return arn.split(':')[6] ?? '';
}

/** `csc-` and 17 characters that are this request's alone. */
function newConfigId(requestId: string): string {
  return `csc-${requestId.replaceAll('-', '').slice(-17)}`;
}
