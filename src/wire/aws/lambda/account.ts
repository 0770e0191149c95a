/** The account's limits and what of them is used. */
import { LIMITS } from '../../../model/index.ts';
import type { LambdaOperations } from '../models/lambda.types.ts';
import type { Operations } from '../service.ts';
import type { LambdaParts } from './parts.ts';

/** A zip within a request (AWS: 50 MB). */
const DIRECT_ZIP_BYTES = 52_428_800;
/** All code together (AWS: 75 GB). */
const CODE_BYTES = 80_530_636_800;

export function accountOperations(
  parts: LambdaParts,
): Pick<Operations<LambdaOperations>, 'GetAccountSettings'> {
  return {
    async GetAccountSettings(_input, call) {
      await call.authorize('lambda:GetAccountSettings', '*');
      const functions = [...parts.registry.current().functions.values()];
      const reserved = functions.reduce((sum, entry) => sum + (entry.reserved ?? 0), 0);
      return {
        AccountLimit: {
          TotalCodeSize: CODE_BYTES,
          CodeSizeUnzipped: LIMITS.unpackedBytes,
          CodeSizeZipped: DIRECT_ZIP_BYTES,
          ConcurrentExecutions: parts.accountConcurrency,
          UnreservedConcurrentExecutions: Math.max(0, parts.accountConcurrency - reserved),
        },
        AccountUsage: { TotalCodeSize: await parts.codeBytes(), FunctionCount: functions.length },
      };
    },
  };
}
