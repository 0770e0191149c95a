/** What a pool says when it cannot give an instance: what happened, the limit, the way out. */
import { Fault } from '../base/index.ts';

export function tooMany(functionName: string, queueLength: number): Fault {
  const message = `${functionName} already has ${queueLength} requests waiting for an instance, the most that may wait. Try again shortly.`;
  return new Fault('no-capacity', message, { facts: { functionName, queueLength } });
}

export function tooFast(functionName: string, burst: { count: number; windowMs: number }): Fault {
  const { count, windowMs } = burst;
  const message = `${functionName} has started ${count} instances within ${windowMs / 1_000} s, the most it may. Try again shortly.`;
  return new Fault('start-rate-exceeded', message, { facts: { functionName, starts: count, windowMs } });
}

export function tooLate(functionName: string, queueTimeoutMs: number): Fault {
  const message = `No instance of ${functionName} became free within ${queueTimeoutMs / 1_000} s. Try again shortly.`;
  return new Fault('queue-timeout', message, { facts: { functionName, queueTimeoutMs } });
}

/** @param waitMs how long a start that is asked for now would wait for the processors */
export function tooBusy(functionName: string, waitMs: number): Fault {
  const expectedWaitMs = Math.round(waitMs);
  const message = `This machine's processors are busy: an instance of ${functionName} would only be started in about ${Math.round(waitMs / 1_000)} s, longer than a request may wait. Try again later, or give the machine more processors.`;
  return new Fault('no-capacity', message, { facts: { functionName, expectedWaitMs } });
}

/** @param memory what there was, in MB */
export function tooLittleMemory(
  functionName: string,
  memory: { readonly availableMb: number; readonly reserveMb: number },
): Fault {
  const { availableMb, reserveMb } = memory;
  const message = `This machine is short of memory: ${Math.max(0, Math.round(availableMb))} MB are available, of which ${reserveMb} MB are kept for the node and its database, and every instance is busy. ${functionName} gets an instance when one of them has ended. Try again shortly, or see --memory-reserve.`;
  return new Fault('no-capacity', message, {
    facts: { functionName, availableMb: Math.round(availableMb), reserveMb },
  });
}

export function shuttingDown(): Fault {
  return new Fault('shutting-down', 'This node is shutting down. Try again on another, or later.');
}
