/**
 * A time zone: how its clocks stand at each instant, and at which instants they show a given time.
 *
 * A local time is written as the instant at which a clock in UTC shows it. Of each year the moments at which the
 * clocks change are looked up once; after that an answer costs no more than a few comparisons.
 */
import { ScheduleError } from './schedule-error.ts';

const HOUR_MS = 3_600_000;
/** Clocks stand still for longer than this between two changes, everywhere and always since 1970. */
const PROBE_EVERY_MS = 4 * 24 * HOUR_MS;

export interface Zone {
  readonly name: string;
  /** How far local clocks are ahead of UTC, ms. */
  offsetAt(atMs: number): number;
  /** When clocks show this: once, twice where they are put back, never where they are put forward. In order. */
  instantsOf(localMs: number): readonly number[];
  /** The moment at which clocks are put forward beyond a time that they never show. */
  jumpOver(localMs: number): number;
  /** When clocks are first changed within a span, its beginning excluded; null: they are not. */
  nextChange(span: { readonly afterMs: number; readonly upToMs: number }): number | null;
}

interface Change {
  readonly atMs: number;
  readonly offsetMs: number;
}

const known = new Map<string, Zone>();

/** @param name of IANA's list. @throws {ScheduleError} */
export function zoneOf(name: string): Zone {
  let zone = known.get(name);
  if (zone === undefined) {
    zone = openZone(name);
    known.set(name, zone); // no more of them than there are zones
  }
  return zone;
}

function openZone(name: string): Zone {
  const ask = offsetsOf(name);
  const years = new Map<number, readonly Change[]>();
  const changesOf = (year: number) => {
    let changes = years.get(year);
    if (changes === undefined) {
      changes = findChanges(ask, year);
      years.set(year, changes);
    }
    return changes;
  };
  const offsetAt = (atMs: number) => {
    let offsetMs = 0;
    for (const change of changesOf(yearOf(atMs))) {
      if (change.atMs > atMs) break;
      offsetMs = change.offsetMs;
    }
    return offsetMs;
  };
  const around = (localMs: number) => [offsetAt(localMs - 36 * HOUR_MS), offsetAt(localMs + 36 * HOUR_MS)];
  return {
    name,
    offsetAt,
    instantsOf(localMs) {
      const [before = 0, after = 0] = around(localMs);
      const found = [localMs - before, localMs - after].filter(
        (atMs, at) => offsetAt(atMs) === (at === 0 ? before : after),
      );
      return before === after ? found.slice(0, 1) : found.toSorted((a, b) => a - b);
    },
    jumpOver(localMs) {
      const [before = 0, after = 0] = around(localMs);
      return changeWithin(ask, { fromMs: localMs - after, toMs: localMs - before });
    },
    nextChange({ afterMs, upToMs }) {
      const before = offsetAt(afterMs);
      for (let year = yearOf(afterMs); year <= yearOf(upToMs); year++) {
        const found = changesOf(year).find(({ atMs, offsetMs }) => atMs > afterMs && offsetMs !== before);
        if (found !== undefined) return found.atMs <= upToMs ? found.atMs : null;
      }
      return null;
    },
  };
}

/** How clocks stand when a year begins, as UTC has it, and each change within it. */
function findChanges(ask: (atMs: number) => number, year: number): Change[] {
  const endMs = Date.UTC(year + 1, 0);
  const changes: Change[] = [{ atMs: Date.UTC(year, 0), offsetMs: ask(Date.UTC(year, 0)) }];
  for (let atMs = changes[0]!.atMs; atMs < endMs; ) {
    const nextMs = Math.min(atMs + PROBE_EVERY_MS, endMs);
    if (ask(nextMs) !== ask(atMs)) {
      const changeMs = changeWithin(ask, { fromMs: atMs, toMs: nextMs });
      if (changeMs < endMs) changes.push({ atMs: changeMs, offsetMs: ask(changeMs) });
    }
    atMs = nextMs;
  }
  return changes;
}

/** The instant between two, the first excluded, at which clocks change. */
function changeWithin(ask: (atMs: number) => number, span: { fromMs: number; toMs: number }): number {
  let { fromMs, toMs } = span;
  const before = ask(fromMs);
  while (toMs - fromMs > 1_000) {
    const middleMs = Math.floor((fromMs + toMs) / 2_000) * 1_000;
    if (middleMs <= fromMs) break;
    if (ask(middleMs) === before) fromMs = middleMs;
    else toMs = middleMs;
  }
  return toMs;
}

/** Reads an offset from how a clock is shown there: the only way to the platform's own list of zones. */
function offsetsOf(name: string): (atMs: number) => number {
  const clock = clockOf(name);
  return (atMs) => {
    const secondMs = Math.floor(atMs / 1_000) * 1_000;
    const shown = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
    for (const { type, value } of clock.formatToParts(secondMs))
      if (type in shown) shown[type as keyof typeof shown] = Number(value);
    const { year, month, day, hour, minute, second } = shown;
    return Date.UTC(year, month - 1, day, hour, minute, second) - secondMs;
  };
}

function clockOf(name: string): Intl.DateTimeFormat {
  const two = '2-digit';
  try {
    if (!/^[A-Za-z]/.test(name)) throw new RangeError('an offset is no zone');
    return new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: name, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
      ...{ year: 'numeric', month: two, day: two, hour: two, minute: two, second: two },
    });
  } catch {
    const message = `there is no time zone ${JSON.stringify(name)}; write a name of the IANA list, such as Europe/Berlin or UTC`;
    throw new ScheduleError('timezone', message);
  }
}

function yearOf(atMs: number): number {
  return new Date(atMs).getUTCFullYear();
}
