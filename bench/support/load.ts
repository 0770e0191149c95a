/** Load on an HTTP server: as much as it takes, by wrk; and single requests. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../test/support/command.ts';

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

/** One GET; resolves when the answer has been read, and fails on anything but 200. */
export function get(target: Target): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = target.host === undefined ? {} : { host: target.host };
    const request = http.get(target.url, { headers, agent: false }, (response) => {
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
