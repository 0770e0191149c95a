/**
 * The log of a function as people read it: its own lines and the platform's, in one order.
 *
 * Both are kept in tables that grow at their end, so a position in the log is two numbers, and a
 * page is the part of both up to the moment at which the shorter of two full pages stops: what is
 * later in one may still be preceded by something unread in the other.
 */
import type { Clock } from '../base/index.ts';
import { type UsageRecord, versionLabel } from '../model/index.ts';
import type { LogLine } from '../store/index.ts';
import { entriesOf, type LogEntry, requestIdOf } from './report.ts';

export interface PageRequest {
  readonly functionName: string;
  readonly afterId: number;
  readonly sinceMs: number | null;
  readonly limit: number;
}

/** What the reader needs of the store. Rows come in the order of their ids. */
export interface LogStore {
  linesAfter(request: PageRequest): Promise<readonly (LogLine & { readonly id: number })[]>;
  usageAfter(request: PageRequest): Promise<readonly (UsageRecord & { readonly id: number })[]>;
}

export interface LogPage {
  readonly entries: readonly LogEntry[];
  /** Where to go on; equal to the one given when there was nothing new. */
  readonly cursor: string;
}

export interface LogRequest {
  readonly functionName: string;
  /** A page's cursor; null: from the beginning of what is kept. */
  readonly after: string | null;
  readonly sinceMs: number | null;
  readonly limit: number;
}

export interface LogReader {
  read(request: LogRequest): Promise<LogPage>;
}

/**
 * Lines and usage records are written by two threads, a few times a second each. Who reads on after a
 * page is shown what is older than this, so that both have arrived, and stand in their order.
 */
const SETTLED_MS = 500;

export function logReader(store: LogStore, clock: Pick<Clock, 'wallMs'>): LogReader {
  return {
    async read({ functionName, after, sinceMs, limit }) {
      const from = parseCursor(after);
      const page = { functionName, sinceMs, limit };
      const [lines, records] = await Promise.all([
        store.linesAfter({ ...page, afterId: from.line }),
        store.usageAfter({ ...page, afterId: from.usage }),
      ]);
      // A full page of one kind may be followed by more of it, earlier than what the other has shown.
      const settledMs = after === null ? Number.POSITIVE_INFINITY : clock.wallMs() - SETTLED_MS;
      const linesUntilMs = lines.length < limit ? settledMs : latest(lines.map((line) => line.atMs));
      const usageUntilMs = records.length < limit ? settledMs : latest(records.map(endMs));
      const shownLines = prefix(lines, (line) => line.atMs <= Math.min(usageUntilMs, settledMs));
      const shownRecords = prefix(records, (record) => endMs(record) <= Math.min(linesUntilMs, settledMs));
      const cursor = `${shownLines.at(-1)?.id ?? from.line}.${shownRecords.at(-1)?.id ?? from.usage}`;
      return { entries: merge(shownLines, shownRecords), cursor };
    },
  };
}

function parseCursor(cursor: string | null): { line: number; usage: number } {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor ?? '0.0');
  return { line: Number(match?.[1] ?? 0), usage: Number(match?.[2] ?? 0) };
}

function endMs(record: UsageRecord): number {
  return record.startedAtMs + record.durationMs;
}

function latest(times: readonly number[]): number {
  return times.reduce((last, ms) => Math.max(last, ms), 0);
}

/** The longest beginning of `rows` that passes. */
function prefix<Row>(rows: readonly Row[], passes: (row: Row) => boolean): readonly Row[] {
  const end = rows.findIndex((row) => !passes(row));
  return end === -1 ? rows : rows.slice(0, end);
}

/** START before its lines before END before REPORT, and by time between attempts. */
const RANK = { START: 0, line: 1, END: 2, REPORT: 3 } as const;
/** A line may bear the time of a clock that is read just before its START is. */
const SLACK_MS = 5;

function merge(lines: readonly LogLine[], records: readonly UsageRecord[]): LogEntry[] {
  const starts = startsOf(records);
  /** Attempts of one event share their request id: what belongs to one is told by the time. */
  const part = (requestId: string | null, atMs: number) => {
    const begun = starts.get(requestId ?? '')?.filter((startMs) => startMs <= atMs + SLACK_MS).length;
    return requestId === null ? null : `${requestId}/${begun ?? 0}`;
  };
  const told = records.flatMap((record) => {
    const of = part(requestIdOf(record), record.startedAtMs);
    return entriesOf(record).map((entry) => ({ entry, of }));
  });
  const printed = lines.map((line) => {
    const entry = entryOf(line, records);
    return { entry, of: part(entry.requestId, line.atMs) };
  });
  const sorted = [...told, ...printed].sort(({ entry: a, of: ofA }, { entry: b, of: ofB }) => {
    if (ofA !== null && ofA === ofB && a.type !== b.type) return RANK[a.type] - RANK[b.type];
    return a.at < b.at ? -1 : a.at > b.at ? 1 : RANK[a.type] - RANK[b.type];
  });
  return sorted.map(({ entry }) => entry);
}

/** When the attempts began of requests that had several. */
function startsOf(records: readonly UsageRecord[]): ReadonlyMap<string, readonly number[]> {
  const shared = records.filter(({ requestId }) => requestId != null).map(requestIdOf);
  const wanted = new Set(shared);
  if (wanted.size === 0) return new Map();
  const grouped = Map.groupBy(records, requestIdOf);
  return new Map(
    [...grouped].filter(([id]) => wanted.has(id)).map(([id, of]) => [id, of.map((r) => r.startedAtMs)]),
  );
}

function entryOf(line: LogLine, records: readonly UsageRecord[]): LogEntry {
  const fields = jsonFields(line.message);
  return {
    at: new Date(line.atMs).toISOString(),
    type: 'line',
    requestId: line.requestId ?? requestAt(line, records),
    version: versionLabel(line.version),
    instanceId: line.instanceId,
    level: line.level,
    message: line.message,
    ...(fields === null ? {} : { fields }),
  };
}

/** Bytes that reached the socket past the runtime (native code, child processes) belong to what ran then. */
function requestAt(line: LogLine, records: readonly UsageRecord[]): string | null {
  const running = records.find(
    (record) =>
      record.instanceId === line.instanceId &&
      record.startedAtMs <= line.atMs &&
      line.atMs <= endMs(record) + 5,
  );
  return running === undefined ? null : requestIdOf(running);
}

function jsonFields(message: string): Readonly<Record<string, unknown>> | null {
  if (!message.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
