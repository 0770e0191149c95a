/**
 * The life of one instance, as data. No clock, no I/O: the pool feeds events and acts on the result.
 *
 *               ready  lease  release    freeze  thaw    drain     exited
 *   starting    idle   ·      ·          ·       ·       stopping  gone
 *   idle        ·      busy1  ·          frozen  ·       stopping  gone
 *   busy n      ·      n+1    n-1|idle   ·       ·       draining  gone
 *   frozen      ·      ·      ·          ·       idle    stopping  gone
 *   draining n  ·      ·      n-1|stop.  ·       ·       same      gone
 *   stopping    ·      ·      ·          ·       ·       same      gone
 *
 * A dot is a bug in the pool, never bad luck: it asserts. Memory counts as free only in `gone`.
 */
import assert from 'node:assert/strict';

export type Life =
  | { readonly at: 'starting' }
  | { readonly at: 'idle'; readonly sinceMs: number }
  | { readonly at: 'busy'; readonly inFlight: number }
  | { readonly at: 'frozen'; readonly sinceMs: number }
  | { readonly at: 'draining'; readonly inFlight: number }
  | { readonly at: 'stopping' }
  | { readonly at: 'gone'; readonly why: 'stopped' | 'crashed' };

export type LifeEvent = 'ready' | 'lease' | 'release' | 'freeze' | 'thaw' | 'drain' | 'exited';

/**
 * @param nowMs monotonic milliseconds, from the pool's clock
 * @throws {assert.AssertionError} for an event that the table does not allow
 */
export function next(life: Life, event: LifeEvent, nowMs: number): Life {
  if (event === 'exited' && life.at !== 'gone') {
    return { at: 'gone', why: life.at === 'stopping' ? 'stopped' : 'crashed' };
  }
  switch (life.at) {
    case 'starting':
      if (event === 'ready') return { at: 'idle', sinceMs: nowMs };
      if (event === 'drain') return { at: 'stopping' };
      break;
    case 'idle':
      if (event === 'lease') return { at: 'busy', inFlight: 1 };
      if (event === 'freeze') return { at: 'frozen', sinceMs: life.sinceMs };
      if (event === 'drain') return { at: 'stopping' };
      break;
    case 'busy':
      return whileBusy(life, event, nowMs);
    case 'frozen':
      if (event === 'thaw') return { at: 'idle', sinceMs: life.sinceMs };
      if (event === 'drain') return { at: 'stopping' };
      break;
    case 'draining':
      if (event === 'release' && life.inFlight > 1) return { at: 'draining', inFlight: life.inFlight - 1 };
      if (event === 'release') return { at: 'stopping' };
      if (event === 'drain') return life;
      break;
    case 'stopping':
      if (event === 'drain') return life;
      break;
    case 'gone':
      break;
    default:
      life satisfies never;
  }
  return assert.fail(`instance is ${life.at}: ${event} is not allowed here`);
}

function whileBusy(life: { readonly inFlight: number }, event: LifeEvent, nowMs: number): Life {
  if (event === 'lease') return { at: 'busy', inFlight: life.inFlight + 1 };
  if (event === 'release' && life.inFlight > 1) return { at: 'busy', inFlight: life.inFlight - 1 };
  if (event === 'release') return { at: 'idle', sinceMs: nowMs };
  if (event === 'drain') return { at: 'draining', inFlight: life.inFlight };
  return assert.fail(`instance is busy: ${event} is not allowed here`);
}
