/**
 * The node's own PostgreSQL: started on first use of a home, stopped with the node.
 *
 * Owns   the data folder, the server process, its port and its superuser's password.
 * Never  listens beyond loopback, runs as root, or touches a data folder of another major version.
 *
 * States: starting → running ⇄ restarting → stopped. A server that ends by itself is started again
 * on the same port, at first at once, then ever more slowly; connections reconnect by themselves.
 * The server lives in a session of its own, so Ctrl-C in a terminal reaches only the node, which
 * stops it last. If the node is killed, the next one ends the server that was left.
 */
import { createServer } from 'node:net';
import { type Clock, Fault, sleep } from '../../base/index.ts';
import { ensureData, SUPERUSER } from './initdb.ts';
import { boundLog, HOST, launch, type Running } from './launch.ts';
import { type Place, preparePlace } from './place.ts';
import { clearStale, kill } from './stale.ts';

export interface EmbeddedOptions {
  /** SKEIN_HOME; made if it is missing. The caller holds its lock. */
  readonly home: string;
  readonly clock: Clock;
  /** A line for people, about what takes longer than a moment. */
  readonly onProgress?: (line: string) => void;
  readonly onEvent?: (event: EmbeddedEvent) => void;
}

export type EmbeddedEvent =
  | { readonly kind: 'ended'; readonly reason: string }
  | { readonly kind: 'restarted'; readonly pid: number }
  | { readonly kind: 'restart-failed'; readonly error: unknown; readonly retryInMs: number };

export interface EmbeddedServer {
  /** As superuser, on the platform's database. Keep it to the platform. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Changes when the server is restarted. */
  readonly pid: number;
  /** Resolves when the server has been stopped, and is not coming back. */
  readonly exited: Promise<void>;
  /** Ends all connections and the server, in order. */
  stop(): Promise<void>;
}

const BACKOFF_MS = { first: 100, most: 5_000 };
/** A run that lasted this long was healthy: its end is a new beginning for the backoff. */
const HEALTHY_MS = 60_000;
const LOG_CHECK_MS = 60_000;
/** Fast shutdown, which writes everything out; then immediate, which recovers at the next start. */
const STOP_STEPS = [
  ['SIGINT', 10_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 5_000],
] as const;
const PORT_ATTEMPTS = 3;

/**
 * Starts the server of a home and waits until it takes connections; some 200 ms, and about 1 s when
 * the home is new.
 *
 * @throws {Fault} `database-incompatible`, `database-unavailable`, `runtime-unavailable`,
 *   `option-invalid`; nothing is left running then
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const release = keepAlive();
  try {
    const onProgress = options.onProgress ?? (() => {});
    const place = await preparePlace(options.home);
    const password = await ensureData(place, onProgress);
    await clearStale(place, options.clock);
    const stopping = new AbortController();
    const start = (port: number) =>
      launch(place, { port, clock: options.clock, onProgress, signal: stopping.signal });
    const { port, running } = await onFreePort(start);
    const server = supervise({ options, place, stopping, running, start: () => start(port) });
    return describe(server, { password, port });
  } finally {
    release();
  }
}

/** Another program may take the port between our asking and the server's binding it. */
async function onFreePort(start: (port: number) => Promise<Running>) {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { port, running: await start(port) };
    } catch (error) {
      const taken = error instanceof Fault && error.facts.portTaken === 1;
      if (!taken || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

interface Supervised {
  readonly options: EmbeddedOptions;
  readonly place: Place;
  readonly stopping: AbortController;
  running: Running;
  readonly start: () => Promise<Running>;
}

interface Supervisor {
  readonly pid: () => number;
  readonly exited: Promise<void>;
  readonly stop: () => Promise<void>;
}

function supervise(server: Supervised): Supervisor {
  const { clock } = server.options;
  const exited = watch(server);
  const checkLog = () => {
    void boundLog(server.place).catch(() => {}); // a full disk: the next check tries again
    if (!server.stopping.signal.aborted) timer = clock.after(LOG_CHECK_MS, checkLog);
  };
  let timer = clock.after(LOG_CHECK_MS, checkLog);
  return {
    pid: () => server.running.pid,
    exited,
    async stop() {
      const release = keepAlive();
      timer.cancel();
      server.stopping.abort(new Fault('shutting-down', 'The node is shutting down.'));
      await end(server.running, clock);
      await exited;
      release();
    },
  };
}

/** Restarts the server for as long as nobody wants it stopped. */
async function watch(server: Supervised): Promise<void> {
  const { clock, onEvent } = server.options;
  const { signal } = server.stopping;
  let delayMs = 0;
  for (;;) {
    const startMs = clock.nowMs();
    const reason = await server.running.ended;
    if (signal.aborted) return;
    if (clock.nowMs() - startMs > HEALTHY_MS) delayMs = 0;
    onEvent?.({ kind: 'ended', reason });
    while (!(await restart(server, delayMs))) {
      if (signal.aborted) return;
      delayMs = Math.min(Math.max(delayMs * 2, BACKOFF_MS.first), BACKOFF_MS.most);
    }
    delayMs = Math.min(Math.max(delayMs * 2, BACKOFF_MS.first), BACKOFF_MS.most);
    onEvent?.({ kind: 'restarted', pid: server.running.pid });
  }
}

/** @returns whether the server runs again; false also when it is to be stopped */
async function restart(server: Supervised, delayMs: number): Promise<boolean> {
  const { clock, onEvent } = server.options;
  const { signal } = server.stopping;
  try {
    if (delayMs > 0) await sleep(clock, delayMs, signal);
    await clearStale(server.place, clock);
    signal.throwIfAborted();
    server.running = await server.start();
    return true;
  } catch (error) {
    const retryInMs = Math.min(Math.max(delayMs * 2, BACKOFF_MS.first), BACKOFF_MS.most);
    if (!signal.aborted) onEvent?.({ kind: 'restart-failed', error, retryInMs });
    return false;
  }
}

async function end(running: Running, clock: Clock): Promise<void> {
  for (const [signal, waitMs] of STOP_STEPS) {
    kill(running.pid, signal);
    const waited = new AbortController();
    const late = sleep(clock, waitMs, waited.signal).then(
      () => 'late',
      () => 'ended',
    );
    const outcome = await Promise.race([late, running.ended.then(() => 'ended')]);
    waited.abort();
    if (outcome === 'ended') return;
  }
}

function describe(
  server: Supervisor,
  { password, port }: { password: string; port: number },
): EmbeddedServer {
  return {
    url: `postgres://${SUPERUSER}:${password}@${HOST}:${port}/postgres`,
    host: HOST,
    port,
    get pid() {
      return server.pid();
    },
    exited: server.exited,
    stop: server.stop,
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, HOST, () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** Timers and the server do not keep this process alive; waiting for them must. */
function keepAlive(): () => void {
  const { port1 } = new MessageChannel();
  port1.ref();
  return () => port1.close();
}
