/** Aliases: names that point at a version, or share calls between two. */
import { type Alias, functionArn, LATEST, versionLabel } from '../../../model/index.ts';
import type {
  AliasConfiguration,
  AliasRoutingConfiguration,
  LambdaOperations,
} from '../models/lambda.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import { bounded } from './functions.ts';
import { pageOf } from './pages.ts';
import type { LambdaParts } from './parts.ts';
import { entryOf, invalid, notFound, permit, type Target, wholeTarget } from './target.ts';

type Of = 'CreateAlias' | 'DeleteAlias' | 'GetAlias' | 'ListAliases' | 'UpdateAlias';

export function aliasOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, Of> {
  const { aliases } = parts.control.functions;
  /** The rights are those to the function, as AWS has it for aliases. */
  const allowed = async (call: AwsCall, input: { readonly FunctionName: string }): Promise<Target> => {
    const target = wholeTarget(input);
    await permit(parts, call, { action: call.operation, target });
    return target;
  };
  return {
    async CreateAlias(input, call) {
      const { name } = await allowed(call, input);
      const alias = await aliases.create({
        ...{ name, alias: input.Name, version: numberOf(input.FunctionVersion) },
        second: secondOf(input.RoutingConfig),
        description: input.Description ?? '',
      });
      return aliasDocument(name, alias);
    },
    async UpdateAlias(input, call) {
      const { name } = await allowed(call, input);
      const { FunctionVersion, Description, RoutingConfig } = input;
      const points = {
        version: FunctionVersion === undefined ? undefined : numberOf(FunctionVersion),
        second: RoutingConfig === undefined ? undefined : secondOf(RoutingConfig),
        description: Description,
      };
      const revisionId = input.RevisionId ?? null;
      return aliasDocument(name, await aliases.update({ name, alias: input.Name, revisionId, points }));
    },
    async GetAlias(input, call) {
      const target = await allowed(call, input);
      const alias = entryOf(parts, target).aliases.get(input.Name);
      if (alias === undefined)
        throw notFound(`Cannot find alias arn: ${functionArn(target.name, input.Name)}`);
      return aliasDocument(target.name, alias);
    },
    async ListAliases(input, call) {
      const target = await allowed(call, input);
      const version = input.FunctionVersion === undefined ? null : numberOf(input.FunctionVersion);
      const found = [...entryOf(parts, target).aliases.values()]
        .filter((alias) => version === null || alias.version === version || alias.second?.version === version)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const { items, more } = pageOf(found, bounded(input), (alias) => alias.name);
      return { Aliases: items.map((alias) => aliasDocument(target.name, alias)), ...more };
    },
    async DeleteAlias(input, call) {
      const { name } = await allowed(call, input);
      await aliases.delete({ name, alias: input.Name });
      return {};
    },
  };
}

function aliasDocument(name: string, { second, ...alias }: Alias): AliasConfiguration {
  return {
    AliasArn: functionArn(name, alias.name),
    Name: alias.name,
    FunctionVersion: versionLabel(alias.version),
    Description: alias.description,
    ...(second !== null && {
      RoutingConfig: { AdditionalVersionWeights: { [second.version]: second.weight } },
    }),
    RevisionId: alias.revisionId,
  };
}

/** Numbers that no version can have are none that exists. */
function numberOf(version: string): number {
  if (version === LATEST) return 0;
  const number = Number(version);
  if (number === 0 || number >= 2 ** 31) throw notFound(`Function not found: version ${version}`);
  return number;
}

/** @returns null for an empty one, which takes away what there was */
function secondOf(routing: AliasRoutingConfiguration | undefined): Alias['second'] {
  const weights = Object.entries(routing?.AdditionalVersionWeights ?? {});
  if (weights.length > 1)
    throw invalid('Number of items in AdditionalVersionWeights cannot be greater than 1');
  const [first] = weights;
  return first === undefined ? null : { version: numberOf(first[0]), weight: first[1] };
}
