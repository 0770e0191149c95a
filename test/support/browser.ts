/** A real browser on one page, with a profile of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Nothing but the page: no look-ups of its maker's hosts, no updates, no sandbox (root has none). */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns its path, or null when this machine has none */
export function findBrowser(): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable) ?? null;
}

/**
 * Opens a page in a browser that runs until it is disposed of.
 *
 * @param foreignHost a host name that leads to this machine, as an attacker's own would
 */
export function openPage(browser: string, url: string, foreignHost: string): AsyncDisposable {
  const profile = mkdtempSync(join(tmpdir(), 'browser-'));
  const flags = [
    ...FLAGS,
    `--user-data-dir=${profile}`,
    `--host-resolver-rules=MAP ${foreignHost} 127.0.0.1`,
    '--remote-debugging-port=0', // without a task of its own a headless browser ends at once
  ];
  const child = spawn(browser, [...flags, url], { stdio: 'ignore', detached: true });
  const ended = once(child, 'close');
  return {
    async [Symbol.asyncDispose]() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
