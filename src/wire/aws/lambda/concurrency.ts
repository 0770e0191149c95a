/** Reserved and provisioned concurrency. */
import { type FunctionEntry, functionArn, provisionedAt, type Version } from '../../../model/index.ts';
import type {
  GetProvisionedConcurrencyConfigResponse as Config,
  LambdaOperations,
} from '../models/lambda.types.ts';
import { AwsError } from '../protocol/index.ts';
import type { AwsCall, Operations } from '../service.ts';
import { bounded } from './functions.ts';
import { pageOf } from './pages.ts';
import type { LambdaParts } from './parts.ts';
import { entryOf, permit, type Target, targetOf, wholeTarget } from './target.ts';

type ReservedOf = 'DeleteFunctionConcurrency' | 'GetFunctionConcurrency' | 'PutFunctionConcurrency';

export function reservedOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, ReservedOf> {
  const { concurrency } = parts.control.functions;
  const allowed = async (call: AwsCall, input: { readonly FunctionName: string }) => {
    const target = wholeTarget(input);
    await permit(parts, call, { action: call.operation, target });
    return { name: target.name, entry: entryOf(parts, target) };
  };
  return {
    async PutFunctionConcurrency(input, call) {
      const { name } = await allowed(call, input);
      const { ReservedConcurrentExecutions: reserved } = input;
      await concurrency.reserve({ name, reserved });
      return { ReservedConcurrentExecutions: reserved };
    },
    async GetFunctionConcurrency(input, call) {
      const { reserved } = (await allowed(call, input)).entry;
      return reserved === null ? {} : { ReservedConcurrentExecutions: reserved };
    },
    async DeleteFunctionConcurrency(input, call) {
      const { name } = await allowed(call, input);
      await concurrency.reserve({ name, reserved: null });
      return {};
    },
  };
}

type ProvisionedOf =
  | 'DeleteProvisionedConcurrencyConfig'
  | 'GetProvisionedConcurrencyConfig'
  | 'ListProvisionedConcurrencyConfigs'
  | 'PutProvisionedConcurrencyConfig';

export function provisionedOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, ProvisionedOf> {
  const { concurrency } = parts.control.functions;
  const allowed = async (call: AwsCall, input: Parameters<typeof targetOf>[0]) => {
    const target = targetOf(input);
    await permit(parts, call, { action: call.operation, target });
    return { ...target, qualifier: target.qualifier ?? '', entry: entryOf(parts, target) };
  };
  return {
    async PutProvisionedConcurrencyConfig(input, call) {
      const { name, qualifier } = await allowed(call, input);
      const { ProvisionedConcurrentExecutions: count } = input;
      await concurrency.provision({ name, qualifier, count });
      return await configOf(parts, { name, qualifier });
    },
    async GetProvisionedConcurrencyConfig(input, call) {
      const { name, qualifier } = await allowed(call, input);
      return await configOf(parts, { name, qualifier });
    },
    async DeleteProvisionedConcurrencyConfig(input, call) {
      const { name, qualifier } = await allowed(call, input);
      await concurrency.provision({ name, qualifier, count: 0 });
      return {};
    },
    async ListProvisionedConcurrencyConfigs(input, call) {
      const target = wholeTarget(input);
      await permit(parts, call, { action: call.operation, target });
      const entry = entryOf(parts, target);
      const changes = await concurrency.provisionedChanges(target.name);
      const found = [...provisionedBy(parts, entry)].toSorted(([a], [b]) => (a < b ? -1 : 1));
      const { items, more } = pageOf(found, bounded(input), ([qualifier]) => qualifier);
      const ProvisionedConcurrencyConfigs = items.map(([qualifier, count]) => ({
        FunctionArn: functionArn(target.name, qualifier),
        ...stateOf(parts, entry, { qualifier, count, changedMs: changes.get(qualifier) ?? 0 }),
      }));
      return { ProvisionedConcurrencyConfigs, ...more };
    },
  };
}

async function configOf(
  parts: LambdaParts,
  { name, qualifier }: Target & { readonly qualifier: string },
): Promise<Config> {
  const entry = entryOf(parts, { name, qualifier });
  const count = provisionedBy(parts, entry).get(qualifier);
  if (count === undefined) {
    throw new AwsError(
      'ProvisionedConcurrencyConfigNotFoundException',
      'No Provisioned Concurrency Config found for this function',
      { members: { Type: 'User' } },
    );
  }
  const changes = await parts.control.functions.concurrency.provisionedChanges(name);
  return stateOf(parts, entry, { qualifier, count, changedMs: changes.get(qualifier) ?? 0 });
}

/** What is wanted now, by qualifier. */
function provisionedBy({ clock }: LambdaParts, { aliases, provisioned }: FunctionEntry): Map<string, number> {
  const nowMs = clock.wallMs();
  const byAlias = [...aliases.values()].map(
    (alias) => [alias.name, provisionedAt(alias, nowMs).count] as const,
  );
  const byVersion = [...provisioned].map(([version, count]) => [String(version), count] as const);
  return new Map([...byAlias, ...byVersion].filter(([, count]) => count > 0));
}

interface Wanted {
  readonly qualifier: string;
  readonly count: number;
  readonly changedMs: number;
}

/** What of it stands ready on this node. */
function stateOf(parts: LambdaParts, entry: FunctionEntry, { qualifier, count, changedMs }: Wanted): Config {
  const states = versionsOf(entry, qualifier).map((version) => parts.provisionedOf(version));
  const ready = states.reduce((sum, state) => sum + state.ready, 0);
  const available = Math.min(count, ready);
  const problem = states.find((state) => state.problem !== null)?.problem ?? null;
  const failed = available < count && problem !== null;
  return {
    RequestedProvisionedConcurrentExecutions: count,
    AllocatedProvisionedConcurrentExecutions: available,
    AvailableProvisionedConcurrentExecutions: available,
    Status: available === count ? 'READY' : failed ? 'FAILED' : 'IN_PROGRESS',
    ...(failed && { StatusReason: problem instanceof Error ? problem.message : String(problem) }),
    LastModified: new Date(changedMs).toISOString().replace('Z', '+0000'),
  };
}

function versionsOf({ aliases, versions }: FunctionEntry, qualifier: string): Version[] {
  const alias = aliases.get(qualifier);
  const numbers =
    alias === undefined
      ? [Number(qualifier)]
      : [alias.version, ...(alias.second === null ? [] : [alias.second.version])];
  return numbers.flatMap((number) => versions.get(number) ?? []);
}
