/** Event source mappings. */
import { ACCOUNT_ID, type EventSourceMapping, functionArn, REGION } from '../../../model/index.ts';
import type {
  CreateEventSourceMappingRequest,
  EventSourceMappingConfiguration,
  LambdaOperations,
} from '../models/lambda.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import { limits, writeMarker } from './pages.ts';
import type { LambdaParts } from './parts.ts';
import { arnOf, targetOf } from './target.ts';

type Of =
  | 'CreateEventSourceMapping'
  | 'DeleteEventSourceMapping'
  | 'GetEventSourceMapping'
  | 'ListEventSourceMappings'
  | 'UpdateEventSourceMapping';

export function mappingOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, Of> {
  const { mappings } = parts.control;
  return {
    async CreateEventSourceMapping(input, call) {
      const target = targetOf(input);
      const context = { 'lambda:FunctionArn': arnOf(target) };
      await call.authorize('lambda:CreateEventSourceMapping', '*', { context });
      const { EventSourceArn, FunctionName: _, Enabled, Tags, ...wanted } = input;
      const mapping = await mappings.create({
        functionName: target.name,
        qualifier: target.qualifier,
        source: EventSourceArn ?? null,
        enabled: Enabled ?? true,
        settings: storable(wanted),
        tags: Tags ?? {},
      });
      return told(mapping, 'Creating');
    },
    async GetEventSourceMapping(input, call) {
      await permitMapping(call, input.UUID);
      return told(await mappings.get(input.UUID));
    },
    async ListEventSourceMappings(input, call) {
      await call.authorize('lambda:ListEventSourceMappings', '*');
      const { FunctionName } = input;
      const page = await mappings.list({
        functionName: FunctionName === undefined ? null : targetOf({ FunctionName }).name,
        source: input.EventSourceArn ?? null,
        ...limits({ MaxItems: 100, ...input }),
      });
      return {
        EventSourceMappings: page.mappings.map((mapping) => told(mapping)),
        ...writeMarker(page.next),
      };
    },
    async UpdateEventSourceMapping(input, call) {
      const { UUID, FunctionName, Enabled, ...wanted } = input;
      const target = FunctionName === undefined ? null : targetOf({ FunctionName });
      await permitMapping(call, UUID, target === null ? {} : { 'lambda:FunctionArn': arnOf(target) });
      const { mapping, before } = await mappings.update(UUID, {
        function: target === null ? undefined : { functionName: target.name, qualifier: target.qualifier },
        enabled: Enabled,
        settings: storable(wanted),
      });
      const turned = mapping.enabled ? 'Enabling' : 'Disabling';
      return told(mapping, mapping.enabled === before.enabled ? 'Updating' : turned);
    },
    async DeleteEventSourceMapping(input, call) {
      await permitMapping(call, input.UUID);
      return told(await mappings.delete(input.UUID), 'Deleting');
    },
  };
}

function permitMapping(call: AwsCall, id: string, context: Readonly<Record<string, string>> = {}) {
  return call.authorize(`lambda:${call.operation}`, mappingArn(id), { context });
}

function mappingArn(id: string): string {
  return `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:event-source-mapping:${id}`;
}

/** JSON has no dates: a time is kept in seconds, as AWS writes it. */
function storable(
  wanted: Partial<Omit<CreateEventSourceMappingRequest, 'FunctionName'>>,
): Readonly<Record<string, unknown>> {
  const { StartingPositionTimestamp: from, ...rest } = wanted;
  return { ...rest, ...(from !== undefined && { StartingPositionTimestamp: from.getTime() / 1_000 }) };
}

function told(mapping: EventSourceMapping, state?: string): EventSourceMappingConfiguration {
  const { id, functionName, qualifier, source, enabled, settings, modifiedAtMs } = mapping;
  const { StartingPositionTimestamp: from, ...rest } = settings as { StartingPositionTimestamp?: number };
  const streams = /:(kinesis|dynamodb):/.test(source ?? '');
  return {
    ...rest,
    UUID: id,
    EventSourceMappingArn: mappingArn(id),
    FunctionArn: functionArn(functionName, qualifier ?? undefined),
    ...(source !== null && { EventSourceArn: source }),
    ...(from !== undefined && { StartingPositionTimestamp: new Date(from * 1_000) }),
    State: state ?? (enabled ? 'Enabled' : 'Disabled'),
    StateTransitionReason: streams ? 'User action' : 'USER_INITIATED',
    ...(streams && { LastProcessingResult: 'No records processed' }),
    LastModified: new Date(modifiedAtMs),
  };
}
