/** `skein logs NAME [-f] [--since TIME] [--limit N]` */

import { sleep, systemClock } from '../../base/index.ts';
import type { LogEntry } from '../../logs/index.ts';
import { type Command, homeOf, text } from '../command.ts';
import { holdingOn } from '../holding.ts';
import { connectNode, type NodeClient } from '../node-client.ts';
import { note, print, printJson, usageFault } from '../output.ts';

/** Half of the second within which a new line is shown. */
const FOLLOW_EVERY_MS = 400;
const PAGE = 1_000;

interface LogPage {
  readonly entries: readonly LogEntry[];
  readonly cursor: string;
}

export const command: Command = {
  options: {
    follow: { type: 'boolean', short: 'f' },
    since: { type: 'string' },
    limit: { type: 'string' },
  },
  words: { min: 1, max: 1 },
  async run(context) {
    const reader = {
      client: connectNode(homeOf(context)),
      name: context.words[0] ?? '',
      sinceMs: sinceOf(text(context, 'since'), systemClock.wallMs()),
    };
    const follow = context.values.follow === true;
    let shown = 0;
    const show = (entry: LogEntry) => {
      shown++;
      if (context.json) printJson(entry);
      else print(lineOf(entry));
    };
    let cursor = await printKept(reader, limitOf(text(context, 'limit')), show);
    if (shown === 0) note(noLines(reader, follow));
    while (follow) {
      await holdingOn(sleep(systemClock, FOLLOW_EVERY_MS));
      cursor = await readAll(reader, cursor, show);
    }
    return 0;
  },
};

interface Reader {
  readonly client: NodeClient;
  readonly name: string;
  readonly sinceMs: number | null;
}

/** @param limit print the last so many only; null: all. @returns the cursor to go on from */
async function printKept(
  reader: Reader,
  limit: number | null,
  show: (entry: LogEntry) => void,
): Promise<string | null> {
  if (limit === null) return readAll(reader, null, show);
  const last: LogEntry[] = [];
  const cursor = await readAll(reader, null, (entry) => {
    last.push(entry);
    if (last.length > limit * 2 + PAGE) last.splice(0, last.length - limit);
  });
  for (const entry of last.slice(-limit)) show(entry);
  return cursor;
}

async function readAll(
  reader: Reader,
  after: string | null,
  show: (entry: LogEntry) => void,
): Promise<string | null> {
  let cursor = after;
  for (;;) {
    const page = await readPage(reader, cursor);
    for (const entry of page.entries) show(entry);
    cursor = page.cursor;
    if (page.entries.length < PAGE) return cursor;
  }
}

function noLines({ name, sinceMs }: Reader, follow: boolean): string {
  const when = sinceMs === null ? 'yet' : 'since then';
  return `No lines ${when}; ${follow ? 'waiting for some, until Ctrl-C' : `they come when ${name} is called`}.`;
}

function readPage({ client, name, sinceMs }: Reader, after: string | null): Promise<LogPage> {
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (after !== null) query.set('after', after);
  if (sinceMs !== null) query.set('sinceMs', String(sinceMs));
  return client.call<LogPage>('GET', `/api/v1/functions/${encodeURIComponent(name)}/logs?${query}`);
}

function lineOf(entry: LogEntry): string {
  if (entry.type !== 'line') return `${entry.at}  ${entry.message}`;
  const level = entry.level === null ? '' : `${entry.level} `;
  return `${entry.at}  ${level}${entry.message}`;
}

/** `10m` ago, or a date. @returns wall-clock ms */
function sinceOf(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null;
  const duration = /^(\d{1,9})(s|m|h|d)$/.exec(value);
  if (duration !== null) {
    const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[duration[2] as 's' | 'm' | 'h' | 'd'];
    return Math.max(0, nowMs - Number(duration[1]) * unitMs);
  }
  const dateMs = /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(dateMs)) {
    throw usageFault(
      `--since "${value}" is neither a duration such as 30s, 10m, 2h or 7d nor a date such as 2026-01-31T12:00:00Z.`,
    );
  }
  return dateMs;
}

function limitOf(value: string | undefined): number | null {
  if (value === undefined) return null;
  if (!/^[1-9]\d{0,6}$/.test(value))
    throw usageFault(`--limit "${value}" is not a whole number from 1 to 9999999.`);
  return Number(value);
}
