/**
 * What a mapping may ask of each kind of source, and what it gets where it does not ask: AWS's rules, as a
 * table. Pure.
 */
import { Fault } from '../../base/index.ts';
import { PatternError, sqsFilter } from '../../model/index.ts';

/** Under AWS's names; what is undefined was not said. */
export type MappingSettings = Readonly<Record<string, unknown>>;

export type SourceKind = 'sqs' | 'kinesis' | 'dynamodb' | 'msk' | 'self-managed-kafka' | 'mq' | 'documentdb';

interface Rules {
  readonly defaults: MappingSettings;
  /** Largest `BatchSize`. */
  readonly maxBatch: number;
  /** Where reading begins must be said; else it must not be. */
  readonly starts: boolean;
  /** Starting positions that the source knows. */
  readonly positions?: readonly string[];
  /** What may be said, beyond what every mapping has. */
  readonly takes: readonly string[];
}

const EVERY = ['BatchSize', 'FilterCriteria', 'KMSKeyArn', 'MaximumBatchingWindowInSeconds'];
const STREAM = [
  'StartingPosition',
  'StartingPositionTimestamp',
  'ParallelizationFactor',
  'DestinationConfig',
  'MaximumRecordAgeInSeconds',
  'BisectBatchOnFunctionError',
  'MaximumRetryAttempts',
  'TumblingWindowInSeconds',
  'FunctionResponseTypes',
  'MetricsConfig',
  'LoggingConfig',
];
const KAFKA = [
  'StartingPosition',
  'StartingPositionTimestamp',
  'Topics',
  'SourceAccessConfigurations',
  'DestinationConfig',
  'ProvisionedPollerConfig',
  'MetricsConfig',
  'LoggingConfig',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'BisectBatchOnFunctionError',
  'FunctionResponseTypes',
];
const STREAM_DEFAULTS = {
  BatchSize: 100,
  MaximumBatchingWindowInSeconds: 0,
  ParallelizationFactor: 1,
  DestinationConfig: { OnFailure: {} },
  MaximumRecordAgeInSeconds: -1,
  BisectBatchOnFunctionError: false,
  MaximumRetryAttempts: -1,
  TumblingWindowInSeconds: 0,
  FunctionResponseTypes: [],
} as const;
const POLLER_DEFAULTS = { BatchSize: 100, MaximumBatchingWindowInSeconds: 0 } as const;

const RULES: Readonly<Record<SourceKind, Rules>> = {
  sqs: {
    defaults: { BatchSize: 10, MaximumBatchingWindowInSeconds: 0, FunctionResponseTypes: [] },
    maxBatch: 10_000,
    starts: false,
    takes: ['ScalingConfig', 'FunctionResponseTypes', 'MetricsConfig', 'ProvisionedPollerConfig'],
  },
  kinesis: {
    defaults: STREAM_DEFAULTS,
    maxBatch: 10_000,
    starts: true,
    takes: STREAM,
  },
  dynamodb: {
    defaults: STREAM_DEFAULTS,
    maxBatch: 10_000,
    starts: true,
    positions: ['LATEST', 'TRIM_HORIZON'],
    takes: STREAM,
  },
  msk: {
    defaults: POLLER_DEFAULTS,
    maxBatch: 10_000,
    starts: true,
    takes: [...KAFKA, 'AmazonManagedKafkaEventSourceConfig'],
  },
  'self-managed-kafka': {
    defaults: POLLER_DEFAULTS,
    maxBatch: 10_000,
    starts: true,
    takes: [...KAFKA, 'SelfManagedEventSource', 'SelfManagedKafkaEventSourceConfig'],
  },
  mq: {
    defaults: POLLER_DEFAULTS,
    maxBatch: 10_000,
    starts: false,
    takes: ['Queues', 'SourceAccessConfigurations'],
  },
  documentdb: {
    defaults: POLLER_DEFAULTS,
    maxBatch: 10_000,
    starts: true,
    takes: [
      'StartingPosition',
      'StartingPositionTimestamp',
      'DocumentDBEventSourceConfig',
      'SourceAccessConfigurations',
    ],
  },
};

const SERVICES: Readonly<Record<string, SourceKind>> = {
  sqs: 'sqs',
  kinesis: 'kinesis',
  dynamodb: 'dynamodb',
  kafka: 'msk',
  mq: 'mq',
  rds: 'documentdb',
};

/** @throws {Fault} `parameter-invalid` when it is no source of events */
export function sourceKind(arn: string | null, settings: MappingSettings): SourceKind {
  if (arn === null) {
    if (settings.SelfManagedEventSource !== undefined) return 'self-managed-kafka';
    throw invalid('EventSourceArn', 'EventSourceArn or SelfManagedEventSource is required.');
  }
  const kind = SERVICES[arn.split(':')[2] ?? ''];
  if (kind === undefined) throw invalid('EventSourceArn', `Unrecognized event source: ${arn}`);
  return kind;
}

/**
 * Checks what was asked for against the source's rules, and fills in AWS's defaults.
 *
 * @param arn null: the source is named within the settings
 * @throws {Fault} `parameter-invalid`, naming the parameter
 */
export function mappingSettings(arn: string | null, wanted: MappingSettings): MappingSettings {
  const kind = sourceKind(arn, wanted);
  const rules = RULES[kind];
  for (const key of Object.keys(wanted)) {
    if (wanted[key] === undefined || EVERY.includes(key) || rules.takes.includes(key)) continue;
    throw invalid(key, `Unsupported ${key} parameter for given event source mapping type.`);
  }
  checkStart(rules, wanted);
  const settings = { ...rules.defaults, ...withoutUndefined(wanted) };
  checkBatch({ kind, arn, maxBatch: rules.maxBatch }, settings);
  checkFilters(settings);
  return settings;
}

function checkStart({ starts, positions }: Rules, wanted: MappingSettings): void {
  const position = wanted.StartingPosition;
  if (!starts) return;
  if (position === undefined)
    throw invalid(
      'StartingPosition',
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    );
  if (positions !== undefined && !positions.includes(String(position)))
    throw invalid('StartingPosition', `Unsupported starting position for this event source: ${position}`);
  if ((position === 'AT_TIMESTAMP') !== (wanted.StartingPositionTimestamp !== undefined))
    throw invalid(
      'StartingPositionTimestamp',
      'StartingPositionTimestamp must be provided with AT_TIMESTAMP, and only with it.',
    );
}

function checkBatch(
  { kind, arn, maxBatch }: { kind: SourceKind; arn: string | null; maxBatch: number },
  settings: MappingSettings,
): void {
  const size = Number(settings.BatchSize);
  const windowSeconds = Number(settings.MaximumBatchingWindowInSeconds);
  if (size > maxBatch)
    throw invalid('BatchSize', `Maximum batch size for the specified event source is ${maxBatch}`);
  if (kind !== 'sqs') return;
  const fifo = arn?.endsWith('.fifo') === true;
  if (fifo && size > 10) throw invalid('BatchSize', 'Maximum batch size for FIFO queues is 10.');
  if (fifo && windowSeconds > 0)
    throw invalid('MaximumBatchingWindowInSeconds', 'Batching window is not supported for FIFO queues.');
  if (size > 10 && windowSeconds === 0)
    throw invalid(
      'MaximumBatchingWindowInSeconds',
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
}

/** Filters of one mapping (AWS: 5). */
const MAX_FILTERS = 5;

function checkFilters(settings: MappingSettings): void {
  const criteria = settings.FilterCriteria as
    | { readonly Filters?: readonly { readonly Pattern?: string }[] }
    | undefined;
  const filters = criteria?.Filters ?? [];
  if (filters.length > MAX_FILTERS)
    throw invalid(
      'FilterCriteria',
      `At most ${MAX_FILTERS} filters are allowed; these are ${filters.length}.`,
    );
  for (const { Pattern } of filters) {
    if (Pattern !== undefined && !isPattern(Pattern)) {
      throw invalid('FilterCriteria', 'Invalid filter pattern definition.');
    }
  }
}

function isPattern(text: string): boolean {
  try {
    sqsFilter([text]);
    return true;
  } catch (error) {
    if (error instanceof PatternError) return false;
    throw error;
  }
}

function withoutUndefined(settings: MappingSettings): MappingSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function invalid(parameter: string, message: string): Fault {
  return new Fault('parameter-invalid', message, { facts: { parameter } });
}
