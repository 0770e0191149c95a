/**
 * One live sandbox of the `oci` driver: its process 1, its control group, and the ground it stands on.
 */
import type { Duplex } from 'node:stream';
import { type Clock, Fault } from '../../base/index.ts';
import { killQuietly, peakMbOf } from '../process/run-files.ts';
import type { CompanionControl, Exit, Sandbox, SandboxSpec } from '../sandbox.ts';
import type { Cgroup } from './cgroups/cgroups.ts';
import type { Ground } from './ground.ts';
import type { Report } from './start.ts';

/** Memory that stands for one processor, as on Lambda. */
const MB_PER_PROCESSOR = 1_769;
/** A peak is read again after this long: a read costs 30 µs, and it is asked for with every request. */
const PEAK_AGE_MS = 1_000;
/** Processes of one sandbox whose own peaks are read; one with more is rare, and its group's peak bounds it. */
const MAX_LOOKED_AT = 32;

export interface LiveParts {
  readonly spec: SandboxSpec;
  readonly ground: Ground;
  readonly cgroup: Cgroup;
  readonly channel: Duplex | null;
  readonly companions: CompanionControl | null;
  readonly report: Report;
  /** Resolves when `report` knows how the program ended, or will never. */
  readonly ended: Promise<void>;
  /** Resolves when process 1 has nothing more to do: with companions that is after the main program's end. */
  readonly over: Promise<void>;
  /** Process 1, as the host numbers it; null where it is not a process of the host. */
  readonly pid: number | null;
  readonly clock: Clock;
  /** Removes all of it. Never fails. */
  clear(): Promise<void>;
}

export function liveSandbox(parts: LiveParts): Sandbox {
  const { spec, ground, cgroup, clock, pid } = parts;
  const peak = peakOf(cgroup, clock);
  let memoryMb = spec.memoryMb;
  let alive = true;
  let overLimit = false;

  const exited = parts.ended.then((): Exit => {
    const ending = parts.report.ended;
    const outOfMemory = ending.signal === 'SIGKILL' && (overLimit || cgroup.memoryKills() > 0);
    return { ...ending, outOfMemory };
  });
  const over = parts.over.then(() => {
    alive = false;
    peak.keep();
  });
  const gone = over.then(() => parts.clear());

  /** Process 1 takes all others with it. */
  function kill(): void {
    if (!alive) return;
    if (pid !== null) killQuietly(pid, 'SIGKILL');
    else for (const one of cgroup.pids()) killQuietly(one, 'SIGKILL');
    cgroup.letDie();
  }

  return {
    id: spec.id,
    pid,
    channel: parts.channel,
    companions: parts.companions,
    exited,
    gone,
    place: (codeDir) => ground.slot.place(codeDir),
    placeCompiled: (folder) => ground.slot.placeCompiled(folder),
    async limit(limits) {
      memoryMb = limits.memoryMb;
      if (alive && !cgroup.setMemoryMb(memoryMb) && alive) {
        overLimit = true; // it has more than that, and the kernel cannot take it away
        kill();
      }
      await Promise.all([
        ground.scratch.resize(limits.ephemeralMb),
        ground.network.setEgress(limits.egress),
      ]).catch((cause) => {
        throw new Fault('sandbox-failed', `The limits of a sandbox could not be set: ${cause.message}.`, {
          cause,
        });
      });
    },
    throttle: () => cgroup.setProcessors(memoryMb / MB_PER_PROCESSOR),
    freeze: () => cgroup.freeze(),
    thaw: () => cgroup.thaw(),
    peakMemoryMb: peak.read,
    async stop(graceMs) {
      if (graceMs > 0) {
        for (const one of cgroup.pids()) if (one !== pid) killQuietly(one, 'SIGTERM');
        const timer = clock.after(graceMs, kill);
        void over.then(() => timer.cancel());
      } else kill();
      await gone;
      return exited;
    },
  };
}

/** The peak as last read: at most `PEAK_AGE_MS` old while the sandbox lives, and kept afterwards. */
function peakOf(cgroup: Cgroup, clock: Clock): { read(): number; keep(): void } {
  let peakMb = 0;
  let readAtMs = Number.NEGATIVE_INFINITY;
  function look(): void {
    readAtMs = clock.nowMs();
    const mostMb = cgroup.peakMb();
    if (mostMb <= peakMb) return;
    // What the group ever had counts pages of files, too, which the kernel drops when it needs room. So
    // it is not believed beyond what the processes themselves had, unless there was no room.
    const ownMb = cgroup
      .pids()
      .slice(0, MAX_LOOKED_AT)
      .reduce((sum, one) => sum + peakMbOf(one), 0);
    peakMb = cgroup.memoryKills() > 0 ? mostMb : Math.max(peakMb, Math.min(mostMb, ownMb));
  }
  return {
    read() {
      if (clock.nowMs() - readAtMs > PEAK_AGE_MS) look();
      return peakMb;
    },
    keep() {
      look();
      readAtMs = Number.POSITIVE_INFINITY;
    },
  };
}
