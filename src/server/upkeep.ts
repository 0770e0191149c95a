/** What grows is brought back to its bounds. */
import { systemClock as clock, periodically } from '../base/index.ts';
import type { Fleet } from '../instances/index.ts';
import { LIMITS } from '../model/index.ts';
import {
  deleteUnusedArtifacts,
  dropOldDeliveries,
  dropOldFailedEvents,
  dropOldKeys,
  dropOldLines,
  dropOldSpans,
  dropOldUsage,
  forgetDeletedLayers,
  forgetOldCalls,
  sweepEvents,
} from '../store/index.ts';
import type { State } from './state.ts';

/** How often what is kept is brought back to its bounds, in ms. */
const RETENTION_EVERY_MS = 60_000;
/** Rows that go at once, so that no writer waits long. */
const RETENTION_BATCH = 10_000;
/** A package that no version uses is kept this long, in ms: going back to it costs no upload. */
const UNUSED_ARTIFACT_MS = 24 * 3_600_000;

/** Brings what is kept back to its bounds: records, packages in the database, packages unpacked on this disk. */
export function keepBounds(
  { sql, artifacts, registry }: State,
  fleet: Fleet,
  onProblem: (problem: unknown) => void,
): () => void {
  return periodically(clock, {
    everyMs: RETENTION_EVERY_MS,
    onProblem,
    async task() {
      const sinceMs = clock.wallMs() - LIMITS.retentionMs;
      const batch = RETENTION_BATCH;
      while ((await dropOldUsage(sql, { sinceMs, maxRows: LIMITS.usageRecords, batch })) === batch);
      while ((await dropOldLines(sql, { sinceMs, maxBytes: LIMITS.logBytes, batch })) === batch);
      while ((await dropOldSpans(sql, { sinceMs, batch })) === batch);
      const failed = { maxRows: LIMITS.failedEvents, maxBytes: LIMITS.failedEventBytes };
      while ((await dropOldFailedEvents(sql, { sinceMs, ...failed, batch })) === batch);
      while ((await dropOldKeys(sql, batch)) === batch);
      const deliveredSinceMs = clock.wallMs() - LIMITS.deliveryWindowMs;
      while ((await dropOldDeliveries(sql, { sinceMs: deliveredSinceMs, batch })) === batch);
      await forgetOldCalls(sql);
      await sweepEvents(sql, batch);
      await forgetDeletedLayers(sql);
      await deleteUnusedArtifacts(sql, { olderThanMs: UNUSED_ARTIFACT_MS, limit: 100 });
      const deployed = [...registry.current().functions.values()].flatMap(({ latest, versions }) => [
        latest,
        ...versions.values(),
      ]);
      const inUse = [...deployed, ...fleet.versions()];
      await artifacts.forgetAllBut(inUse);
    },
  });
}
