/**
 * The pool: every instance of one version on this node.
 *
 * Owns   who waits, who holds a lease, and when an instance is started.
 * Asks   scale.ts how many should be starting, provisioning.ts how many are to stand ready whoever
 *        asks, members.ts for what there is, a starter to start one.
 * Never  reads Postgres, knows HTTP, or retries an invocation.
 *
 * The most recently used idle instance serves next, so the others grow old and are stopped. At most
 * `queueLength` callers wait for a lease; the next is refused at once with `no-capacity`, because a
 * short wait we can promise beats a long one we cannot. Whatever becomes free first, a warm instance
 * or a new one, serves the longest waiter.
 */
import { type Clock, type Fault, type Timer, TokenBucket } from '../base/index.ts';
import type { Version } from '../model/index.ts';
import type { ProvisionedCounts } from './counts.ts';
import { InitFailure, type Instance, type StartPhases } from './instance.ts';
import type { Life } from './life.ts';
import { type Member, Members, type StartPlan } from './members.ts';
import { Provisioning } from './provisioning.ts';
import { shuttingDown, tooBusy, tooFast, tooLate, tooMany } from './refusals.ts';
import { startsWanted } from './scale.ts';
import type { MemberKind } from './shelf.ts';
import type { Booted } from './starter.ts';
import { Waiters } from './waiters.ts';

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

/** Whether an instance may be started: now, when there is room (the pool is poked then), or not at all for now. */
export type StartRuling = 'start' | 'wait' | Fault;

/** What the pool needs of its surroundings. */
export interface PoolParts {
  readonly start: (version: Version, blank: Booted | null, kind: MemberKind) => Promise<Instance>;
  readonly takeBlank: (version: Version, first: boolean) => Booted | null;
  readonly acquireSlot: (functionName: string) => Promise<() => void>;
  /** How long a start that is asked for now would wait for its slot, in ms. */
  readonly slotWaitMs: (functionName: string) => number;
  /** Makes room on the node for one more instance, if it can. */
  readonly admitStart: () => StartRuling;
  readonly onGone: () => void;
  /** An instance has nothing to do, and could make room for another version's. */
  readonly onIdle: () => void;
  readonly onBug: (error: unknown) => void;
  readonly clock: Clock;
}

export interface Lease {
  readonly instance: Instance;
  /** How the instance was started, for its first lease only, and only if it was started for a request. */
  readonly coldStart: StartPhases | null;
  /** @param fate `discard` ends the instance: it is of no more use */
  release(fate: 'reuse' | 'discard'): void;
}

const ON_DEMAND: StartPlan = { kind: 'on-demand', ahead: false };
/** Who cannot get an instance started waits this long for a busy one, in ms. */
const SHORT_WAIT_MS = 1_000;

export class Pool {
  readonly #version: Version;
  readonly #parts: PoolParts;
  readonly #options: PoolOptions;
  readonly #members: Members;
  readonly #waiters: Waiters<Lease>;
  readonly #burst: TokenBucket;
  readonly #provisioning: Provisioning;
  /** Starts that wait for a slot; those that nobody waits for count apart. */
  #planned = 0;
  #plannedAhead = 0;
  /** Starts that have begun for somebody who waits. */
  #booting = 0;
  #rest: Timer | null = null;
  #closed = false;

  constructor(version: Version, parts: PoolParts, options: PoolOptions) {
    this.#version = version;
    this.#parts = parts;
    this.#options = options;
    const { clock, onBug } = parts;
    const { count, windowMs } = options.burst;
    const nowMs = clock.nowMs();
    this.#burst = new TokenBucket({ burst: count, perSecond: (count * 1_000) / windowMs, nowMs });
    this.#waiters = new Waiters(clock);
    this.#provisioning = new Provisioning(nowMs);
    const { freezeAfterMs } = options;
    const { stopAfterMs } = version.config;
    const onGone = (member: Member) => this.#gone(member);
    this.#members = new Members({ clock, onBug, onGone }, { freezeAfterMs, stopAfterMs });
  }

  get size(): number {
    return this.#members.size;
  }

  /** Nothing of it is left or to come. */
  get empty(): boolean {
    const planned = this.#planned + this.#plannedAhead;
    return this.#members.size + this.#waiters.size + planned + this.#provisioning.target === 0;
  }

  /** Instances that are on their way out, whose memory will be free. */
  get leaving(): number {
    return this.#members.leaving;
  }

  /** What its instances used at most, of late, in MB; 0: not known yet. */
  get peakMb(): number {
    return this.#members.peakMb;
  }

  get provisioned(): ProvisionedCounts {
    return { wanted: this.#provisioning.target, ready: this.#provisioning.ready };
  }

  /** Why not all of them stand ready, as far as is known; else null. */
  get provisionProblem(): unknown {
    return this.#provisioning.problem;
  }

  states(): Life['at'][] {
    return this.#members.all().map((member) => member.life.at);
  }

  /** Since when the longest unused instance that nobody reserved is idle; null when none is. */
  oldestIdleMs(): number | null {
    return this.#members.oldestIdleMs();
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
    const member = this.#members.takeIdle();
    return member === undefined ? await this.#wait(signal) : this.#grant(member);
  }

  /**
   * Keeps this many instances initialised whether anybody asks or not, beside what is started on
   * demand. Of a smaller number than before the surplus serves on like all others.
   */
  provision(count: number): void {
    this.#provisioning.aim(this.#closed ? 0 : count);
    for (const surplus of this.#provisionedMembers().slice(count)) this.#demote(surplus);
    this.#topUp();
  }

  /** @returns null as soon as all provisioned instances stand ready; else the first problem from now on */
  provisionSettled(): Promise<unknown> {
    return this.#provisioning.settled();
  }

  /** @returns provisioned instances × ms since the last time this was asked */
  takeProvisionedMs(): number {
    return this.#provisioning.takeInstanceMs(this.#parts.clock.nowMs());
  }

  /**
   * Somebody is about to ask: there is to be an instance, which stays until then.
   *
   * @param wanted.free one that is unused now; else a busy one will do, which may be free by then
   * @returns whether one had to be started
   */
  prewarm(untilMs: number, { free }: { readonly free: boolean } = { free: false }): boolean {
    this.#members.keepUntil(untilMs);
    const found = () => (free ? this.#members.idle + this.#startingAhead() : this.#members.size);
    const planned = this.#plannedAhead + (free ? 0 : this.#planned);
    if (this.#closed || found() + planned > 0) return false;
    this.#planAhead('on-demand', () => found() === 0);
    return true;
  }

  /** Ends what was started for somebody who did not come. */
  endUnused(): void {
    this.#members.endUnused();
  }

  /** Ends every instance that exists now: the idle at once, the busy when they are done. */
  drain(): void {
    this.#provisioning.aim(0);
    for (const member of this.#provisionedMembers()) this.#demote(member);
    for (const member of this.#members.all()) this.#members.drain(member);
  }

  /** Ends the instance that has been unused for longest, of those that nobody reserved. */
  evictOldest(): void {
    this.#members.evictOldest();
  }

  /** Refuses whoever waits, and drains. */
  close(): void {
    this.#closed = true;
    this.#rest?.cancel();
    this.#waiters.rejectAll(shuttingDown());
    this.drain();
  }

  /** Ends every instance, busy or not. Resolves when all are gone. */
  async kill(): Promise<void> {
    this.close();
    await Promise.all(this.#members.all().map((member) => member.instance?.stop()));
  }

  /** Starts what is wanted and was not possible before. */
  poke(): void {
    while (startsWanted({ waiting: this.#waiters.size, coming: this.#planned + this.#booting }) > 0)
      this.#plan();
    this.#topUp();
  }

  #wait(signal: AbortSignal | null): Promise<Lease> {
    const { functionName } = this.#version;
    const { queueLength, queueTimeoutMs, burst } = this.#options;
    if (this.#waiters.size >= queueLength) throw tooMany(functionName, queueLength);
    const coming = this.#planned + this.#booting;
    const startWanted = startsWanted({ waiting: this.#waiters.size + 1, coming }) > 0;
    if (startWanted) this.#refuseHopeless();
    if (startWanted && !this.#burst.take(1, this.#parts.clock.nowMs())) throw tooFast(functionName, burst);
    const lease = this.#waiters.wait(signal, queueTimeoutMs, () => tooLate(functionName, queueTimeoutMs));
    if (startWanted) this.#plan();
    return lease;
  }

  /**
   * Nobody waits for a start that would come too late. Twice too late, since another instance may become
   * free in the meantime; and where one is running already, that tells nothing of when it will be free.
   */
  #refuseHopeless(): void {
    if (this.#members.size > this.#booting) return;
    const waitMs = this.#parts.slotWaitMs(this.#version.functionName);
    if (waitMs > 2 * Math.max(this.#options.queueTimeoutMs, SHORT_WAIT_MS))
      throw tooBusy(this.#version.functionName, waitMs);
  }

  /** One start more: at once if a blank is ready, else when its turn comes. */
  #plan(): void {
    const blank = this.#parts.takeBlank(this.#version, this.#members.size + this.#planned === 0);
    if (blank !== null) return void this.#boot(ON_DEMAND, blank, () => {});
    this.#planned += 1;
    void this.#parts.acquireSlot(this.#version.functionName).then((release) => {
      this.#planned -= 1;
      const stillWanted = startsWanted({ waiting: this.#waiters.size, coming: this.#booting }) > 0;
      const ruling = stillWanted ? this.#parts.admitStart() : 'wait';
      if (ruling === 'start') return void this.#boot(ON_DEMAND, this.#lateBlank(), release);
      release();
      if (ruling !== 'wait') this.#refuse(ruling);
    });
  }

  /** While the only start of a version waited for its slot, a blank may have come in. */
  #lateBlank(): Booted | null {
    return this.#members.size === 0 ? this.#parts.takeBlank(this.#version, true) : null;
  }

  /** There is no room for another: who waits is told at once, or soon where a busy one may become free. */
  #refuse(fault: Fault): void {
    this.#waiters.hurryAll(this.#members.size === 0 ? 0 : SHORT_WAIT_MS, () => fault);
  }

  /** Starts provisioned instances until there are enough, at their pace. */
  #topUp(): void {
    if (this.#provisioning.target === 0 || this.#closed) return;
    let missing = this.#provisioning.target - this.#provisionedMembers().length - this.#plannedAhead;
    if (missing <= 0) return;
    const { clock } = this.#parts;
    const restMs = this.#provisioning.restMs(clock.nowMs());
    if (restMs > 0) {
      this.#rest?.cancel();
      this.#rest = clock.after(restMs, () => this.#topUp());
      return;
    }
    for (; missing > 0; missing--) this.#planAhead('provisioned', () => this.#provisioning.target > 0);
  }

  #planAhead(kind: MemberKind, stillWanted: () => boolean): void {
    const start = { kind, ahead: true };
    const blank = this.#parts.takeBlank(this.#version, false);
    if (blank !== null) return void this.#boot(start, blank, () => {});
    this.#plannedAhead += 1;
    void this.#parts.acquireSlot(this.#version.functionName).then((release) => {
      this.#plannedAhead -= 1;
      const ruling = stillWanted() && !this.#closed ? this.#parts.admitStart() : 'wait';
      if (ruling === 'start') return void this.#boot(start, null, release);
      release();
      if (ruling === 'wait' || kind !== 'provisioned') return; // poked when there is room
      this.#provisioning.failed(ruling, this.#parts.clock.nowMs());
      this.#topUp();
    });
  }

  async #boot(start: StartPlan, blank: Booted | null, releaseSlot: () => void): Promise<void> {
    const member = this.#members.join(start);
    if (!start.ahead) this.#booting += 1;
    const over = () => {
      if (!start.ahead) this.#booting -= 1;
    };
    await this.#parts.start(this.#version, blank, start.kind).then(
      (instance) => {
        over();
        this.#begin(member, instance);
      },
      (error: unknown) => {
        over();
        this.#failed(member, error);
      },
    );
    releaseSlot(); // last: who waits may be served by now, and need no start
  }

  #begin(member: Member, instance: Instance): void {
    this.#members.began(member, instance);
    if (member.kind === 'provisioned') this.#provisioning.began(member.readyAtMs);
    this.#offer(member);
  }

  /** A start came to nothing: who waits is told; for nobody, it is tried again in time. */
  #failed(member: Member, error: unknown): void {
    if (member.kind === 'provisioned') this.#provisioning.failed(error, this.#parts.clock.nowMs());
    if (!member.ahead) this.#waiters.first()?.reject(error);
    else if (!(error instanceof InitFailure)) this.#parts.onBug(error);
    this.#members.gone(member);
  }

  #gone({ kind, instance, readyAtMs }: Member): void {
    const nowMs = this.#parts.clock.nowMs();
    if (kind === 'provisioned' && instance !== null) this.#provisioning.crashed(nowMs - readyAtMs, nowMs);
    this.#topUp();
    this.#parts.onGone();
  }

  #startingAhead(): number {
    return this.#members.all().filter(({ life, ahead }) => ahead && life.at === 'starting').length;
  }

  #provisionedMembers(): Member[] {
    return this.#members.all().filter((member) => member.kind === 'provisioned');
  }

  #demote(member: Member): void {
    if (member.instance !== null) this.#provisioning.ended(this.#parts.clock.nowMs());
    this.#members.demote(member);
  }

  /** A free instance goes to the longest waiter, or on the shelf. */
  #offer(member: Member): void {
    const waiter = this.#waiters.first();
    if (waiter !== undefined) waiter.resolve(this.#grant(member));
    else if (this.#closed || member.superseded) this.#members.retire(member);
    else {
      this.#members.shelve(member);
      this.#parts.onIdle();
    }
  }

  #grant(member: Member): Lease {
    const instance = member.instance as Instance;
    this.#members.move(member, 'lease');
    const coldStart = member.leased || member.ahead ? null : instance.phases;
    member.leased = true;
    return { instance, coldStart, release: (fate) => this.#release(member, fate) };
  }

  #release(member: Member, fate: 'reuse' | 'discard'): void {
    if (member.life.at === 'gone') return; // it crashed under the lease
    if (fate === 'discard' || !member.instance?.open) this.#members.move(member, 'drain');
    this.#members.move(member, 'release');
    if (member.life.at === 'stopping') this.#members.stop(member);
    else this.#offer(member);
  }
}
