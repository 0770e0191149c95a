/**
 * Admission: how many invocations run at once, for the account and for each function.
 *
 * As on AWS: a function with reserved concurrency may use that many and no more, and nobody else can
 * use them; all others share what the account has left. Above a limit the caller is refused at once.
 */
import { Fault } from '../base/index.ts';
import type { FunctionEntry } from '../model/index.ts';

export class Admission {
  readonly #accountLimit: number;
  readonly #inFlight = new Map<string, number>();
  #unreservedInFlight = 0;
  #reservedTotal = 0;

  /** @param accountLimit invocations at once over all functions */
  constructor(accountLimit: number) {
    this.#accountLimit = accountLimit;
  }

  /** @param reservedTotal sum of all functions' reserved concurrency */
  setReserved(reservedTotal: number): void {
    this.#reservedTotal = reservedTotal;
  }

  /**
   * Counts one invocation in. Every `enter` is followed by one `leave` with the same arguments.
   *
   * @throws {Fault} `concurrency-exceeded`
   */
  enter(name: string, reserved: FunctionEntry['reserved']): void {
    const running = this.#inFlight.get(name) ?? 0;
    if (reserved !== null && running >= reserved) throw exceeded(name, reserved, 'its reserved concurrency');
    if (reserved === null) {
      const limit = Math.max(0, this.#accountLimit - this.#reservedTotal);
      if (this.#unreservedInFlight >= limit)
        throw exceeded(name, limit, "the account's unreserved concurrency");
      this.#unreservedInFlight += 1;
    }
    this.#inFlight.set(name, running + 1);
  }

  leave(name: string, reserved: FunctionEntry['reserved']): void {
    const running = (this.#inFlight.get(name) ?? 1) - 1;
    if (running === 0) this.#inFlight.delete(name);
    else this.#inFlight.set(name, running);
    if (reserved === null) this.#unreservedInFlight -= 1;
  }
}

function exceeded(
  name: string,
  limit: number,
  whose: 'its reserved concurrency' | "the account's unreserved concurrency",
): Fault {
  const scope = whose.startsWith('its') ? 'function' : 'account';
  const message = `${name} is running ${limit} invocations, the limit of ${whose}. Try again shortly.`;
  return new Fault('concurrency-exceeded', message, {
    facts: { functionName: name, limit, scope },
  });
}
