/**
 * The rules that hold for every driver, kept in one place: a stop happens once and every later one
 * waits for it; the dead and the already frozen are not frozen, only the frozen are thawed; a
 * frozen sandbox is thawed before it is asked to end, or it could not hear the request.
 */
import type { Exit, Sandbox, SandboxDriver } from './sandbox.ts';

/** @returns the same driver, with every sandbox it starts held to the rules above */
export function safe(driver: SandboxDriver): SandboxDriver {
  return {
    name: driver.name,
    promise: driver.promise,
    taskRoot: (codeDir) => driver.taskRoot(codeDir),
    optRoot: (opt) => driver.optRoot(opt),
    compiledRoot: (folder) => driver.compiledRoot(folder),
    expose: (hostPath, name) => driver.expose(hostPath, name),
    hasChannels: driver.hasChannels,
    guestHost: driver.guestHost,
    start: async (spec) => safeSandbox(await driver.start(spec)),
    sweep: () => driver.sweep(),
    close: () => driver.close(),
  };
}

function safeSandbox(inner: Sandbox): Sandbox {
  let alive = true;
  let frozen = false;
  let stopping: Promise<Exit> | null = null;
  const over = inner.companions === null ? inner.exited : inner.gone;
  over.then(() => {
    alive = false;
  });

  function thaw(): void {
    if (!frozen) return;
    frozen = false;
    if (alive) inner.thaw();
  }

  return {
    id: inner.id,
    pid: inner.pid,
    channel: inner.channel,
    companions: inner.companions,
    exited: inner.exited,
    gone: inner.gone,
    place: (codeDir) => inner.place(codeDir),
    placeCompiled: (folder) => inner.placeCompiled(folder),
    limit: (limits) => inner.limit(limits),
    throttle() {
      if (alive) inner.throttle();
    },
    peakMemoryMb: () => inner.peakMemoryMb(),
    freeze() {
      if (frozen || !alive || stopping !== null) return;
      frozen = true;
      inner.freeze();
    },
    thaw,
    stop(graceMs) {
      if (stopping === null) {
        if (graceMs > 0) thaw();
        stopping = alive ? inner.stop(graceMs) : inner.gone.then(() => inner.exited);
      }
      return stopping;
    },
  };
}
