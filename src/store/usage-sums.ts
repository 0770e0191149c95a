/** The sums of usage records, in whole numbers, so that they are exact. No I/O. */
import type { UsageRecord } from '../model/index.ts';

/** Sums over records of one version and alias. An alias of '' is a call by version. */
export interface UsageSum {
  readonly version: number;
  readonly alias: string;
  invocations: number;
  errors: number;
  throttles: number;
  coldStarts: number;
  /** Hundredths of a millisecond, the finest that a record has. */
  durationHundredths: number;
  initHundredths: number;
  billedMs: number;
  /** memoryMb × billedMs. */
  mbMs: number;
}

const RAN_NOTHING: ReadonlySet<UsageRecord['outcome']> = new Set(['throttled', 'unavailable', 'cancelled']);
const FAILED: ReadonlySet<UsageRecord['outcome']> = new Set(['error', 'timeout', 'crash', 'init-error']);

/** @param records of one function */
export function sumsOf(records: readonly UsageRecord[]): UsageSum[] {
  const sums = new Map<string, UsageSum>();
  for (const record of records) {
    const key = `${record.version} ${record.alias ?? ''}`;
    let sum = sums.get(key);
    if (sum === undefined) {
      sum = emptySum(record);
      sums.set(key, sum);
    }
    add(sum, record);
  }
  return [...sums.values()];
}

function emptySum({ version, alias }: UsageRecord): UsageSum {
  const counts = { invocations: 0, errors: 0, throttles: 0, coldStarts: 0 };
  return {
    version,
    alias: alias ?? '',
    ...counts,
    durationHundredths: 0,
    initHundredths: 0,
    billedMs: 0,
    mbMs: 0,
  };
}

function add(sum: UsageSum, record: UsageRecord): void {
  if (!RAN_NOTHING.has(record.outcome)) sum.invocations += 1;
  if (FAILED.has(record.outcome)) sum.errors += 1;
  if (record.outcome === 'throttled') sum.throttles += 1;
  if (record.initMs !== null) sum.coldStarts += 1;
  sum.durationHundredths += hundredths(record.durationMs);
  sum.initHundredths += hundredths(record.initMs ?? 0);
  sum.billedMs += record.billedMs;
  sum.mbMs += record.memoryMb * record.billedMs;
}

function hundredths(ms: number): number {
  return Math.round(ms * 100);
}
