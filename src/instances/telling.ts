/**
 * What the platform tells extensions that subscribed: the events of an instance's life, as AWS's schema of the
 * Telemetry API has them. Nothing is built where nobody listens.
 */
import type { InstanceTelemetry } from '../logs/index.ts';
import { type UsageRecord, type Version, versionLabel } from '../model/index.ts';
import type { Extensions, Setup, Work } from '../runtimes/index.ts';
import type { RunResult } from './run-result.ts';

const BYTES_PER_MB = 2 ** 20;

/** Of an instance that initialises. */
export interface InitTelling {
  start(): void;
  /** @param errorType null: it succeeded */
  runtimeDone(errorType: string | null): void;
  /** All extensions are ready. */
  ready(extensions: Extensions): void;
  /** @param errorType null: it succeeded */
  report(durationMs: number, errorType: string | null): void;
}

export function initTelling(telemetry: InstanceTelemetry, { config }: Version, setup: Setup): InitTelling {
  const common = { initializationType: setup.initializationType, phase: 'init' };
  const ended = (errorType: string | null) =>
    errorType === null ? { status: 'success' } : { status: 'error', errorType };
  return {
    start: () =>
      telemetry.emit('platform.initStart', {
        ...common,
        runtimeVersion: config.runtime,
        functionName: setup.functionName,
        functionVersion: versionLabel(setup.version),
        instanceId: setup.logStream,
        instanceMaxMemory: config.memoryMb * BYTES_PER_MB,
      }),
    runtimeDone: (errorType) =>
      telemetry.emit('platform.initRuntimeDone', { ...common, ...ended(errorType) }),
    ready(extensions) {
      for (const { name, events } of extensions.all())
        telemetry.emit('platform.extension', { name, state: 'Ready', events: [...events] });
    },
    report(durationMs, errorType) {
      telemetry.emit('platform.initReport', { ...common, ...ended(errorType), metrics: { durationMs } });
      telemetry.close();
    },
  };
}

/** Of an instance's invocations. */
export interface InvokeTelling {
  start(work: Work): void;
  /** The runtime has answered, or never will. */
  answered(result: RunResult, producedBytes: number): void;
  /** The runtime is done with it. */
  runtimeDone(): void;
  report(record: UsageRecord): void;
}

interface Current {
  readonly work: Work;
  readonly startedMs: number;
  readonly startedAtMs: number;
  answer: { readonly atMs: number; readonly result: RunResult; readonly bytes: number } | null;
}

export function invokeTelling(
  telemetry: InstanceTelemetry,
  { version }: Version,
  clock: { nowMs(): number; wallMs(): number },
): InvokeTelling {
  let current: Current | null = null;
  return {
    start(work) {
      if (!telemetry.active) return;
      const startedAtMs = clock.wallMs();
      current = { work, startedMs: clock.nowMs(), startedAtMs, answer: null };
      const requestId = work.requestId;
      telemetry.emit('platform.start', { requestId, version: versionLabel(version), ...tracingOf(work) });
    },
    answered(result, bytes) {
      if (current !== null) current.answer = { atMs: clock.nowMs(), result, bytes };
    },
    runtimeDone() {
      if (current === null) return;
      const { work, startedMs, startedAtMs, answer } = current;
      current = null;
      const durationMs = round(clock.nowMs() - startedMs);
      const latencyMs = round((answer?.atMs ?? clock.nowMs()) - startedMs);
      const start = new Date(startedAtMs).toISOString();
      telemetry.emit('platform.runtimeDone', {
        requestId: work.requestId,
        ...statusOf(answer?.result ?? null),
        metrics: { durationMs, producedBytes: answer?.bytes ?? 0 },
        spans: [{ name: 'responseLatency', start, durationMs: latencyMs }],
        ...tracingOf(work),
      });
    },
    report(record) {
      if (!telemetry.active) return;
      const requestId = record.attemptId;
      const failed = record.outcome !== 'ok';
      if (record.outcome === 'crash' || record.outcome === 'timeout')
        telemetry.emit('platform.fault', `RequestId: ${requestId} Process exited before completing request`);
      telemetry.emit('platform.end', { requestId });
      telemetry.emit('platform.report', {
        requestId,
        status: record.outcome === 'timeout' ? 'timeout' : failed ? 'error' : 'success',
        ...(failed && record.errorType !== null && { errorType: record.errorType }),
        metrics: {
          durationMs: record.durationMs,
          billedDurationMs: record.billedMs,
          memorySizeMB: record.memoryMb,
          maxMemoryUsedMB: record.maxMemoryMb,
          ...(record.initMs !== null && { initDurationMs: record.initMs }),
        },
      });
    },
  };
}

function statusOf(result: RunResult | null): { status: string; errorType?: string } {
  if (result === null || result.kind === 'timeout') return { status: 'timeout' };
  if (result.kind === 'error') return { status: 'error', errorType: result.error.errorType };
  if (result.kind === 'extension') return { status: 'error', errorType: result.failure.errorType };
  if (result.kind === 'exit') return { status: 'error', errorType: 'Runtime.ExitError' };
  return { status: 'success' };
}

function tracingOf({ traceId }: Work): object {
  return traceId === null ? {} : { tracing: { type: 'X-Amzn-Trace-Id', value: traceId } };
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
