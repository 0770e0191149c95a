/** Amazon SQS's API: by JSON, as SDKs speak it now, and by the query protocol, as they did until 2023. */

import type { SqsOperations } from '../models/sqs.types.ts';
import { readModel } from '../protocol/index.ts';
import type { AwsService, Operations } from '../service.ts';
import { permissionOperations, tagOperations } from './around.ts';
import { sqsError, sqsErrorBefore } from './faults.ts';
import { sqsModel } from './model.ts';
import { moveOperations } from './move-tasks.ts';
import type { SqsParts } from './parts.ts';
import { queueOperations } from './queues.ts';
import { receiveOperations } from './receive.ts';
import { sendOperations } from './send.ts';
import { deleteOperations, visibilityOperations } from './settle.ts';

export function sqsService(parts: SqsParts): AwsService {
  const all: Required<Operations<SqsOperations>> = {
    ...deleteOperations(parts),
    ...moveOperations(parts),
    ...permissionOperations(parts),
    ...queueOperations(parts),
    ...receiveOperations(parts),
    ...sendOperations(parts),
    ...tagOperations(parts),
    ...visibilityOperations(parts),
  };
  const operations = all as AwsService['operations'];
  return {
    ...{ model: sqsModel(), operations, errorOf: sqsError },
    older: { model: readModel('sqs-query'), operations, errorOf: sqsErrorBefore },
  };
}
