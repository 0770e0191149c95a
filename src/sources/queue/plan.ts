/**
 * What a trigger of a queue is to do now, from the configuration of this moment: the mapping, its function and its
 * queue. Pure.
 */
import {
  type EventSourceMapping,
  type FunctionEntry,
  type IdempotencyRule,
  LATEST,
  LIMITS,
  LIVE,
  parseQueueArn,
  sqsFilter,
} from '../../model/index.ts';
import type { Snapshot } from '../../registry/index.ts';
import type { BatchBounds } from '../batch/collector.ts';
import type { QueueRecord } from './record.ts';

export interface TriggerPlan {
  /** UUID. */
  readonly id: string;
  readonly functionName: string;
  readonly qualifier: string | null;
  readonly queue: string;
  readonly queueArn: string;
  /** Keeps the order within each group. */
  readonly fifo: boolean;
  readonly bounds: BatchBounds;
  /** Whether the function says which of a batch have failed. */
  readonly partial: boolean;
  /** Batches at once in the whole cluster; null: only the function's own limit holds. */
  readonly maxConcurrency: number | null;
  /** Batches at once on this node; 0: none may run. */
  readonly limit: number;
  /** What says that two messages are one; null: nothing does. */
  readonly idempotency: IdempotencyRule | null;
  /** How long one invocation may run. */
  readonly runMs: number;
  /** How long a message that failed stays out of sight, from when it was received. */
  readonly visibilityTimeoutMs: number;
  /** Where messages go that came too often; a name. */
  readonly deadLetter: string | null;
  /** Whether a chain of events that is too long ends here. */
  readonly endsChains: boolean;
  /** Whether the function is to get this one. */
  readonly wants: (record: QueueRecord) => boolean;
}

/** SQS's triggers on AWS, without a maximum of their own. */
const MOST_AT_ONCE = 1_000;
/** `{"Records":[]}`, and some room. */
const ENVELOPE_BYTES = 64;

/** @returns null when nothing is to be done: it is disabled, or what it connects is not there */
export function planOf(mapping: EventSourceMapping, snapshot: Snapshot): TriggerPlan | null {
  const { id, functionName, qualifier, source, enabled } = mapping;
  const queue = snapshot.queues.get(parseQueueArn(source ?? '') ?? '');
  const entry = snapshot.functions.get(functionName);
  if (!enabled || source === null || queue === undefined || entry === undefined) return null;
  const version = versionOf(entry, qualifier);
  if (version === undefined) return null;
  const { visibilityTimeoutMs, redrive, fifo } = queue.settings;
  const { bounds, partial, maxConcurrency, wants } = settingsOf(mapping);
  return {
    ...{ id, functionName, qualifier, queue: queue.name, queueArn: source, fifo: fifo !== null },
    ...{ bounds, partial, maxConcurrency, wants, visibilityTimeoutMs },
    limit: Math.min(maxConcurrency ?? MOST_AT_ONCE, entry.reserved ?? MOST_AT_ONCE),
    runMs: version.config.timeoutMs,
    idempotency: version.config.idempotency,
    deadLetter: redrive?.deadLetter ?? null,
    endsChains: entry.recursion === 'Terminate',
  };
}

function versionOf(entry: FunctionEntry, qualifier: string | null) {
  const wanted = qualifier ?? (entry.aliases.has(LIVE) ? LIVE : LATEST);
  if (wanted === LATEST) return entry.latest;
  return entry.versions.get(entry.aliases.get(wanted)?.version ?? Number(wanted));
}

interface ReadSettings extends Pick<TriggerPlan, 'bounds' | 'partial' | 'maxConcurrency' | 'wants'> {}

/** Filters are compiled once for each change of a mapping. */
const read = new WeakMap<EventSourceMapping, ReadSettings>();

function settingsOf(mapping: EventSourceMapping): ReadSettings {
  const known = read.get(mapping) ?? readSettings(mapping);
  read.set(mapping, known);
  return known;
}

/** Under AWS's names; they were checked when the mapping was stored. */
interface AwsSettings {
  readonly BatchSize?: number;
  readonly MaximumBatchingWindowInSeconds?: number;
  readonly FunctionResponseTypes?: readonly string[];
  readonly ScalingConfig?: { readonly MaximumConcurrency?: number };
  readonly FilterCriteria?: { readonly Filters?: readonly { readonly Pattern?: string }[] };
}

function readSettings({ settings }: EventSourceMapping): ReadSettings {
  const { BatchSize, MaximumBatchingWindowInSeconds, FunctionResponseTypes, ScalingConfig, FilterCriteria } =
    settings as AwsSettings;
  const patterns = (FilterCriteria?.Filters ?? []).map(({ Pattern }) => Pattern ?? '{}');
  return {
    bounds: {
      maxItems: BatchSize ?? 10,
      maxBytes: LIMITS.eventBytes - ENVELOPE_BYTES,
      windowMs: (MaximumBatchingWindowInSeconds ?? 0) * 1_000,
    },
    partial: FunctionResponseTypes?.includes('ReportBatchItemFailures') === true,
    maxConcurrency: ScalingConfig?.MaximumConcurrency ?? null,
    wants: sqsFilter(patterns),
  };
}
