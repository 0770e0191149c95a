import { type JsonSchema, type Rule, report, type Spot, shown } from './rules.ts';

interface Range {
  readonly min: number;
  readonly max: number;
}

interface Measure {
  /** Unit → how many of the result's unit it is. */
  readonly units: Readonly<Record<string, number>>;
  readonly example: string;
  /** The unit of limits; absent: the largest that needs no fraction. */
  readonly limitsIn?: string;
}

const SIZE: Measure = { units: { MB: 1, GB: 1024 }, example: '256MB', limitsIn: 'MB' };
const DURATION: Measure = { units: { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }, example: '10s' };

/** A size such as `256MB` or `1GB` (a MB is 2^20 bytes), read as MB; the range is in MB. */
export function size(rangeMb: Range): Rule<number> {
  return quantity(SIZE, rangeMb);
}

/** A duration such as `500ms`, `10s`, `5m` or `1h`, read as ms; the range is in ms. */
export function duration(rangeMs: Range): Rule<number> {
  return quantity(DURATION, rangeMs);
}

/** @returns a limit as messages show it, e.g. `15m` for 900000 in ms, and `10240MB` as the documents and Lambda say */
function written(amount: number, measure: Measure): string {
  const fitting = Object.entries(measure.units).filter(
    ([unit, factor]) => amount % factor === 0 && (measure.limitsIn ?? unit) === unit,
  );
  const [unit, factor] = fitting.at(-1)!;
  return `${amount / factor}${unit}`;
}

function quantity(measure: Measure, range: Range): Rule<number> {
  const units = Object.keys(measure.units);
  const schema: JsonSchema = {
    type: 'string',
    pattern: `^[0-9]+(${units.join('|')})$`,
    examples: [measure.example],
  };
  return { schema, read: (value, spot) => read(value, { measure, range }, spot) };
}

function read(value: unknown, rule: { measure: Measure; range: Range }, spot: Spot): number {
  const { measure, range } = rule;
  const units = Object.keys(measure.units);
  const way = `write a whole number and one of ${units.join(', ')}, such as ${measure.example}`;
  const parts = typeof value === 'string' ? /^(\d{1,12})([A-Za-z]+)$/.exec(value) : null;
  const factor = parts === null ? undefined : ownUnit(measure, parts[2]!);
  if (parts !== null && factor === undefined) {
    report(
      spot,
      `${shown(value)} has the unit \`${parts[2]}\`, which is not one of ${units.join(', ')}; ${way}`,
    );
    return range.min;
  }
  if (parts === null || factor === undefined) {
    const bare = typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value));
    report(spot, bare ? `${shown(value)} has no unit; ${way}` : `${shown(value)} cannot be read; ${way}`);
    return range.min;
  }
  const amount = Number(parts[1]) * factor;
  if (amount >= range.min && amount <= range.max) return amount;
  const limits = `${written(range.min, measure)} to ${written(range.max, measure)}`;
  report(spot, `${value} is out of range; allowed is ${limits}`);
  return range.min;
}

function ownUnit(measure: Measure, unit: string): number | undefined {
  return Object.hasOwn(measure.units, unit) ? measure.units[unit] : undefined;
}
