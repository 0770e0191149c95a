/** Capacity providers: kept and told as they were asked for; the machines are always this node's. */
import { capacityProviderArn } from '../../../control/index.ts';
import { functionArn, type Version } from '../../../model/index.ts';
import type { LambdaRecord } from '../../../store/index.ts';
import type { CapacityProvider, LambdaOperations } from '../models/lambda.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import { limits, pageOf, writeMarker } from './pages.ts';
import type { LambdaParts } from './parts.ts';
import { invalid } from './target.ts';

type Of =
  | 'CreateCapacityProvider'
  | 'DeleteCapacityProvider'
  | 'GetCapacityProvider'
  | 'ListCapacityProviders'
  | 'ListFunctionVersionsByCapacityProvider'
  | 'UpdateCapacityProvider';

export function capacityProviderOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, Of> {
  const { capacityProviders } = parts.control;
  const allowed = async (call: AwsCall, nameOrArn: string) => {
    const name = nameOf(nameOrArn);
    await call.authorize(`lambda:${call.operation}`, capacityProviderArn(name));
    return name;
  };
  return {
    async CreateCapacityProvider(input, call) {
      const key = await allowed(call, input.CapacityProviderName);
      const { CapacityProviderName: _, Tags, ...settings } = input;
      const record = await capacityProviders.create({ key, settings: { ...settings }, tags: Tags ?? {} });
      return { CapacityProvider: told(record) };
    },
    async GetCapacityProvider(input, call) {
      const name = await allowed(call, input.CapacityProviderName);
      return { CapacityProvider: told(await capacityProviders.get(name)) };
    },
    async ListCapacityProviders(input, call) {
      await call.authorize('lambda:ListCapacityProviders', '*');
      if (input.State !== undefined && input.State !== 'Active') return { CapacityProviders: [] };
      const { records, next } = await capacityProviders.list(limits(input));
      return { CapacityProviders: records.map((record) => told(record)), ...writeMarker(next) };
    },
    async UpdateCapacityProvider(input, call) {
      const name = await allowed(call, input.CapacityProviderName);
      const { CapacityProviderName: _, ...settings } = input;
      return { CapacityProvider: told(await capacityProviders.update(name, { ...settings })) };
    },
    async DeleteCapacityProvider(input, call) {
      const name = await allowed(call, input.CapacityProviderName);
      const users = versionsOn(parts, name);
      if (users.length > 0)
        throw invalid(`Capacity provider ${name} is used by ${users[0]!.functionName}: delete that first.`);
      return { CapacityProvider: { ...told(await capacityProviders.delete(name)), State: 'Deleting' } };
    },
    async ListFunctionVersionsByCapacityProvider(input, call) {
      const name = await allowed(call, input.CapacityProviderName);
      await capacityProviders.get(name);
      const arns = versionsOn(parts, name).map(({ functionName, version }) =>
        functionArn(functionName, String(version)),
      );
      const page = pageOf(arns.toSorted(), input, (arn) => arn);
      return {
        CapacityProviderArn: capacityProviderArn(name),
        FunctionVersions: page.items.map((arn) => ({ FunctionArn: arn, State: 'Active' })),
        ...page.more,
      };
    },
  };
}

/** Versions whose configuration names the provider. */
function versionsOn({ registry }: LambdaParts, name: string): Version[] {
  const arn = capacityProviderArn(name);
  return [...registry.current().functions.values()]
    .flatMap(({ versions }) => [...versions.values()])
    .filter(({ details }) => JSON.stringify(details.aws.CapacityProviderConfig ?? null).includes(`"${arn}"`));
}

function nameOf(nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? (nameOrArn.split(':')[6] ?? '') : nameOrArn;
}

function told({ key, settings, modifiedAtMs }: LambdaRecord): CapacityProvider {
  return {
    ...(settings as unknown as Pick<CapacityProvider, 'VpcConfig' | 'PermissionsConfig'>),
    CapacityProviderArn: capacityProviderArn(key),
    State: 'Active',
    LastModified: new Date(modifiedAtMs).toISOString(),
  };
}
