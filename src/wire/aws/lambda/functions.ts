/** Functions: made, shown, listed, deleted. Their changes are in function-updates.ts. */
import { type FunctionEntry, LATEST, type Version } from '../../../model/index.ts';
import type {
  CreateFunctionRequest,
  FunctionCodeLocation,
  FunctionConfiguration,
  LambdaOperations,
} from '../models/lambda.types.ts';
import { AwsError } from '../protocol/index.ts';
import type { AwsCall, Operations } from '../service.ts';
import { refuseUnsigned } from './code-signing.ts';
import { checkCode, storeCode } from './function-code.ts';
import {
  functionDocument,
  type KeptFields,
  labelOf,
  listedDocument,
  qualifierOf,
} from './function-document.ts';
import { checkSettings, type FoundLayers, newSettings } from './function-settings.ts';
import { PAGE_ITEMS, pageOf } from './pages.ts';
import type { LambdaParts } from './parts.ts';
import { entryOf, invalid, permit, targetOf, versionOf, wholeTarget } from './target.ts';

type Of = 'CreateFunction' | 'DeleteFunction' | 'GetFunction' | 'GetFunctionConfiguration' | 'ListFunctions';

export function functionOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, Of> {
  const { functions, settings } = parts.control;
  return {
    CreateFunction: (input, call) => create(parts, input, call),
    async GetFunction(input, call) {
      const target = targetOf(input);
      await permit(parts, call, { action: 'GetFunction', target });
      const entry = entryOf(parts, target);
      const version = versionOf(entry, target);
      const tags = await settings.tags.get(target.name);
      return {
        Configuration: shown(parts, version, target.qualifier),
        Code: locationOf(parts, version, call),
        ...(Object.keys(tags).length > 0 && { Tags: tags }),
        ...(entry.reserved !== null && { Concurrency: { ReservedConcurrentExecutions: entry.reserved } }),
      };
    },
    async GetFunctionConfiguration(input, call) {
      const target = targetOf(input);
      await permit(parts, call, { action: 'GetFunctionConfiguration', target });
      return shown(parts, versionOf(entryOf(parts, target), target), target.qualifier);
    },
    async ListFunctions(input, call) {
      await call.authorize('lambda:ListFunctions', '*');
      const all = input.FunctionVersion === 'ALL';
      const { items, more } = pageOf(listed(parts, all), bounded(input), ({ key }) => key);
      return {
        Functions: items.map(({ version }) =>
          listedDocument({ version, qualifier: all ? labelOf(version) : null }),
        ),
        ...more,
      };
    },
    async DeleteFunction(input, call) {
      const target = targetOf(input);
      await permit(parts, call, { action: 'DeleteFunction', target });
      const { name, qualifier } = target;
      if (qualifier === null) await functions.delete(name);
      else await functions.deleteVersion({ name, version: deletable(qualifier) });
      return { StatusCode: 204 };
    },
  };
}

async function create(
  parts: LambdaParts,
  input: CreateFunctionRequest,
  call: AwsCall,
): Promise<FunctionConfiguration> {
  const { name } = wholeTarget(input);
  await permit(parts, call, { action: 'CreateFunction', target: { name, qualifier: null } });
  const { PackageType: packageType = 'Zip', Publish: publish = false } = input;
  if (input.PublishTo !== undefined) throw invalid('PublishTo is not supported.');
  checkSettings(input, packageType);
  if (packageType === 'Zip' && (input.Runtime === undefined || input.Handler === undefined)) {
    throw invalid(
      'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
    );
  }
  checkCode(input.Code, packageType);
  await permitPass(call, input.Role);
  const layers = await findLayers(parts, call, input.Layers);
  const made = newSettings({ ...input, FunctionName: name }, packageType, layers);
  const codeSigning = await signingOf(parts, input.CodeSigningConfigArn);
  await refuseUnsigned(parts, codeSigning);
  const { ImageUri } = input.Code;
  const version = await parts.control.functions.create({
    name,
    ...{ ...made, aws: { ...made.aws, Role: input.Role, ...(ImageUri !== undefined && { ImageUri }) } },
    roleArn: input.Role,
    artifact: await storeCode(parts, input.Code),
    tags: input.Tags ?? {},
    ...{ codeSigning, publish },
  });
  return functionDocument({ version, qualifier: null, updating: false });
}

/** As anybody asks for it: an alias's ARN is the alias's, of whichever version it shows. */
export function shown(parts: LambdaParts, version: Version, asked: string | null): FunctionConfiguration {
  const updating = parts.control.functions.updating(version.functionName);
  return functionDocument({ version, qualifier: qualifierOf(version, asked), updating });
}

/** Giving a function a role is a right of its own. */
export async function permitPass(call: AwsCall, roleArn: string): Promise<void> {
  const account = /^arn:aws:iam::(\d{12}):role\//.exec(roleArn)?.[1];
  if (account !== undefined && account !== call.accountId) {
    throw new AwsError('AccessDeniedException', 'Cross-account pass role is not allowed.', { status: 403 });
  }
  await call.authorize('iam:PassRole', roleArn, {
    context: { 'iam:PassedToService': 'lambda.amazonaws.com' },
  });
}

/** @returns null when none were asked for */
export async function findLayers(
  { control }: LambdaParts,
  call: AwsCall,
  arns: readonly string[] | undefined,
): Promise<FoundLayers> {
  if (arns === undefined) return null;
  for (const arn of arns) await call.authorize('lambda:GetLayerVersion', arn);
  const found = await control.layers.resolve(arns);
  return found.map(({ artifact, bytes }, index) => ({ arn: arns[index] as string, artifact, bytes }));
}

async function signingOf({ control }: LambdaParts, arn: string | undefined): Promise<string | null> {
  if (arn === undefined) return null;
  const id = arn.slice(arn.lastIndexOf(':') + 1);
  await control.codeSigning.get(id);
  return id;
}

function locationOf(parts: LambdaParts, version: Version, { host }: AwsCall): FunctionCodeLocation {
  const { ImageUri } = version.details.aws as KeptFields;
  if (version.config.image !== null) {
    const uri = ImageUri ?? `${version.functionName}@sha256:${version.artifact}`;
    return { RepositoryType: 'ECR', ImageUri: uri, ResolvedImageUri: uri };
  }
  return { RepositoryType: 'S3', Location: parts.packageUrl(version.artifact, host) };
}

function deletable(qualifier: string): number {
  if (qualifier === LATEST) throw invalid('$LATEST version cannot be deleted without deleting the function.');
  if (!/^\d{1,9}$/.test(qualifier)) throw invalid('Deletion of aliases is not currently supported.');
  return Number(qualifier);
}

/** AWS gives 50 at once, however many are asked for. */
export function bounded<Wanted extends { readonly MaxItems?: number | undefined }>(
  wanted: Wanted,
): Wanted & { readonly MaxItems: number } {
  return { ...wanted, MaxItems: Math.min(wanted.MaxItems ?? PAGE_ITEMS, PAGE_ITEMS) };
}

interface Listed {
  readonly key: string;
  readonly version: Version;
}

/** Sorted once for each snapshot, not for each page of it. */
const sorted = new WeakMap<ReadonlyMap<string, FunctionEntry>, { latest: Listed[]; all: Listed[] | null }>();

function listed({ registry }: LambdaParts, all: boolean): Listed[] {
  const { functions } = registry.current();
  let lists = sorted.get(functions);
  if (lists === undefined) {
    const names = [...functions.keys()].sort();
    const latest = names.map((name) => ({ key: name, version: functions.get(name)!.latest }));
    lists = { latest, all: null };
    sorted.set(functions, lists);
  }
  if (!all) return lists.latest;
  lists.all ??= lists.latest.flatMap(({ key }) => versionList(functions.get(key) as FunctionEntry));
  return lists.all;
}

/** `$LATEST`, then the published ones by number. The keys have the same order. */
export function versionList({ name, latest, versions }: FunctionEntry): Listed[] {
  const published = [...versions.values()].toSorted((a, b) => a.version - b.version);
  return [latest, ...published].map((version) => ({
    key: `${name}:${String(version.version).padStart(10, '0')}`,
    version,
  }));
}
