/** The function an event is for, as the registry has it at this moment, and what is to happen with its events. */
import { Fault } from '../base/index.ts';
import {
  type FunctionEntry,
  functionArn,
  LATEST,
  LIMITS,
  LIVE,
  parseFunctionReference,
  parseQueueArn,
  type QueueEntry,
  type Version,
} from '../model/index.ts';
import { type ClaimedEvent, functionNotFound, qualifierNotFound } from '../store/index.ts';

export interface Directory {
  current(): {
    readonly functions: ReadonlyMap<string, FunctionEntry>;
    readonly queues: ReadonlyMap<string, QueueEntry>;
  };
}

export interface EventTarget {
  readonly entry: FunctionEntry;
  /** An alias, a version or `$LATEST`; never null. */
  readonly qualifier: string;
  readonly version: Version;
}

/** How often, how long, and where to then. */
export interface EventPolicy {
  readonly functionArn: string;
  readonly retries: number;
  readonly maxAgeMs: number;
  /** ARNs. */
  readonly onSuccess: string | null;
  readonly onFailure: string | null;
  readonly deadLetter: string | null;
}

/** @throws {Fault} `function-not-found`, `version-not-found` */
export function eventTarget(directory: Directory, name: string, wanted: string | null): EventTarget {
  const entry = directory.current().functions.get(name);
  if (entry === undefined) throw functionNotFound(name);
  const qualifier = wanted ?? (entry.aliases.has(LIVE) ? LIVE : LATEST);
  const version = versionOf(entry, qualifier);
  if (version === undefined) throw qualifierNotFound(name, qualifier);
  return { entry, qualifier, version };
}

function versionOf(entry: FunctionEntry, qualifier: string): Version | undefined {
  if (qualifier === LATEST) return entry.latest;
  const alias = entry.aliases.get(qualifier);
  if (alias !== undefined) return entry.versions.get(alias.version);
  return /^[1-9]\d{0,8}$/.test(qualifier) ? entry.versions.get(Number(qualifier)) : undefined;
}

/**
 * @param wanted the qualifier that the event came with: without one, what is set for the function itself holds
 *   where nothing is set for `live`
 * @param terms of the event itself
 */
export function eventPolicy(
  { entry, qualifier, version }: EventTarget,
  { qualifier: wanted, terms }: Pick<ClaimedEvent, 'qualifier' | 'terms'>,
): EventPolicy {
  const { eventRetries, eventAgeMs } = LIMITS;
  const key = qualifier === LATEST ? '' : qualifier;
  const config = entry.eventInvoke.get(key) ?? (wanted === null ? entry.eventInvoke.get('') : undefined);
  const own = version.config.events;
  const ageMs =
    config?.maximumEventAgeSeconds == null
      ? (own?.maxAgeMs ?? eventAgeMs.default)
      : config.maximumEventAgeSeconds * 1_000;
  return {
    functionArn: functionArn(entry.name, qualifier),
    retries: terms?.retries ?? config?.maximumRetryAttempts ?? own?.retries ?? eventRetries.default,
    maxAgeMs: terms?.maxAgeMs ?? ageMs,
    onSuccess: config?.onSuccess ?? own?.onSuccess ?? null,
    onFailure: config?.onFailure ?? own?.onFailure ?? null,
    deadLetter: terms?.deadLetter === undefined ? deadLetterOf(version) : terms.deadLetter,
  };
}

function deadLetterOf({ config, details }: Version): string | null {
  const given = details.aws.DeadLetterConfig as { readonly TargetArn?: unknown } | null | undefined;
  const arn = given?.TargetArn;
  return typeof arn === 'string' && arn !== '' ? arn : (config.events?.deadLetter ?? null);
}

/** Who a destination's ARN names. */
export type Destination =
  | { readonly kind: 'function'; readonly entry: FunctionEntry; readonly qualifier: string | null }
  | { readonly kind: 'queue'; readonly queue: QueueEntry };

/**
 * Looks up a destination. A function without a qualifier is `$LATEST`, as on AWS; of a function of an app, whose
 * `$LATEST` nobody calls, it is what `skein invoke` calls. A FIFO queue is none: who tells it names no group.
 *
 * @returns null when the ARN names nobody who is here
 */
export function destinationOf(directory: Directory, arn: string): Destination | null {
  const name = parseQueueArn(arn);
  const queue = name === null ? undefined : directory.current().queues.get(name);
  if (queue !== undefined) return queue.settings.fifo === null ? { kind: 'queue', queue } : null;
  const reference = arn.includes(':lambda:') ? parseFunctionReference(arn) : null;
  if (reference === null) return null;
  try {
    const { entry } = eventTarget(directory, reference.name, reference.qualifier);
    const qualifier = reference.qualifier ?? (entry.app === null ? LATEST : null);
    return { kind: 'function', entry, qualifier };
  } catch (error) {
    if (error instanceof Fault) return null;
    throw error;
  }
}
