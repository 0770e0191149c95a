/**
 * Fault weather: what production does to deliveries now and then, done on purpose in development and in tests.
 *
 * A stream (the deliveries to one function, say) is struck at certain turns, which only the seed, the kind of fault
 * and the stream's name decide: the same seed strikes the same turns, whatever the time or the machine.
 * Never touches anything itself: rooms ask, and do what the fault is.
 */
import { seededRandom } from './random.ts';

/** The kinds, each with the share of turns that it strikes. */
export const WEATHER = {
  /** What was delivered is delivered once more. */
  duplicates: 0.1,
  /** What came later is delivered first. */
  reorder: 0.1,
  /** It comes seconds late. */
  delay: 0.1,
  /** The instance is replaced after its answer. */
  recycle: 0.05,
  /** The instance is killed while it runs. */
  crash: 0.05,
} as const;

export type WeatherKind = keyof typeof WEATHER;

/** What was asked for. */
export interface WeatherOrder {
  readonly kinds: readonly WeatherKind[];
  readonly seed: number;
}

/** One fault: the `turn`-th time (from 1) that this kind could have struck the stream. */
export interface Strike {
  readonly kind: WeatherKind;
  readonly stream: string;
  readonly turn: number;
}

export interface Weather {
  /** Takes a turn. @returns how hard it is struck, in (0, 1]; 0: not at all */
  strikes(kind: WeatherKind, stream: string): number;
}

export const FAIR_WEATHER: Weather = { strikes: () => 0 };

/** @param onStrike is told of each fault before it is done */
export function createWeather({ kinds, seed }: WeatherOrder, onStrike: (strike: Strike) => void): Weather {
  const turns = new Map<string, number>();
  return {
    strikes(kind, stream) {
      if (!kinds.includes(kind)) return 0;
      const key = `${kind}/${stream}`;
      const turn = (turns.get(key) ?? 0) + 1;
      turns.set(key, turn);
      const random = seededRandom(mixed(`${seed}/${key}/${turn}`));
      if (random() >= WEATHER[kind]) return 0;
      onStrike({ kind, stream, turn });
      return 1 - random();
    },
  };
}

/** FNV-1a: neighbouring texts are far apart. */
function mixed(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}
