/** A version as Lambda's API shows it. */
import { functionRoleName } from '../../../identity/index.ts';
import {
  ACCOUNT_ID,
  functionArn,
  LATEST,
  type LayerReference,
  REGION,
  type Version,
  versionLabel,
} from '../../../model/index.ts';
import type {
  Architecture,
  DeadLetterConfig,
  FileSystemConfig,
  FunctionConfiguration,
  ImageConfigResponse,
  Layer,
  LoggingConfig,
  Runtime,
  SnapStart,
  VpcConfig,
} from '../models/lambda.types.ts';

/** What is kept of a function under AWS's names, without effect here. Written by function-settings.ts only. */
export interface KeptFields {
  /** As it was given: a role's path is in its ARN only. */
  readonly Role?: string;
  readonly Architectures?: readonly Architecture[];
  readonly TracingConfig?: { readonly Mode: 'Active' | 'PassThrough' };
  readonly VpcConfig?: VpcConfig;
  readonly KMSKeyArn?: string;
  readonly DeadLetterConfig?: DeadLetterConfig;
  readonly FileSystemConfigs?: readonly FileSystemConfig[];
  readonly SnapStart?: SnapStart;
  readonly LoggingConfig?: LoggingConfig;
  readonly Layers?: readonly Layer[];
  readonly ImageUri?: string;
}

export interface DocumentOf {
  readonly version: Version;
  /** The qualifier that the ARN is to have; null: none. */
  readonly qualifier: string | null;
  /** Whether `$LATEST` is being changed right now. */
  readonly updating: boolean;
}

/** With the state, as everything but lists has it. */
export function functionDocument(shown: DocumentOf): FunctionConfiguration {
  const inProgress = shown.updating && shown.version.version === 0;
  return {
    ...listedDocument(shown),
    State: 'Active',
    // of published versions too: tools wait for it after they have published one
    LastUpdateStatus: inProgress ? 'InProgress' : 'Successful',
    ...(inProgress && { LastUpdateStatusReason: 'The function is being updated.' }),
  };
}

export function listedDocument({ version, qualifier }: Omit<DocumentOf, 'updating'>): FunctionConfiguration {
  const { functionName: name, config, details } = version;
  const kept = details.aws as KeptFields;
  const deadLetter = kept.DeadLetterConfig?.TargetArn ?? config.events?.deadLetter ?? undefined;
  return {
    FunctionName: name,
    FunctionArn: functionArn(name, qualifier ?? undefined),
    ...(config.image === null && { Runtime: config.runtime as Runtime, Handler: config.handler }),
    Role: roleArn(version),
    CodeSize: details.codeSize,
    Description: details.description,
    Timeout: config.timeoutMs / 1_000,
    MemorySize: config.memoryMb,
    LastModified: details.lastModified,
    CodeSha256: details.codeSha256,
    Version: versionLabel(version.version),
    RevisionId: details.revisionId,
    PackageType: config.image === null ? 'Zip' : 'Image',
    Architectures: kept.Architectures ?? ['x86_64'],
    EphemeralStorage: { Size: config.ephemeralMb },
    TracingConfig: kept.TracingConfig ?? { Mode: 'PassThrough' },
    SnapStart: { ApplyOn: kept.SnapStart?.ApplyOn ?? 'None', OptimizationStatus: 'Off' },
    LoggingConfig: kept.LoggingConfig ?? { LogFormat: 'Text', LogGroup: `/aws/lambda/${name}` },
    ...(Object.keys(config.environment).length > 0 && { Environment: { Variables: config.environment } }),
    ...(config.layers.length > 0 && { Layers: layersOf(config.layers, kept) }),
    ...(config.image === null
      ? { RuntimeVersionConfig: { RuntimeVersionArn: runtimeVersionArn(config.runtime) } }
      : imageConfigOf(config.image)),
    ...(kept.KMSKeyArn !== undefined && { KMSKeyArn: kept.KMSKeyArn }),
    ...(deadLetter !== undefined && { DeadLetterConfig: { TargetArn: deadLetter } }),
    ...(kept.FileSystemConfigs !== undefined && { FileSystemConfigs: kept.FileSystemConfigs }),
    ...(kept.VpcConfig !== undefined && { VpcConfig: { ...kept.VpcConfig, VpcId: '' } }),
  };
}

/** A version is called by its number; `$LATEST` only where one asked for it so. */
export function qualifierOf({ version }: Version, asked: string | null): string | null {
  return asked ?? (version === 0 ? null : String(version));
}

/** In lists of versions `$LATEST` has its name, too. */
export function labelOf({ version }: Version): string {
  return version === 0 ? LATEST : String(version);
}

function roleArn({ functionName, config, details }: Version): string {
  const kept = details.aws as KeptFields;
  return kept.Role ?? `arn:aws:iam::${ACCOUNT_ID}:role/${config.role ?? functionRoleName(functionName)}`;
}

function layersOf(layers: readonly LayerReference[], { Layers: known = [] }: KeptFields): Layer[] {
  return layers.map(({ arn }) => known.find((layer) => layer.Arn === arn) ?? { Arn: arn });
}

function imageConfigOf({ entryPoint, command, workingDirectory }: NonNullable<Version['config']['image']>): {
  readonly ImageConfigResponse?: ImageConfigResponse;
} {
  if (entryPoint === undefined && command === undefined && workingDirectory === undefined) return {};
  return {
    ImageConfigResponse: {
      ImageConfig: {
        ...(entryPoint !== undefined && { EntryPoint: entryPoint }),
        ...(command !== undefined && { Command: command }),
        ...(workingDirectory !== undefined && { WorkingDirectory: workingDirectory }),
      },
    },
  };
}

/** A runtime here has no versions of its own: it is what the machine has. */
function runtimeVersionArn(runtime: string): string {
  return `arn:aws:lambda:${REGION}::runtime:${runtime}`;
}
