/** One run of the server process: from spawn, through ready, to its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { copyFile, readFile, rename, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, Fault, GIVE_WAY, giveWay, sleep } from '../../base/index.ts';
import { LIMITS } from '../../model/index.ts';
import { nameOf, type Place, spawnAs } from './place.ts';

export interface Running {
  readonly pid: number;
  /** Resolves with how it ended; never rejects. */
  readonly ended: Promise<string>;
}

export interface LaunchOptions {
  readonly port: number;
  readonly clock: Clock;
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
}

export const HOST = '127.0.0.1';

const POLL_MS = 5;
/** After a crash the server replays its journal; with `max_wal_size` of 1 GB that takes seconds, on a slow disk minutes. */
const READY_MS = 300_000;
/** When to say that it takes longer than usual. */
const SLOW_MS = 1_000;
const MAX_LOG_BYTES = 16 * 1024 * 1024;

/** For a small machine, with durability as PostgreSQL has it by default: on. */
const SETTINGS = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  max_connections: LIMITS.databaseConnections,
  superuser_reserved_connections: LIMITS.platformConnections,
  shared_buffers: '128MB',
  huge_pages: 'off',
  io_method: 'sync', // no extra processes for reading ahead
  jit: 'off',
  max_parallel_workers_per_gather: 0, // /dev/shm is tiny in containers
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  // Queries of an instance that was stopped end too.
  client_connection_check_interval: '5s',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Apps' mistakes are theirs to read, and must not fill the platform's disk.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
  cluster_name: 'skein',
};

/**
 * Starts the server and waits until it takes connections.
 *
 * The process has a session of its own and does not keep this one alive.
 *
 * @throws {Fault} `database-unavailable` with the server's own reason
 * @throws the signal's reason, after the server has ended again
 */
export async function launch(place: Place, options: LaunchOptions): Promise<Running> {
  await rename(place.log, `${place.log}.1`).catch(() => {});
  const log = openSync(place.log, 'a', 0o600);
  const settings = Object.entries({ ...SETTINGS, port: options.port });
  const child = spawn(
    place.binaries.postgres,
    ['-D', nameOf(place, place.data), ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...spawnAs(place, place.data), stdio: ['ignore', log, log] },
  );
  closeSync(log);
  const ended = endOf(child);
  child.unref();
  if (child.pid !== undefined) giveWay(GIVE_WAY.records, child.pid);
  const reason = await Promise.race([ended, ready(place, child, options)]);
  if (reason === null) return { pid: child.pid!, ended };
  if (options.signal.aborted) {
    child.kill('SIGQUIT');
    await ended;
    throw options.signal.reason;
  }
  throw await startFailed(place, reason);
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
}

/** @returns null when ready, or why not */
async function ready(place: Place, child: ChildProcess, options: LaunchOptions): Promise<string | null> {
  const { clock, signal, onProgress } = options;
  const startMs = clock.nowMs();
  let told = false;
  while (clock.nowMs() - startMs < READY_MS) {
    if (signal.aborted) return 'it was stopped';
    if (child.exitCode !== null || child.signalCode !== null) return 'it ended';
    if (await saysReady(place, child.pid)) return null;
    if (!told && clock.nowMs() - startMs > SLOW_MS) {
      told = true;
      onProgress('Waiting for PostgreSQL to recover what was written last…');
    }
    await sleep(clock, POLL_MS);
  }
  child.kill('SIGQUIT');
  return `it was not ready after ${READY_MS / 1000} s`;
}

/** The server writes its state into the eighth line of its pid file, where pg_ctl reads it too. */
async function saysReady(place: Place, pid: number | undefined): Promise<boolean> {
  const text = await readFile(join(place.data, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

async function startFailed(place: Place, reason: string): Promise<Fault> {
  const log = await readFile(place.log, 'utf8').catch(() => '');
  // Each line begins with a time and a process; what is left reads as a sentence.
  const last = log.trim().split('\n').slice(-4);
  const why = last.map((line) => line.replace(/^\S+ \S+ UTC \[\d+\] /, '').trim()).join(' ') || reason;
  return new Fault('database-unavailable', `PostgreSQL did not start: ${why}. Its log is ${place.log}.`, {
    facts: { log: place.log, ...(/Address already in use/.test(log) && { portTaken: 1 }) },
  });
}

/** Keeps the log of a long run small: what was written so far moves aside. */
export async function boundLog(place: Place, maxBytes = MAX_LOG_BYTES): Promise<void> {
  const size = await stat(place.log).then(
    (found) => found.size,
    () => 0,
  );
  if (size <= maxBytes) return;
  await copyFile(place.log, `${place.log}.1`);
  await truncate(place.log); // the server appends, so it goes on at the new end
}
