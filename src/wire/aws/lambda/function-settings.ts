/**
 * From the parameters of CreateFunction and UpdateFunctionConfiguration to what a version is made of. What is
 * left out stays as it is; for a new function that is what AWS has by default. What has no effect here is kept
 * and shown; what cannot be had is refused by its name.
 */
import type { VersionSettings } from '../../../control/index.ts';
import {
  CONFIG_DEFAULTS,
  type FunctionConfig,
  isReservedVariable,
  type LayerReference,
  LIMITS,
  RUNTIMES,
  type RuntimeName,
} from '../../../model/index.ts';
import type {
  CreateFunctionRequest,
  Layer,
  LoggingConfig,
  UpdateFunctionConfigurationRequest,
} from '../models/lambda.types.ts';
import { AwsError } from '../protocol/index.ts';
import type { KeptFields } from './function-document.ts';
import { invalid } from './target.ts';

/** What both requests have. */
export type SettingsInput = Omit<UpdateFunctionConfigurationRequest, 'RevisionId' | 'Role'> &
  Pick<CreateFunctionRequest, 'Architectures'>;

/** The layers that were asked for, found; null: none were asked for. */
export type FoundLayers = readonly (LayerReference & { readonly bytes: number })[] | null;

/** @throws {AwsError} for what is not supported, or not valid in a way that the model does not tell */
export function checkSettings(input: SettingsInput, packageType: 'Zip' | 'Image'): void {
  refuseUnsupported(input);
  refuseAbove('memorySize', input.MemorySize, LIMITS.memoryMb.max);
  refuseAbove('timeout', input.Timeout, LIMITS.timeoutMs.max / 1_000);
  if (input.Runtime !== undefined) checkRuntime(input.Runtime);
  checkEnvironment(input.Environment?.Variables ?? {});
  if (packageType === 'Zip') {
    if (input.ImageConfig !== undefined)
      throw invalid('Please do not provide ImageConfig when the packageType is Zip.');
    return;
  }
  if (input.Runtime !== undefined || input.Handler !== undefined)
    throw invalid('Please do not provide Runtime or Handler when the packageType is Image.');
  if (input.Layers !== undefined && input.Layers.length > 0)
    throw invalid("Please don't provide a layer when the packageType is Image.");
}

const UNSUPPORTED = [
  'CapacityProviderConfig',
  'DurableConfig',
  'RuntimeConfig',
  'AcceleratorConfig',
] as const;

function refuseUnsupported(input: SettingsInput & { readonly TenancyConfig?: unknown }): void {
  const named = [...UNSUPPORTED, 'TenancyConfig' as const].find((name) => input[name] !== undefined);
  if (named !== undefined) throw invalid(`${named} is not supported.`);
  const applyOn = input.SnapStart?.ApplyOn ?? 'None';
  if (applyOn !== 'None' && /^(?:node|provided)/.test(input.Runtime ?? ''))
    throw invalid(`${input.Runtime} is not supported for SnapStart enabled functions.`);
}

/** The published model allows what only functions on capacity providers may have. */
function refuseAbove(member: string, value: number | undefined, max: number): void {
  if (value === undefined || value <= max) return;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must have value less than or equal to ${max}`,
  );
}

function checkRuntime(runtime: string): asserts runtime is RuntimeName {
  if ((RUNTIMES as readonly string[]).includes(runtime)) return;
  throw invalid(
    `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${RUNTIMES.join(', ')}] or be a valid ARN`,
  );
}

function checkEnvironment(variables: Readonly<Record<string, string>>): void {
  const unable =
    'Lambda was unable to configure your environment variables because the environment variables you have provided';
  const reserved = Object.keys(variables).filter(isReservedVariable);
  if (reserved.length > 0) {
    throw invalid(
      `${unable} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  const text = JSON.stringify(variables);
  if (Buffer.byteLength(text) > LIMITS.environmentBytes)
    throw invalid(`${unable} exceeded the 4KB limit. String measured: ${text}`);
}

const NEW: FunctionConfig = {
  ...CONFIG_DEFAULTS,
  shape: 'function',
  runtime: 'provided.al2023',
  handler: 'bootstrap',
  memoryMb: LIMITS.memoryMb.default,
  timeoutMs: LIMITS.timeoutMs.default,
  stopAfterMs: LIMITS.stopAfterMs.default,
  ephemeralMb: LIMITS.ephemeralMb.default,
  environment: {},
  database: null,
};

/** Of a function that is about to be made. */
export function newSettings(
  input: SettingsInput,
  packageType: 'Zip' | 'Image',
  layers: FoundLayers,
): VersionSettings {
  const config = packageType === 'Image' ? { ...NEW, image: {} } : NEW;
  return changedSettings(input, { config, description: '', aws: {} }, layers);
}

/** What was, with what is asked for. */
export function changedSettings(
  input: SettingsInput,
  before: VersionSettings,
  layers: FoundLayers,
): VersionSettings {
  const { config } = before;
  const { Environment: environment, ImageConfig: image } = input;
  return {
    description: input.Description ?? before.description,
    config: {
      ...config,
      runtime: (input.Runtime as RuntimeName | undefined) ?? config.runtime,
      handler: input.Handler ?? config.handler,
      memoryMb: input.MemorySize ?? config.memoryMb,
      timeoutMs: input.Timeout === undefined ? config.timeoutMs : input.Timeout * 1_000,
      ephemeralMb: input.EphemeralStorage?.Size ?? config.ephemeralMb,
      environment: environment === undefined ? config.environment : (environment.Variables ?? {}),
      layers: layers === null ? config.layers : layers.map(({ arn, artifact }) => ({ arn, artifact })),
      image: image === undefined ? config.image : startOf(image),
    },
    aws: { ...keptOf(input, before.aws as KeptFields, layers) },
  };
}

function startOf({
  EntryPoint,
  Command,
  WorkingDirectory,
}: NonNullable<SettingsInput['ImageConfig']>): NonNullable<FunctionConfig['image']> {
  return {
    ...(EntryPoint !== undefined && EntryPoint.length > 0 && { entryPoint: EntryPoint }),
    ...(Command !== undefined && Command.length > 0 && { command: Command }),
    ...(WorkingDirectory !== undefined && WorkingDirectory !== '' && { workingDirectory: WorkingDirectory }),
  };
}

/** What was kept, with what is asked for; an empty value takes away what there was, as on AWS. */
function keptOf(input: SettingsInput, before: KeptFields, layers: FoundLayers): KeptFields {
  const { Layers: _, ...others } = before;
  const sizes: readonly Layer[] =
    layers === null ? (before.Layers ?? []) : layers.map(({ arn, bytes }) => ({ Arn: arn, CodeSize: bytes }));
  const asked: KeptFields = {
    ...others,
    ...(sizes.length > 0 && { Layers: sizes }),
    ...(input.Architectures !== undefined && { Architectures: input.Architectures }),
    ...(input.TracingConfig?.Mode !== undefined && { TracingConfig: { Mode: input.TracingConfig.Mode } }),
    ...(input.VpcConfig !== undefined && { VpcConfig: vpcOf(input.VpcConfig) }),
    ...(input.KMSKeyArn !== undefined && { KMSKeyArn: input.KMSKeyArn }),
    ...(input.DeadLetterConfig !== undefined && { DeadLetterConfig: input.DeadLetterConfig }),
    ...(input.FileSystemConfigs !== undefined && { FileSystemConfigs: input.FileSystemConfigs }),
    ...(input.SnapStart?.ApplyOn !== undefined && { SnapStart: { ApplyOn: input.SnapStart.ApplyOn } }),
    ...(input.LoggingConfig !== undefined && {
      LoggingConfig: loggingOf(input.LoggingConfig, before.LoggingConfig ?? {}, input.FunctionName),
    }),
  };
  return withoutEmpty(asked);
}

function withoutEmpty({ KMSKeyArn, DeadLetterConfig, FileSystemConfigs, ...kept }: KeptFields): KeptFields {
  const target = DeadLetterConfig?.TargetArn ?? '';
  return {
    ...kept,
    ...(KMSKeyArn !== undefined && KMSKeyArn !== '' && { KMSKeyArn }),
    ...(target !== '' && { DeadLetterConfig: { TargetArn: target } }),
    ...(FileSystemConfigs !== undefined && FileSystemConfigs.length > 0 && { FileSystemConfigs }),
  };
}

function vpcOf({
  SubnetIds = [],
  SecurityGroupIds = [],
  Ipv6AllowedForDualStack = false,
}: NonNullable<SettingsInput['VpcConfig']>): NonNullable<KeptFields['VpcConfig']> {
  return { SubnetIds, SecurityGroupIds, Ipv6AllowedForDualStack };
}

/** Lines in JSON have levels, lines of text have none. */
function loggingOf(asked: LoggingConfig, before: LoggingConfig, name: string): LoggingConfig {
  const LogGroup = asked.LogGroup ?? before.LogGroup ?? `/aws/lambda/${name}`;
  const LogFormat = asked.LogFormat ?? before.LogFormat ?? 'Text';
  if (LogFormat === 'Text') return { LogFormat, LogGroup };
  return {
    LogFormat,
    ApplicationLogLevel: asked.ApplicationLogLevel ?? before.ApplicationLogLevel ?? 'INFO',
    SystemLogLevel: asked.SystemLogLevel ?? before.SystemLogLevel ?? 'INFO',
    LogGroup,
  };
}
