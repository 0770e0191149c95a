/** Load on an HTTP server: as much as it takes (wrk), or a constant rate (a client of our own). */
import { mkdtempSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../test/support/command.ts';
import { type Spread, spreadOf } from './numbers.ts';

export interface Load {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
}

export interface Target {
  readonly url: string;
  /** Host header, where it is not the URL's. */
  readonly host?: string;
}

const CONNECTIONS = 50;

const PRINT_JSON = `done = function(summary, latency)
  local e = summary.errors
  print(string.format('JSON{"requestsPerSecond":%f,"p50Ms":%f,"p99Ms":%f,"failures":%d}',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end`;

/** All that the server takes from 50 connections for `seconds`, by wrk, or autocannon where there is no wrk. */
export async function fullLoad(target: Target, seconds: number): Promise<Load> {
  const hostHeader = target.host === undefined ? [] : ['-H', `Host: ${target.host}`];
  if (await hasWrk()) {
    const script = join(mkdtempSync(join(tmpdir(), 'wrk-')), 'json.lua');
    writeFileSync(script, PRINT_JSON);
    const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', script, ...hostHeader, target.url];
    const { stdout } = await runCommand('wrk', args);
    return JSON.parse(/JSON(\{.*\})/.exec(stdout)?.[1] ?? 'null');
  }
  const args = ['--json', '-c', String(CONNECTIONS), '-d', String(seconds), ...hostHeader, target.url];
  const { stdout } = await runCommand(process.execPath, ['node_modules/.bin/autocannon', ...args]);
  const { requests, latency, non2xx, errors } = JSON.parse(stdout);
  return {
    requestsPerSecond: requests.average,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
    failures: non2xx + errors,
  };
}

let wrk: Promise<boolean> | null = null;

export function hasWrk(): Promise<boolean> {
  wrk ??= runCommand('wrk', ['-v']).then(
    () => true,
    () => false,
  );
  return wrk;
}

/**
 * `rate` requests a second for `seconds`, sent when they are due whether or not earlier ones have
 * been answered. Latency counts from when a request was due, so a stall is not hidden.
 */
export async function constantRate(target: Target, rate: number, seconds: number): Promise<Spread> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  const startMs = performance.now();
  await new Promise<void>((resolve) => {
    let sent = 0;
    const send = (): void => {
      const dueCount = Math.floor(((performance.now() - startMs) / 1000) * rate);
      for (; sent < Math.min(dueCount, rate * seconds); sent++) {
        const dueMs = startMs + (sent / rate) * 1000;
        pending.push(get(target, agent).then(() => void latencies.push(performance.now() - dueMs)));
      }
      if (sent >= rate * seconds) resolve();
      else setImmediate(send); // timers are a millisecond coarse, which is more than what is measured
    };
    send();
  });
  await Promise.all(pending);
  agent.destroy();
  return spreadOf(latencies);
}

/** One GET; resolves when the answer has been read, and fails on anything but 200. */
export function get(target: Target, agent?: http.Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = target.host === undefined ? {} : { host: target.host };
    const request = http.get(target.url, { headers, ...(agent !== undefined && { agent }) }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${target.host ?? target.url} answered ${response.statusCode}`));
      });
    });
    request.on('error', reject);
  });
}

/** How long one GET takes on a connection of its own, in ms. */
export async function timedGet(target: Target): Promise<number> {
  const startMs = performance.now();
  await get(target);
  return performance.now() - startMs;
}
