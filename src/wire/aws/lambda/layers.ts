/** Layers and their versions, and who may use them. */
import { type LayerKey, layerArn, layerVersionArn, parseLayerVersionArn } from '../../../control/index.ts';
import { policyDocument } from '../../../model/index.ts';
import type { LayerVersion } from '../../../store/index.ts';
import type {
  Architecture,
  GetLayerVersionResponse,
  LambdaOperations,
  LayerVersionContentInput,
  LayerVersionsListItem,
  Runtime,
} from '../models/lambda.types.ts';
import type { AwsCall, Operations } from '../service.ts';
import { limits, writeMarker } from './pages.ts';
import type { LambdaParts, StoredPackage } from './parts.ts';
import { invalid } from './target.ts';

type Of =
  | 'DeleteLayerVersion'
  | 'GetLayerVersion'
  | 'GetLayerVersionByArn'
  | 'ListLayers'
  | 'ListLayerVersions'
  | 'PublishLayerVersion';

export function layerOperations(parts: LambdaParts): Pick<Operations<LambdaOperations>, Of> {
  const { layers } = parts.control;
  const get = async (key: LayerKey, call: AwsCall) => {
    await permitLayer(parts, call, key);
    return answerOf(parts, await layers.get(key), call);
  };
  return {
    async PublishLayerVersion(input, call) {
      const name = layerName(input.LayerName);
      await call.authorize('lambda:PublishLayerVersion', layerArn(name));
      const stored = await packageOf(parts, input.Content);
      const layer = await layers.publish({
        name,
        artifact: stored.digest,
        bytes: stored.bytes,
        unpackedBytes: stored.unpackedBytes,
        description: input.Description ?? '',
        license: input.LicenseInfo ?? '',
        runtimes: input.CompatibleRuntimes ?? [],
        architectures: input.CompatibleArchitectures ?? [],
      });
      return answerOf(parts, layer, call);
    },
    GetLayerVersion: (input, call) => get(keyOf(input), call),
    GetLayerVersionByArn(input, call) {
      const key = parseLayerVersionArn(input.Arn);
      if (key === null) throw invalid(`Layer version ${input.Arn} is not of this account and region.`);
      return get(key, call);
    },
    async ListLayers(input, call) {
      await call.authorize('lambda:ListLayers', '*');
      const page = await layers.list({ ...filterOf(input), ...limits(input) });
      return {
        Layers: page.layers.map((layer) => ({
          LayerName: layer.name,
          LayerArn: layerArn(layer.name),
          LatestMatchingVersion: itemOf(layer),
        })),
        ...writeMarker(page.next),
      };
    },
    async ListLayerVersions(input, call) {
      const name = layerName(input.LayerName);
      await call.authorize('lambda:ListLayerVersions', layerArn(name));
      const page = await layers.versions(name, { ...filterOf(input), ...limits(input) });
      return { LayerVersions: page.layers.map(itemOf), ...writeMarker(page.next) };
    },
    async DeleteLayerVersion(input, call) {
      const key = keyOf(input);
      await call.authorize('lambda:DeleteLayerVersion', layerVersionArn(key));
      await layers.delete(key);
      return {};
    },
  };
}

type PermissionOf = 'AddLayerVersionPermission' | 'GetLayerVersionPolicy' | 'RemoveLayerVersionPermission';

export function layerPermissionOperations(
  parts: LambdaParts,
): Pick<Operations<LambdaOperations>, PermissionOf> {
  const { layers } = parts.control;
  const allowed = async (call: AwsCall, input: Parameters<typeof keyOf>[0]) => {
    const key = keyOf(input);
    await call.authorize(`lambda:${call.operation}`, layerVersionArn(key));
    return key;
  };
  return {
    async AddLayerVersionPermission(input, call) {
      const made = await layers.addPermission(await allowed(call, input), {
        statementId: input.StatementId,
        action: input.Action,
        principal: input.Principal,
        organizationId: input.OrganizationId ?? null,
        revisionId: input.RevisionId ?? null,
      });
      return { Statement: made.statement, RevisionId: made.revisionId };
    },
    async GetLayerVersionPolicy(input, call) {
      const { policy, revisionId } = await layers.policy(await allowed(call, input));
      return { Policy: policy, RevisionId: revisionId };
    },
    async RemoveLayerVersionPermission(input, call) {
      await layers.removePermission(await allowed(call, input), {
        statementId: input.StatementId,
        revisionId: input.RevisionId ?? null,
      });
      return {};
    },
  };
}

/** A layer may be open to callers that no policy of their own allows it to. */
async function permitLayer({ control }: LambdaParts, call: AwsCall, key: LayerKey): Promise<void> {
  const layer = await control.layers.get(key).catch(() => null);
  const policy = layer?.policy ?? null;
  const resourcePolicies = policy === null ? [] : [policyDocument(policy)];
  await call.authorize('lambda:GetLayerVersion', layerVersionArn(key), { resourcePolicies });
}

/** @throws {AwsError} for a bucket: there are none here yet */
async function packageOf(parts: LambdaParts, content: LayerVersionContentInput): Promise<StoredPackage> {
  if (content.S3Bucket !== undefined || content.S3Key !== undefined)
    throw invalid('Content.S3Bucket and Content.S3Key are not supported here yet: send Content.ZipFile.');
  if (content.ZipFile === undefined)
    throw invalid('Please provide a source for layer version content: Content.ZipFile.');
  return await parts.putPackage(content.ZipFile);
}

function keyOf(input: { readonly LayerName: string; readonly VersionNumber: number }): LayerKey {
  return { name: layerName(input.LayerName), version: input.VersionNumber };
}

/** A layer is named by its name or its ARN. */
function layerName(text: string): string {
  if (!text.startsWith('arn:')) return text;
  const name = text.split(':')[6] ?? '';
  if (text !== layerArn(name)) throw invalid(`Layer ${text} is not of this account and region.`);
  return name;
}

interface Filters {
  readonly CompatibleRuntime?: string | undefined;
  readonly CompatibleArchitecture?: string | undefined;
}

function filterOf({ CompatibleRuntime, CompatibleArchitecture }: Filters) {
  return { runtime: CompatibleRuntime ?? null, architecture: CompatibleArchitecture ?? null };
}

function itemOf(layer: LayerVersion): LayerVersionsListItem {
  return {
    LayerVersionArn: layerVersionArn(layer),
    Version: layer.version,
    Description: layer.description,
    CreatedDate: dateOf(layer.createdAtMs),
    ...(layer.runtimes.length > 0 && { CompatibleRuntimes: layer.runtimes as Runtime[] }),
    ...(layer.license !== '' && { LicenseInfo: layer.license }),
    ...(layer.architectures.length > 0 && {
      CompatibleArchitectures: layer.architectures as Architecture[],
    }),
  };
}

function answerOf(parts: LambdaParts, layer: LayerVersion, { host }: AwsCall): GetLayerVersionResponse {
  return {
    ...itemOf(layer),
    LayerArn: layerArn(layer.name),
    Content: {
      Location: parts.packageUrl(layer.artifact, host),
      CodeSha256: Buffer.from(layer.artifact, 'hex').toString('base64'),
      CodeSize: layer.bytes,
    },
  };
}

/** As AWS writes it: `2026-03-01T12:00:00.000+0000`. */
function dateOf(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '+0000');
}
