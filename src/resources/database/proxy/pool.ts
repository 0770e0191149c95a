/**
 * The pool: all connections to one app's database.
 *
 * Owns   which connections there are, who has one, and who waits for one.
 * Never  reads what is said on them, except while nobody has them.
 *
 * A function has at most `functionConnections` at once, and the app `appConnections`: its role has no
 * more. Who comes when they are in use waits in its function's queue, which is bounded, and goes by turns
 * with those of the app's other functions; what it waits for comes within `queueMs`, or it is refused.
 * Connections are opened when somebody needs one, and closed when nobody has for `idleMs`.
 */
import type { Clock, Timer } from '../../../base/index.ts';
import { discard } from './discard.ts';
import { Refused } from './login.ts';
import type { ServerConnection } from './server-connection.ts';
import type { Startup } from './startup.ts';
import { type Problem, parameterStatus } from './wire.ts';

export interface PoolLimits {
  /** Of one function. */
  readonly functionConnections: number;
  /** Of all functions of the app. */
  readonly appConnections: number;
  /** How long one waits at most, ms, and how many of one function may wait. */
  readonly queueMs: number;
  readonly queueLength: number;
  /** A connection that nobody had for so long is closed, ms. */
  readonly idleMs: number;
}

export interface PoolOptions {
  readonly clock: Clock;
  readonly limits: PoolLimits;
  /** Connections of the whole node. */
  readonly budget: { tryTake(): boolean; giveBack(): void };
  /** @throws when there is no connection to be had */
  readonly connect: (startup: Startup) => Promise<ServerConnection>;
}

/** Somebody wants a connection. Exactly one of the two is called, perhaps at once, unless it withdraws. */
export interface Order {
  readonly functionName: string;
  readonly startup: Startup;
  readonly settingsKey: string;
  granted(connection: ServerConnection): void;
  refused(problem: Problem): void;
}

interface Waiting {
  readonly order: Order;
  /** On the clock. */
  readonly untilMs: number;
  timer: Timer | null;
}

interface Share {
  /** Connections that the function has, or that are being opened for it. */
  inUse: number;
  readonly queue: Waiting[];
}

/** PostgreSQL has no connection to give: "too many connections". It may be counting one that has just gone. */
const FULL = '53300';
const RETRY_MS = 50;
const STOPPING: Problem = { code: '57P01', message: 'the database proxy is stopping' };
/** Beginnings of sessions whose parameters are remembered. */
const MAX_WELCOMES = 32;

export class Pool {
  readonly #options: PoolOptions;
  readonly #shares = new Map<string, Share>();
  #idle: ServerConnection[] = [];
  /** All that are open or being opened. */
  #open = 0;
  #closed = false;
  /** What sessions that begin so are told at their beginning. */
  readonly #welcomes = new Map<string, Buffer>();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** @returns what the server says at the beginning of such a session, if that is known */
  welcome(startup: Startup): Buffer | undefined {
    return this.#welcomes.get(startup.key);
  }

  get isWaitedFor(): boolean {
    return [...this.#shares.values()].some(({ queue }) => queue.length > 0);
  }

  get counts(): { readonly open: number; readonly idle: number } {
    return { open: this.#open, idle: this.#idle.length };
  }

  request(order: Order): void {
    const { clock, limits } = this.#options;
    this.#admit({ order, untilMs: clock.nowMs() + limits.queueMs, timer: null });
  }

  #admit(waiting: Waiting): void {
    const { order } = waiting;
    const share = this.#shareOf(order.functionName);
    const { queueLength, functionConnections, queueMs } = this.#options.limits;
    if (this.#closed) {
      order.refused(STOPPING);
      return;
    }
    if (share.queue.length === 0 && share.inUse < functionConnections && this.#serve(share, waiting)) return;
    if (share.queue.length >= queueLength) {
      order.refused(this.#full(order, share, 'came'));
      return;
    }
    waiting.timer = this.#options.clock.after(waiting.untilMs - this.#options.clock.nowMs(), () => {
      this.withdraw(order);
      order.refused(this.#full(order, share, `waited for ${queueMs / 1_000} s`));
    });
    share.queue.push(waiting);
  }

  /** Nobody waits for this any more. */
  withdraw(order: Order): void {
    const { queue } = this.#shareOf(order.functionName);
    const at = queue.findIndex((waiting) => waiting.order === order);
    const [waiting] = at === -1 ? [] : queue.splice(at, 1);
    waiting?.timer?.cancel();
  }

  #full(order: Order, { inUse, queue }: Share, how: string): Problem {
    const { functionConnections, appConnections } = this.#options.limits;
    const own = inUse >= functionConnections;
    const what = own
      ? `all ${functionConnections} connections of function ${order.functionName} are in use`
      : `${this.#open} connections of the app are in use, of ${appConnections}`;
    return {
      code: FULL,
      message: `too many connections: ${what}, and one ${how} among ${queue.length} others`,
      hint: 'End transactions soon, and do not hold one open while waiting for something else. A client that uses LISTEN, temporary tables or other state of a session keeps its connection until it disconnects.',
    };
  }

  #shareOf(functionName: string): Share {
    const found = this.#shares.get(functionName);
    if (found !== undefined) return found;
    const made: Share = { inUse: 0, queue: [] };
    this.#shares.set(functionName, made);
    return made;
  }

  /** @returns false: there is none to be had now */
  #serve(share: Share, waiting: Waiting): boolean {
    const { order } = waiting;
    const found = this.#takeIdle(order);
    if (found === null && !this.#mayOpen()) return false;
    share.inUse++;
    this.#trim(order.functionName, share);
    if (found === null) void this.#openFor(share, waiting);
    else order.granted(found);
    return true;
  }

  /** The one used last, of those whose session is as it is wanted, or else can be made so. */
  #takeIdle({ startup, settingsKey }: Order): ServerConnection | null {
    let at = this.#idle.findLastIndex(
      ({ startupKey, session }) => startupKey === startup.key && session.settings.key === settingsKey,
    );
    if (at === -1) at = this.#idle.findLastIndex(({ startupKey }) => startupKey === startup.key);
    const [taken] = at === -1 ? [] : this.#idle.splice(at, 1);
    if (taken === undefined) return null;
    taken.holder = null;
    return taken;
  }

  /** What a function has left idle counts as its own until another takes it. */
  #trim(functionName: string, { inUse }: Share): void {
    const left = this.#idle.filter(({ lastOf }) => lastOf === functionName);
    const over = inUse + left.length - this.#options.limits.functionConnections;
    for (const connection of left.slice(0, Math.max(0, over))) {
      this.#idle.splice(this.#idle.indexOf(connection), 1);
      this.#retire(connection);
    }
  }

  #mayOpen(): boolean {
    if (this.#open >= this.#options.limits.appConnections && !this.closeOldestIdle()) return false;
    if (this.#open >= this.#options.limits.appConnections) return false;
    if (!this.#options.budget.tryTake()) return false;
    this.#open++;
    return true;
  }

  async #openFor(share: Share, waiting: Waiting): Promise<void> {
    const { connect } = this.#options;
    const { order } = waiting;
    try {
      const connection = await connect(order.startup);
      this.#remember(order.startup, connection);
      order.granted(connection);
    } catch (error) {
      const problem = problemOf(error);
      this.#gone();
      if (problem.code === FULL && this.#options.clock.nowMs() < waiting.untilMs) this.#later(share, waiting);
      else {
        share.inUse--;
        order.refused(problem);
      }
      this.pump();
    }
  }

  /** It keeps its place among the function's connections meanwhile. */
  #later(share: Share, waiting: Waiting): void {
    this.#options.clock.after(RETRY_MS, () => {
      share.inUse--;
      this.#admit(waiting);
    });
  }

  #remember({ key }: Startup, { session }: ServerConnection): void {
    const said = [...session.parameters].filter(([name]) => name !== 'application_name');
    this.#welcomes.delete(key);
    this.#welcomes.set(key, Buffer.concat(said.map(([name, value]) => parameterStatus(name, value))));
    const [oldest] = this.#welcomes.keys();
    if (this.#welcomes.size > MAX_WELCOMES) this.#welcomes.delete(oldest!);
  }

  /** Its holder is done with it: what it left behind goes, and the next one gets it. */
  release(connection: ServerConnection, functionName: string): void {
    this.#shareOf(functionName).inUse--;
    connection.holder = null;
    connection.lastOf = functionName;
    if (connection.isGone) {
      this.#lost();
      return;
    }
    const { spent, unsure } = connection.session;
    if (spent || this.#closed || connection.cancelling > 0) this.#close(connection);
    else if (unsure) {
      discard(connection, this.#options.clock, (clean) => {
        if (!clean) this.#lost();
        else this.#rest(connection);
      });
    } else this.#rest(connection);
    this.pump();
  }

  #rest(connection: ServerConnection): void {
    if (this.#closed) {
      this.#close(connection);
      return;
    }
    connection.idleSinceMs = this.#options.clock.nowMs();
    connection.holder = {
      bytes: () => {
        if (!connection.readUnasked()) connection.destroy();
      },
      drained: () => {},
      lost: () => {
        this.#idle = this.#idle.filter((other) => other !== connection);
        this.#lost();
      },
    };
    this.#idle.push(connection);
    this.pump();
  }

  #close(connection: ServerConnection): void {
    this.#retire(connection);
    this.pump();
  }

  #gone(): void {
    this.#open--;
    this.#options.budget.giveBack();
  }

  #lost(): void {
    this.#gone();
    this.pump();
  }

  /** Serves who waits, as far as there is something for them. Functions take turns. */
  pump(): void {
    const { functionConnections } = this.#options.limits;
    for (let served = true; served; ) {
      served = false;
      for (const [name, share] of this.#shares) {
        if (share.inUse >= functionConnections) continue;
        const next = share.queue.shift(); // before it is served: that may come back here
        if (next === undefined) continue;
        if (!this.#serve(share, next)) return void share.queue.unshift(next);
        next.timer?.cancel();
        this.#shares.delete(name); // to the end of the round
        this.#shares.set(name, share);
        served = true;
      }
    }
  }

  /** @returns whether there was one */
  closeOldestIdle(): boolean {
    const oldest = this.#idle.shift();
    if (oldest === undefined) return false;
    this.#retire(oldest);
    return true;
  }

  #retire(connection: ServerConnection): void {
    connection.holder = null;
    connection.end();
    this.#gone();
  }

  /** Closes what nobody has needed for long, and forgets functions that want nothing. */
  tidy(nowMs: number): void {
    const { idleMs } = this.#options.limits;
    while (this.#idle.length > 0 && nowMs - this.#idle[0]!.idleSinceMs >= idleMs) this.closeOldestIdle();
    for (const [name, { inUse, queue }] of this.#shares) {
      if (inUse === 0 && queue.length === 0) this.#shares.delete(name);
    }
  }

  /** Nobody gets one any more; those in use are closed when they are given back. */
  close(): void {
    this.#closed = true;
    while (this.closeOldestIdle());
    for (const { queue } of this.#shares.values()) {
      for (const { order, timer } of queue.splice(0)) {
        timer?.cancel();
        order.refused(STOPPING);
      }
    }
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof Refused) return error.problem;
  const { message } = error as Error;
  return {
    code: '08006',
    message: `PostgreSQL cannot be reached: ${message}`,
    hint: 'Try again: the next transaction connects anew.',
  };
}
