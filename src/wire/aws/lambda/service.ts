/** AWS Lambda's API, as far as this node has it. */
import { LIMITS } from '../../../model/index.ts';
import type { LambdaOperations } from '../models/lambda.types.ts';
import { readModel } from '../protocol/index.ts';
import type { AnyOperation, AwsService, Operations } from '../service.ts';
import { accountOperations } from './account.ts';
import { aliasOperations } from './aliases.ts';
import { capacityProviderOperations } from './capacity-providers.ts';
import { codeSigningOperations, functionCodeSigningOperations } from './code-signing.ts';
import { provisionedOperations, reservedOperations } from './concurrency.ts';
import { durableOperations } from './durable.ts';
import { lambdaError } from './errors.ts';
import { eventInvokeOperations } from './event-invoke.ts';
import { functionUpdateOperations } from './function-updates.ts';
import { functionOperations } from './functions.ts';
import { invokeOperations } from './invoke.ts';
import { invokeStreamOperations } from './invoke-stream.ts';
import { layerOperations, layerPermissionOperations } from './layers.ts';
import { managementOperations } from './management.ts';
import { mappingOperations } from './mappings.ts';
import type { LambdaParts } from './parts.ts';
import { permissionOperations } from './permissions.ts';
import { tagOperations } from './tags.ts';
import { urlOperations } from './urls.ts';

/** What AWS takes in one request that carries a zip, in bytes (70,167,211 of base64 and JSON around it). */
const ZIP_REQUEST_BYTES = 70_167_211;
const WITH_ZIP = new Set(['CreateFunction', 'UpdateFunctionCode', 'PublishLayerVersion']);

export function lambdaService(parts: LambdaParts): AwsService {
  const operations: Operations<LambdaOperations> = {
    ...accountOperations(parts),
    ...aliasOperations(parts),
    ...capacityProviderOperations(parts),
    ...codeSigningOperations(parts),
    ...durableOperations(parts),
    ...eventInvokeOperations(parts),
    ...functionCodeSigningOperations(parts),
    ...functionOperations(parts),
    ...functionUpdateOperations(parts),
    ...invokeOperations(parts),
    ...invokeStreamOperations(parts),
    ...layerOperations(parts),
    ...layerPermissionOperations(parts),
    ...managementOperations(parts),
    ...mappingOperations(parts),
    ...permissionOperations(parts),
    ...provisionedOperations(parts),
    ...reservedOperations(parts),
    ...tagOperations(parts),
    ...urlOperations(parts),
  };
  return {
    model: readModel('lambda'),
    operations: operations as Readonly<Record<string, AnyOperation | undefined>>,
    errorOf: lambdaError,
    bodyOf: (operation) => (operation === 'Invoke' ? 'InvokeFunction' : operation),
    maxBodyBytes: (operation) => (WITH_ZIP.has(operation) ? ZIP_REQUEST_BYTES : LIMITS.eventBytes),
  };
}
