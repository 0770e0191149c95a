/** Event invoke configurations: retries, age and destinations of asynchronous invocations. */
import type { EventInvokeConfig } from '../../../model/index.ts';
import type { FunctionEventInvokeConfig, LambdaOperations } from '../models/lambda.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import { pageOf } from './pages.ts';
import type { LambdaParts } from './parts.ts';
import { permit, qualifiedArnOf, type Target, targetOf } from './target.ts';

type Of =
  | 'DeleteFunctionEventInvokeConfig'
  | 'GetFunctionEventInvokeConfig'
  | 'ListFunctionEventInvokeConfigs'
  | 'PutFunctionEventInvokeConfig'
  | 'UpdateFunctionEventInvokeConfig';
type Wish = Parameters<Required<Operations<LambdaOperations>>['PutFunctionEventInvokeConfig']>[0];

export function eventInvokeOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, Of> {
  const { eventInvoke } = parts.control.settings;
  const allowed = async (call: AwsCall, input: Parameters<typeof targetOf>[0]) => {
    const target = targetOf(input);
    await permit(parts, call, { action: call.operation, target });
    return target;
  };
  return {
    async PutFunctionEventInvokeConfig(input, call) {
      const target = await allowed(call, input);
      return told(target, await eventInvoke.put(target, wishOf(input)));
    },
    async UpdateFunctionEventInvokeConfig(input, call) {
      const target = await allowed(call, input);
      return told(target, await eventInvoke.update(target, wishOf(input)));
    },
    async GetFunctionEventInvokeConfig(input, call) {
      const target = await allowed(call, input);
      return told(target, await eventInvoke.get(target));
    },
    async ListFunctionEventInvokeConfigs(input, call) {
      const { name } = await allowed(call, { FunctionName: input.FunctionName });
      const page = pageOf(await eventInvoke.list(name), input, ([qualifier]) => qualifier);
      return {
        FunctionEventInvokeConfigs: page.items.map(([qualifier, config]) =>
          told({ name, qualifier: qualifier === '' ? null : qualifier }, config),
        ),
        ...page.more,
      };
    },
    async DeleteFunctionEventInvokeConfig(input, call) {
      await eventInvoke.delete(await allowed(call, input));
      return {};
    },
  };
}

function wishOf(input: Wish) {
  return {
    maximumRetryAttempts: input.MaximumRetryAttempts,
    maximumEventAgeSeconds: input.MaximumEventAgeInSeconds,
    onSuccess: input.DestinationConfig?.OnSuccess?.Destination,
    onFailure: input.DestinationConfig?.OnFailure?.Destination,
  };
}

function told(target: Target, config: EventInvokeConfig): FunctionEventInvokeConfig {
  const { maximumRetryAttempts, maximumEventAgeSeconds, onSuccess, onFailure } = config;
  return {
    LastModified: new Date(config.lastModifiedMs),
    FunctionArn: qualifiedArnOf(target),
    MaximumRetryAttempts: maximumRetryAttempts ?? undefined,
    MaximumEventAgeInSeconds: maximumEventAgeSeconds ?? undefined,
    DestinationConfig: {
      OnSuccess: onSuccess === null ? {} : { Destination: onSuccess },
      OnFailure: onFailure === null ? {} : { Destination: onFailure },
    },
  };
}
