/**
 * Durable executions of an account that has none: no function here can be durable, so every list is empty and
 * every execution unknown. What runs inside one (checkpoints, callbacks) is missing.
 */
import type { LambdaOperations } from '../models/lambda.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import type { LambdaParts } from './parts.ts';
import { entryOf, notFound, permit, targetOf } from './target.ts';

type Of =
  | 'DeleteDurableExecution'
  | 'GetDurableExecution'
  | 'GetDurableExecutionHistory'
  | 'ListDurableExecutionsByFunction'
  | 'PauseDurableExecution'
  | 'ResumeDurableExecution'
  | 'StopDurableExecution';

export function durableOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, Of> {
  const unknown = async (input: { readonly DurableExecutionArn: string }, call: AwsCall): Promise<never> => {
    const { DurableExecutionArn: arn } = input;
    await call.authorize(`lambda:${call.operation}`, arn);
    throw notFound(`Durable execution not found: ${arn}`);
  };
  return {
    async ListDurableExecutionsByFunction(input, call) {
      const target = targetOf(input);
      await permit(parts, call, { action: 'ListDurableExecutionsByFunction', target });
      entryOf(parts, target);
      return { DurableExecutions: [] };
    },
    GetDurableExecution: unknown,
    GetDurableExecutionHistory: unknown,
    StopDurableExecution: unknown,
    DeleteDurableExecution: unknown,
    PauseDurableExecution: unknown,
    ResumeDurableExecution: unknown,
  };
}
