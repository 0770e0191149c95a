/** Settings of a function without a room of their own: its loop guard, when its runtime is updated, its scaling. */
import type { FunctionScalingConfig, LambdaOperations } from '../models/lambda.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import type { LambdaParts } from './parts.ts';
import { arnOf, entryOf, invalid, permit, qualifiedArnOf, type Target, targetOf } from './target.ts';

type Of =
  | 'GetFunctionRecursionConfig'
  | 'GetFunctionScalingConfig'
  | 'GetRuntimeManagementConfig'
  | 'PutFunctionRecursionConfig'
  | 'PutFunctionScalingConfig'
  | 'PutRuntimeManagementConfig';

export function managementOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, Of> {
  const allowed = async (call: AwsCall, input: Parameters<typeof targetOf>[0]) => {
    const target = targetOf(input);
    await permit(parts, call, { action: call.operation, target });
    entryOf(parts, target);
    return target;
  };
  return {
    ...recursion(parts, allowed),
    ...runtimeManagement(parts, allowed),
    ...scaling(parts, allowed),
  };
}

type Allowed = (call: AwsCall, input: Parameters<typeof targetOf>[0]) => Promise<Target>;

function recursion({ control: { settings } }: LambdaParts, allowed: Allowed) {
  return {
    async GetFunctionRecursionConfig(input, call) {
      const { name } = await allowed(call, input);
      return { RecursiveLoop: (await settings.all(name)).recursion };
    },
    async PutFunctionRecursionConfig(input, call) {
      const { name } = await allowed(call, input);
      await settings.setRecursion(name, input.RecursiveLoop);
      return { RecursiveLoop: input.RecursiveLoop };
    },
  } satisfies Operations<LambdaOperations>;
}

/** Each runtime has one version here, the node's own: what is asked for is kept, and changes nothing. */
function runtimeManagement({ control: { settings } }: LambdaParts, allowed: Allowed) {
  return {
    async GetRuntimeManagementConfig(input, call) {
      const target = await allowed(call, input);
      const kept = (await settings.all(target.name)).runtimeManagement[keyOf(target)];
      const { updateRuntimeOn = 'Auto', runtimeVersionArn = null } = kept ?? {};
      return {
        UpdateRuntimeOn: updateRuntimeOn,
        FunctionArn: qualifiedArnOf(target),
        ...(runtimeVersionArn !== null && { RuntimeVersionArn: runtimeVersionArn }),
      };
    },
    async PutRuntimeManagementConfig(input, call) {
      const target = await allowed(call, input);
      const { UpdateRuntimeOn: updateRuntimeOn, RuntimeVersionArn: runtimeVersionArn } = input;
      if ((updateRuntimeOn === 'Manual') !== (runtimeVersionArn !== undefined))
        throw invalid(
          'RuntimeVersionArn is required for the Manual runtime update mode, and only allowed with it.',
        );
      await settings.setRuntimeManagement(target, {
        updateRuntimeOn,
        runtimeVersionArn: runtimeVersionArn ?? null,
      });
      return {
        UpdateRuntimeOn: updateRuntimeOn,
        FunctionArn: qualifiedArnOf(target),
        ...(runtimeVersionArn !== undefined && { RuntimeVersionArn: runtimeVersionArn }),
      };
    },
  } satisfies Operations<LambdaOperations>;
}

function scaling({ control: { settings } }: LambdaParts, allowed: Allowed) {
  return {
    async GetFunctionScalingConfig(input, call) {
      const target = await allowed(call, input);
      const kept = (await settings.all(target.name)).scaling[keyOf(target)];
      const config: FunctionScalingConfig = {
        MinExecutionEnvironments: kept?.min ?? undefined,
        MaxExecutionEnvironments: kept?.max ?? undefined,
      };
      return {
        FunctionArn: arnOf(target),
        AppliedFunctionScalingConfig: config,
        RequestedFunctionScalingConfig: config,
      };
    },
    async PutFunctionScalingConfig(input, call) {
      const target = await allowed(call, input);
      const { MinExecutionEnvironments: min = null, MaxExecutionEnvironments: max = null } =
        input.FunctionScalingConfig ?? {};
      if (min !== null && max !== null && min > max)
        throw invalid('MinExecutionEnvironments must be less than or equal to MaxExecutionEnvironments.');
      await settings.setScaling(target, { min, max });
      return { FunctionState: 'Active' };
    },
  } satisfies Operations<LambdaOperations>;
}

function keyOf({ qualifier }: Target): string {
  return qualifier === null || qualifier.startsWith('$LATEST') ? '' : qualifier;
}
