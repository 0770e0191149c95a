/** Waits while it keeps this process alive: the platform's timers do not, and often nothing else does. */
export async function holdingOn<T>(wait: Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, 60_000);
  try {
    return await wait;
  } finally {
    clearInterval(hold);
  }
}
