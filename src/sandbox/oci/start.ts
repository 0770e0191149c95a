/** The first moments of a sandbox: hearing from its process 1, and finding it. */
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/index.ts';
import type { Ending } from '../ending.ts';
import type { Cgroup } from './cgroups/cgroups.ts';
import { InitReport } from './init.ts';
import type { Running } from './runtime.ts';

/** A runtime that has not made a sandbox within this long never will. */
const START_MS = 30_000;

/** What process 1 has said so far. */
export interface Report {
  take(chunk: string): void;
  readonly ready: boolean;
  readonly missing: boolean;
  /** How the main program ended; null while it has not been said. */
  readonly ending: Ending | null;
  /** The ending, or what silence at the end means. */
  readonly ended: Ending;
}

export interface Watched {
  readonly report: Report;
  /** Resolves when process 1 will say nothing more. */
  readonly over: Promise<void>;
  /** Resolves when the report knows how the program ended, or has come to its end without. */
  readonly ended: Promise<void>;
  /** Resolves with every word of it. */
  onWord(listener: () => void): void;
}

export function watchReport(stream: Duplex, report: Report = new InitReport()): Watched {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  let listener = () => {};
  stream.on('data', (chunk: Buffer) => {
    report.take(chunk.toString('latin1'));
    if (report.ending !== null) resolve();
    listener();
  });
  stream.on('error', () => stream.destroy());
  stream.on('end', () => stream.destroy());
  stream.on('close', () => {
    resolve();
    over.resolve();
    listener();
  });
  return {
    report,
    ended,
    over: over.promise,
    onWord(given) {
      listener = given;
    },
  };
}

/**
 * Resolves when the sandbox stands and its program is about to start.
 *
 * @throws what the runtime complained about; that there is no such program; that it took too long
 */
export async function standing(running: Running, watched: Watched & { clock: Clock }): Promise<void> {
  const { report, ended, clock } = watched;
  const ready = Promise.withResolvers<void>();
  watched.onWord(() => {
    if (report.ready) ready.resolve();
  });
  if (report.ready) return;
  const late = clock.after(START_MS, () => running.abort());
  try {
    const failed = running.launched.then(async (complaint) => {
      if (complaint !== null) throw new Error(complaint);
      await ended; // its words may still be on the way
    });
    await Promise.race([ready.promise, failed, ended]);
    if (report.ready) return;
    if (report.missing) throw new Error('there is no such program in it, or it may not be run');
    throw new Error((await running.launched) ?? 'it ended before its program began');
  } finally {
    late.cancel();
  }
}

/** @returns the host's number of a sandbox's process 1; null when it is not a process of this kernel */
export function processOne(cgroup: Cgroup): number | null {
  return cgroup.pids().find((pid) => /^NSpid:.*\t1$/m.test(statusOf(pid))) ?? null;
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}
