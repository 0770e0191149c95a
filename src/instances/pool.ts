/**
 * The pool: every instance of one version on this node.
 *
 * Owns   which instances exist, who holds a lease, and when one is started, frozen or stopped.
 * Asks   scale.ts how many should be starting, life.ts what may happen next, a starter to do it.
 * Never  reads Postgres, knows HTTP, or retries an invocation.
 *
 * The most recently used idle instance serves next, so the others grow old and are stopped. At most
 * `queueLength` callers wait for a lease; the next is refused at once with `no-capacity`, because a
 * short wait we can promise beats a long one we cannot. Whatever becomes free first, a warm instance
 * or a new one, serves the longest waiter.
 */
import { type Clock, Fault, type Timer, TokenBucket } from '../base/index.ts';
import type { Version } from '../model/index.ts';
import type { Instance, StartPhases } from './instance.ts';
import { type Life, type LifeEvent, next } from './life.ts';
import { startsWanted } from './scale.ts';
import type { Booted } from './starter.ts';

export interface PoolOptions {
  /** An idle instance is frozen after this long, in ms. */
  readonly freezeAfterMs: number;
  /** Callers that may wait at once. */
  readonly queueLength: number;
  /** How long one may wait, in ms. */
  readonly queueTimeoutMs: number;
  /** Starts within a window before callers are refused. */
  readonly burst: { readonly count: number; readonly windowMs: number };
}

/** What the pool needs of its surroundings. */
export interface PoolParts {
  readonly start: (version: Version, blank: Booted | null) => Promise<Instance>;
  readonly takeBlank: (version: Version, first: boolean) => Booted | null;
  readonly acquireSlot: (functionName: string) => Promise<() => void>;
  /** Makes room on the node for one more instance, if it can. */
  readonly admitStart: () => boolean;
  readonly onGone: () => void;
  /** An instance has nothing to do, and could make room for another version's. */
  readonly onIdle: () => void;
  readonly onBug: (error: unknown) => void;
  readonly clock: Clock;
}

export interface Lease {
  readonly instance: Instance;
  /** How the instance was started, for its first lease only. */
  readonly coldStart: StartPhases | null;
  /** @param fate `discard` ends the instance: it is of no more use */
  release(fate: 'reuse' | 'discard'): void;
}

interface Member {
  life: Life;
  instance: Instance | null;
  leased: boolean;
  /** Its version was superseded while it started: it ends as soon as nobody waits for it. */
  superseded: boolean;
}

interface Waiter {
  resolve(lease: Lease): void;
  reject(error: unknown): void;
}

export class Pool {
  readonly #version: Version;
  readonly #parts: PoolParts;
  readonly #options: PoolOptions;
  readonly #members = new Set<Member>();
  /** Oldest first; the frozen ones are its beginning. */
  readonly #idle: Member[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #burst: TokenBucket;
  /** Starts that wait for a slot. */
  #planned = 0;
  /** Starts that have begun. */
  #booting = 0;
  #upkeep: Timer | null = null;
  #closed = false;

  constructor(version: Version, parts: PoolParts, options: PoolOptions) {
    this.#version = version;
    this.#parts = parts;
    this.#options = options;
    const { count, windowMs } = options.burst;
    this.#burst = new TokenBucket({
      burst: count,
      perSecond: (count * 1_000) / windowMs,
      nowMs: parts.clock.nowMs(),
    });
  }

  get size(): number {
    return this.#members.size;
  }

  /** Nothing of it is left or to come. */
  get empty(): boolean {
    return this.#members.size === 0 && this.#waiters.size === 0 && this.#planned === 0;
  }

  states(): Life['at'][] {
    return [...this.#members].map((member) => member.life.at);
  }

  /** Since when the longest unused instance is idle; null when none is. */
  oldestIdleMs(): number | null {
    const life = this.#idle[0]?.life;
    return life !== undefined && 'sinceMs' in life ? life.sinceMs : null;
  }

  /**
   * The right to run one invocation on one instance.
   *
   * @param signal gives up waiting; a lease that has been granted is not taken back
   * @throws {Fault} `start-rate-exceeded`, `no-capacity`, `queue-timeout`, `shutting-down`
   * @throws {InitFailure} when the instance started for this caller could not initialise
   */
  async lease(signal: AbortSignal | null): Promise<Lease> {
    if (this.#closed) throw shuttingDown();
    for (let member = this.#idle.at(-1); member !== undefined; member = this.#idle.at(-1)) {
      if (member.instance?.open) return this.#grant(this.#unshelve(member));
      this.#retire(member); // it died on the shelf, and its exit is not known yet
    }
    return await this.#wait(signal);
  }

  /** Ends every instance that exists now: the idle at once, the busy when they are done. */
  drain(): void {
    for (const member of [...this.#members]) {
      if (member.life.at === 'starting') member.superseded = true;
      else if (member.life.at === 'idle' || member.life.at === 'frozen') this.#retire(member);
      else this.#move(member, 'drain');
    }
  }

  /** Ends the instance that has been unused for longest. */
  evictOldest(): void {
    const member = this.#idle[0];
    if (member !== undefined) this.#retire(member);
  }

  /** Refuses whoever waits, and drains. */
  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#waiters]) waiter.reject(shuttingDown());
    this.drain();
  }

  /** Ends every instance, busy or not. Resolves when all are gone. */
  async kill(): Promise<void> {
    this.close();
    await Promise.all([...this.#members].map((member) => member.instance?.stop()));
  }

  /** Starts what is wanted and was not possible before. */
  poke(): void {
    while (startsWanted({ waiting: this.#waiters.size, coming: this.#planned + this.#booting }) > 0)
      this.#plan();
  }

  #wait(signal: AbortSignal | null): Promise<Lease> {
    const { queueLength, queueTimeoutMs } = this.#options;
    if (this.#waiters.size >= queueLength) throw this.#tooMany();
    const coming = this.#planned + this.#booting;
    const startWanted = startsWanted({ waiting: this.#waiters.size + 1, coming }) > 0;
    if (startWanted && !this.#burst.take(1, this.#parts.clock.nowMs())) throw this.#tooFast();
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter);
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        resolve: (lease) => {
          leave();
          resolve(lease);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const timer = this.#parts.clock.after(queueTimeoutMs, () => waiter.reject(this.#tooLate()));
      const onAbort = () => waiter.reject(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
      if (startWanted) this.#plan();
    });
  }

  /** One start more: at once if a blank is ready, else when its turn comes. */
  #plan(): void {
    const blank = this.#parts.takeBlank(this.#version, this.#members.size === 0);
    if (blank !== null) return void this.#boot(blank, () => {});
    this.#planned += 1;
    void this.#parts.acquireSlot(this.#version.functionName).then((release) => {
      this.#planned -= 1;
      const stillWanted = startsWanted({ waiting: this.#waiters.size, coming: this.#booting }) > 0;
      if (stillWanted && this.#parts.admitStart()) void this.#boot(null, release);
      else release();
    });
  }

  async #boot(blank: Booted | null, releaseSlot: () => void): Promise<void> {
    const member: Member = { life: { at: 'starting' }, instance: null, leased: false, superseded: false };
    this.#members.add(member);
    this.#booting += 1;
    try {
      member.instance = await this.#parts.start(this.#version, blank);
      this.#booting -= 1;
      this.#move(member, 'ready');
      member.instance.exited.then(() => this.#gone(member));
      this.#offer(member);
    } catch (error) {
      this.#booting -= 1;
      this.#gone(member);
      const [waiter] = this.#waiters;
      waiter?.reject(error);
    } finally {
      releaseSlot();
    }
  }

  /** A free instance goes to the longest waiter, or on the shelf. */
  #offer(member: Member): void {
    const [waiter] = this.#waiters;
    if (waiter !== undefined) waiter.resolve(this.#grant(member));
    else if (this.#closed || member.superseded) this.#retire(member);
    else {
      this.#idle.push(member);
      this.#scheduleUpkeep();
      this.#parts.onIdle();
    }
  }

  #grant(member: Member): Lease {
    const instance = member.instance as Instance;
    this.#move(member, 'lease');
    const coldStart = member.leased ? null : instance.phases;
    member.leased = true;
    return { instance, coldStart, release: (fate) => this.#release(member, fate) };
  }

  #release(member: Member, fate: 'reuse' | 'discard'): void {
    if (member.life.at === 'gone') return; // it crashed under the lease
    if (fate === 'discard' || !member.instance?.open) this.#move(member, 'drain');
    this.#move(member, 'release');
    if (member.life.at === 'stopping') this.#stop(member);
    else this.#offer(member);
  }

  #unshelve(member: Member): Member {
    this.#idle.splice(this.#idle.lastIndexOf(member), 1);
    if (member.life.at === 'frozen') {
      (member.instance as Instance).thaw();
      this.#move(member, 'thaw');
    }
    return member;
  }

  /** Takes an unused instance off the shelf for good. */
  #retire(member: Member): void {
    const at = this.#idle.indexOf(member);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#move(member, 'drain');
    this.#stop(member);
  }

  #stop(member: Member): void {
    (member.instance as Instance).stop().catch(this.#parts.onBug);
  }

  #gone(member: Member): void {
    if (member.life.at === 'gone') return;
    this.#move(member, 'exited');
    this.#members.delete(member);
    const at = this.#idle.indexOf(member);
    if (at !== -1) this.#idle.splice(at, 1);
    // A crashed process leaves its guest's listener open: stopping the dead closes it.
    member.instance?.stop().catch(this.#parts.onBug);
    this.#parts.onGone();
  }

  #move(member: Member, event: LifeEvent): void {
    member.life = next(member.life, event, this.#parts.clock.nowMs());
  }

  /** One timer for the whole pool, set for whichever idle instance is due first. */
  #scheduleUpkeep(): void {
    if (this.#upkeep !== null || this.#idle.length === 0) return;
    const nowMs = this.#parts.clock.nowMs();
    const dueMs = this.#idle.reduce(
      (first, member) => Math.min(first, this.#dueMs(member)),
      Number.POSITIVE_INFINITY,
    );
    this.#upkeep = this.#parts.clock.after(dueMs - nowMs, () => {
      this.#upkeep = null;
      this.#upkeepPass();
      this.#scheduleUpkeep();
    });
  }

  #dueMs({ life }: Member): number {
    if (life.at === 'idle')
      return life.sinceMs + Math.min(this.#options.freezeAfterMs, this.#version.config.stopAfterMs);
    if (life.at === 'frozen') return life.sinceMs + this.#version.config.stopAfterMs;
    return Number.POSITIVE_INFINITY;
  }

  #upkeepPass(): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const member of [...this.#idle]) {
      if (this.#dueMs(member) > nowMs || !('sinceMs' in member.life)) continue;
      if (nowMs - member.life.sinceMs >= this.#version.config.stopAfterMs) this.#retire(member);
      else {
        (member.instance as Instance).freeze();
        this.#move(member, 'freeze');
      }
    }
  }

  #tooMany(): Fault {
    const { queueLength } = this.#options;
    const name = this.#version.functionName;
    const message = `${name} already has ${queueLength} requests waiting for an instance, the most that may wait. Try again shortly.`;
    return new Fault('no-capacity', message, { facts: { functionName: name, queueLength } });
  }

  #tooFast(): Fault {
    const { count, windowMs } = this.#options.burst;
    const name = this.#version.functionName;
    const message = `${name} has started ${count} instances within ${windowMs / 1_000} s, the most it may. Try again shortly.`;
    return new Fault('start-rate-exceeded', message, {
      facts: { functionName: name, starts: count, windowMs },
    });
  }

  #tooLate(): Fault {
    const { queueTimeoutMs } = this.#options;
    const name = this.#version.functionName;
    const message = `No instance of ${name} became free within ${queueTimeoutMs / 1_000} s. Try again shortly.`;
    return new Fault('queue-timeout', message, { facts: { functionName: name, queueTimeoutMs } });
  }
}

function shuttingDown(): Fault {
  return new Fault('shutting-down', 'This node is shutting down. Try again on another, or later.');
}
