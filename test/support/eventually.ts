const EVERY_MS = 50;

/**
 * Waits until `probe` says yes, looking again every 50 ms.
 *
 * @param what for the failure: "the instances are gone"
 * @param timeoutMs default 15 s; far beyond what it should take, since the machine may be busy
 * @throws {Error} with what the probe last said, when it does not come true in time
 */
export async function eventually(
  what: string,
  probe: () => Promise<unknown> | unknown,
  timeoutMs = 15_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const said = await probe();
    if (said === true) return;
    if (performance.now() > deadline) {
      throw new Error(`after ${timeoutMs} ms it is still not so that ${what}: ${JSON.stringify(said)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
