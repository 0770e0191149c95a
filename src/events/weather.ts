/** Fault weather for events: one is delivered late, after those that came later, or twice. */
import type { Weather } from '../base/index.ts';
import type { ClaimedEvent, Settlement } from '../store/index.ts';

type Deliver = (event: ClaimedEvent) => Promise<Settlement>;

/** Longest that an event is held back, ms: by a delay, and to be overtaken. */
const DELAY_MS = 5_000;
const REORDER_MS = 500;

/** The same, struck at the turns that the weather decides; a turn is an event that is delivered for the first time. */
export function inWeather(deliver: Deliver, weather: Weather): Deliver {
  return async (event) => {
    const stream = event.functionName;
    if (event.claims === 1) {
      const delayMs = weather.strikes('delay', stream) * DELAY_MS;
      const lateMs = Math.max(delayMs, weather.strikes('reorder', stream) * REORDER_MS);
      if (lateMs > 0) return postponed(event, Math.round(lateMs));
    }
    const settlement = await deliver(event);
    return weather.strikes('duplicates', stream) > 0 ? await deliver(event) : settlement;
  };
}

function postponed({ id, lease, attempts }: ClaimedEvent, againInMs: number): Settlement {
  const nothing = { failure: null, note: null, keptFor: null, told: [], sends: [], messages: [] };
  return { id, lease, attempts, againInMs, ...nothing };
}
