/**
 * Who subscribed to what, of all instances: events and lines in, batches out. Lives in the log thread, so that the
 * main loop sees no byte of what functions print here either.
 */
import type { Clock } from '../../base/index.ts';
import type { LogLine } from '../../store/index.ts';
import { deliveryTo } from './delivery.ts';
import { Subscriber } from './subscriber.ts';
import type { Subscription } from './subscription.ts';

/** An event of the platform's, as AWS's schema of the Telemetry API has it. */
export interface PlatformEvent {
  /** `platform.start`, … */
  readonly type: string;
  readonly atMs: number;
  readonly record: unknown;
}

/** Of the platform's events, those that the Logs API has too; the others came with the Telemetry API. */
const OF_LOGS: ReadonlySet<string> = new Set([
  'platform.start',
  'platform.end',
  'platform.report',
  'platform.fault',
  'platform.extension',
  'platform.logsSubscription',
]);
/** What only the Logs API has. */
const ONLY_LOGS: ReadonlySet<string> = new Set([
  'platform.end',
  'platform.fault',
  'platform.logsSubscription',
]);
const WITH_RUNTIME_DONE = '2021-03-18';

export class TelemetryHub {
  readonly #clock: Clock;
  readonly #byInstance = new Map<string, Map<string, Subscriber>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(instanceId: string): boolean {
    return this.#byInstance.has(instanceId);
  }

  subscribe(instanceId: string, host: string, subscription: Subscription): void {
    const deliver = deliveryTo(host, subscription.destination);
    const all = this.#byInstance.get(instanceId) ?? new Map<string, Subscriber>();
    this.#byInstance.set(instanceId, all);
    all.set(subscription.name, new Subscriber(subscription, deliver, this.#clock));
  }

  /** @param only the subscriber of this name; default: all */
  platform(instanceId: string, { type, atMs, record }: PlatformEvent, only?: string): void {
    for (const subscriber of this.#of(instanceId, 'platform')) {
      const { subscription } = subscriber;
      if ((only === undefined || subscription.name === only) && wants(subscription, type))
        subscriber.take(eventText(type, atMs, record));
    }
  }

  line({ instanceId, requestId, level, atMs, message }: LogLine, from: 'function' | 'extension'): void {
    if (!this.#byInstance.has(instanceId)) return;
    for (const subscriber of this.#of(instanceId, from))
      subscriber.take(eventText(from, atMs, textOf({ requestId, level, atMs, message })));
  }

  pause(instanceId: string, paused: boolean): void {
    for (const subscriber of this.#byInstance.get(instanceId)?.values() ?? []) subscriber.pause(paused);
  }

  async flush(instanceId: string): Promise<void> {
    const all = [...(this.#byInstance.get(instanceId)?.values() ?? [])];
    await Promise.all(all.map((subscriber) => subscriber.flush()));
  }

  forget(instanceId: string): void {
    this.#byInstance.delete(instanceId);
  }

  #of(instanceId: string, type: Subscription['types'][number]): Subscriber[] {
    const all = [...(this.#byInstance.get(instanceId)?.values() ?? [])];
    return all.filter(({ subscription }) => subscription.types.includes(type));
  }
}

function wants({ api, schemaVersion }: Subscription, type: string): boolean {
  if (api === 'telemetry') return !ONLY_LOGS.has(type);
  return OF_LOGS.has(type) || (type === 'platform.runtimeDone' && schemaVersion === WITH_RUNTIME_DONE);
}

function eventText(type: string, atMs: number, record: unknown): string {
  return JSON.stringify({ time: new Date(atMs).toISOString(), type, record });
}

/** As Lambda's runtimes write their lines; what a function printed by itself stays as it is. */
function textOf({
  requestId,
  level,
  atMs,
  message,
}: Pick<LogLine, 'requestId' | 'level' | 'atMs' | 'message'>) {
  if (level === null) return `${message}\n`;
  return `${new Date(atMs).toISOString()}\t${requestId ?? 'undefined'}\t${level}\t${message}\n`;
}
