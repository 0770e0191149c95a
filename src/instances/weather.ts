/** Fault weather for instances: one is replaced after its answer, or killed while it runs, as machines and updates do. */
import type { Clock, Weather } from '../base/index.ts';
import type { Fleet } from './fleet.ts';
import type { Instance } from './instance.ts';

/** An instance that is to crash does so within this time, ms. */
const CRASH_MS = 100;

/** The same fleet, struck at the turns that the weather decides; a turn is a lease of an instance of the function. */
export function inWeather(
  fleet: Pick<Fleet, 'lease'>,
  { weather, clock }: { readonly weather: Weather; readonly clock: Clock },
): Pick<Fleet, 'lease'> {
  return {
    async lease(version, signal) {
      const lease = await fleet.lease(version, signal);
      const recycled = weather.strikes('recycle', version.functionName) > 0;
      const crash = weather.strikes('crash', version.functionName);
      if (!recycled && crash === 0) return lease;
      const instance = crash > 0 ? crashing(lease.instance, clock, crash * CRASH_MS) : lease.instance;
      return { ...lease, instance, release: () => lease.release('discard') };
    },
  };
}

/** Killed some moments after it has been given its work, so that nobody knows how much of that was done. */
function crashing(instance: Instance, clock: Clock, afterMs: number): Instance {
  const run: Instance['run'] = (work, timeoutMs) => {
    clock.after(afterMs, () => void instance.stop());
    return instance.run(work, timeoutMs);
  };
  return Object.assign(Object.create(instance) as Instance, { run });
}
