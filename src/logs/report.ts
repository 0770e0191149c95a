/**
 * START, END and REPORT, printed from a usage record: the wording is Lambda's, the numbers are the
 * bill's, and the two cannot disagree because there is only one.
 */
import { type UsageRecord, versionLabel } from '../model/index.ts';

/** One entry of `skein logs`: a line of the function's, or one that the platform prints about it. */
export interface LogEntry {
  readonly at: string;
  readonly type: 'START' | 'END' | 'REPORT' | 'line';
  readonly requestId: string | null;
  readonly version: string;
  readonly instanceId: string | null;
  readonly level: string | null;
  readonly message: string;
  /** The members of a line that is a JSON object. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** On REPORT: the record itself. */
  readonly report?: Readonly<Record<string, number | string | null>>;
}

/** @returns START, END and REPORT of one attempt; none when nothing ran */
export function entriesOf(record: UsageRecord): LogEntry[] {
  if (record.outcome === 'throttled' || record.outcome === 'unavailable' || record.instanceId === null)
    return [];
  const { instanceId } = record;
  const requestId = requestIdOf(record);
  const common = { requestId, version: versionLabel(record.version), instanceId, level: null };
  const startedAt = new Date(record.startedAtMs).toISOString();
  const endedAt = new Date(record.startedAtMs + record.durationMs).toISOString();
  const entries: LogEntry[] = [
    {
      ...common,
      at: startedAt,
      type: 'START',
      message: `START RequestId: ${requestId} Version: ${versionLabel(record.version)}`,
    },
  ];
  const failure = failureLine(record);
  if (failure !== null)
    entries.push({ ...common, at: endedAt, type: 'line', level: 'ERROR', message: failure });
  entries.push({ ...common, at: endedAt, type: 'END', message: `END RequestId: ${requestId}` });
  entries.push({
    ...common,
    at: endedAt,
    type: 'REPORT',
    message: reportLine(record),
    report: reportNumbers(record),
  });
  return entries;
}

/**
 * The whole log of one request as one text: what it printed between START, END and REPORT.
 *
 * @param lines each with its newline
 */
export function requestLog(record: UsageRecord, lines: string): string {
  const [start, ...rest] = entriesOf(record).map(({ message }) => `${message}\n`);
  return start === undefined ? lines : `${start}${lines}${rest.join('')}`;
}

/** The id that the function saw. */
export function requestIdOf({ attemptId, requestId }: UsageRecord): string {
  return requestId ?? attemptId;
}

function failureLine(record: UsageRecord): string | null {
  const endedAt = new Date(record.startedAtMs + record.durationMs).toISOString();
  if (record.outcome === 'timeout') {
    return `${endedAt} ${requestIdOf(record)} Task timed out after ${(record.durationMs / 1_000).toFixed(2)} seconds`;
  }
  if (record.outcome === 'crash')
    return `RequestId: ${requestIdOf(record)} Error: ${record.errorType ?? 'Runtime.ExitError'}`;
  return null;
}

/** @example REPORT RequestId: … Duration: 1.23 ms Billed Duration: 2 ms Memory Size: 128 MB Max Memory Used: 61 MB */
function reportLine(record: UsageRecord): string {
  const parts = [
    `REPORT RequestId: ${requestIdOf(record)}`,
    `Duration: ${record.durationMs.toFixed(2)} ms`,
    `Billed Duration: ${record.billedMs} ms`,
    `Memory Size: ${record.memoryMb} MB`,
    `Max Memory Used: ${record.maxMemoryMb} MB`,
  ];
  if (record.initMs !== null) parts.push(`Init Duration: ${record.initMs.toFixed(2)} ms`);
  if (record.outcome === 'timeout') parts.push('Status: timeout');
  else if (record.outcome !== 'ok')
    parts.push('Status: error', `Error Type: ${record.errorType ?? record.outcome}`);
  return `${parts.join('\t')}\t`;
}

function reportNumbers(record: UsageRecord): Readonly<Record<string, number | string | null>> {
  const { durationMs, billedMs, initMs, memoryMb, maxMemoryMb, queuedMs, outcome, errorType } = record;
  return { durationMs, billedMs, initMs, memoryMb, maxMemoryMb, queuedMs, outcome, errorType };
}
