/**
 * The meter of provisioned instances: once a minute it takes what they have stood ready for, and
 * writes it as spans.
 *
 * What could not be written waits, `MAX_WAITING` spans at most, and is written with the next: a span
 * has an id and counts once. A node that is killed loses its last minute.
 */
import { type Clock, periodically } from '../base/index.ts';
import type { ProvisionedSpan, Version } from '../model/index.ts';

export interface ProvisionedMeterParts {
  readonly clock: Clock;
  readonly newId: () => string;
  /** What instances have stood ready for since the last time, instances × ms. */
  readonly take: () => readonly { readonly version: Version; readonly instanceMs: number }[];
  readonly write: (spans: readonly ProvisionedSpan[]) => Promise<void>;
  readonly onProblem: (problem: unknown) => void;
}

export interface ProvisionedMeter {
  /** Writes what there is now. @throws {Fault} `database-unavailable`: it is tried again */
  flush(): Promise<void>;
  /** Writes what is left, or says what is lost. */
  stop(): Promise<void>;
}

const EVERY_MS = 60_000;
/** Half a day of ten functions, or an hour of a hundred and fifty. */
const MAX_WAITING = 10_000;

export function startProvisionedMeter(parts: ProvisionedMeterParts): ProvisionedMeter {
  const { clock, onProblem } = parts;
  let waiting: ProvisionedSpan[] = [];
  let sinceMs = clock.wallMs();

  function collect(): void {
    const fromMs = sinceMs;
    sinceMs = clock.wallMs();
    for (const { version, instanceMs } of parts.take()) {
      const { functionName, version: number, config } = version;
      const what = { id: parts.newId(), functionName, version: number, memoryMb: config.memoryMb };
      waiting.push({ ...what, fromMs, toMs: sinceMs, instanceMs });
    }
    const over = waiting.length - MAX_WAITING;
    if (over <= 0) return;
    waiting = waiting.slice(over);
    onProblem(
      new Error(`${over} spans of provisioned instances were lost: PostgreSQL was away for too long`),
    );
  }

  async function flush(): Promise<void> {
    collect();
    const written = new Set(waiting);
    if (written.size === 0) return;
    await parts.write([...written]);
    waiting = waiting.filter((span) => !written.has(span));
  }

  const end = periodically(clock, { everyMs: EVERY_MS, task: flush, onProblem });
  return {
    flush,
    async stop() {
      end();
      await flush().catch(onProblem);
    },
  };
}
