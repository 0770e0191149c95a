/**
 * The members of a pool: its instances, each at its place in life.
 *
 * Owns   which instances exist, which of them are unused and since when, freezing them and stopping them.
 * Never  decides that one is started, and knows nothing of who waits.
 */
import type { Clock, Timer } from '../base/index.ts';
import type { Instance } from './instance.ts';
import { type Life, type LifeEvent, next } from './life.ts';
import { type MemberKind, Shelf } from './shelf.ts';
import { freezeDueMs, stopDueMs, type UpkeepPolicy } from './upkeep.ts';

export interface StartPlan {
  readonly kind: MemberKind;
  /** Started before anybody asked: whoever comes first does not pay for it. */
  readonly ahead: boolean;
}

export interface Member extends Readonly<StartPlan> {
  readonly life: Life;
  readonly instance: Instance | null;
  readonly readyAtMs: number;
  leased: boolean;
  /** Its version was superseded while it started: it ends as soon as nobody waits for it. */
  readonly superseded: boolean;
}

/** As only this file may change it. */
interface OwnMember extends Member {
  kind: MemberKind;
  life: Life;
  instance: Instance | null;
  readyAtMs: number;
  superseded: boolean;
}

export interface MembersParts {
  readonly clock: Clock;
  /** Told before it is forgotten. */
  readonly onGone: (member: Member) => void;
  readonly onBug: (error: unknown) => void;
}

export class Members {
  readonly #parts: MembersParts;
  readonly #policy: UpkeepPolicy;
  readonly #all = new Set<OwnMember>();
  readonly #idle = new Shelf<OwnMember>();
  #leaving = 0;
  #peakMb = 0;
  #upkeep: Timer | null = null;
  #keepUntilMs = 0;

  constructor(parts: MembersParts, policy: UpkeepPolicy) {
    this.#parts = parts;
    this.#policy = policy;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Unused ones. */
  get idle(): number {
    return this.#idle.size;
  }

  /** Those on their way out, whose memory will be free. */
  get leaving(): number {
    return this.#leaving;
  }

  /** What they used at most, of late, in MB; 0: not known yet. */
  get peakMb(): number {
    return this.#peakMb;
  }

  all(): Member[] {
    return [...this.#all];
  }

  join(start: StartPlan): Member {
    const flags = { leased: false, superseded: false };
    const member: OwnMember = { life: { at: 'starting' }, instance: null, readyAtMs: 0, ...start, ...flags };
    this.#all.add(member);
    return member;
  }

  began(member: OwnMember, instance: Instance): void {
    member.instance = instance;
    member.readyAtMs = this.#parts.clock.nowMs();
    this.move(member, 'ready');
    this.#sample(member);
    instance.exited.then(() => this.gone(member));
  }

  move(member: OwnMember, event: LifeEvent): void {
    const was = member.life.at;
    member.life = next(member.life, event, this.#parts.clock.nowMs());
    this.#leaving += Number(member.life.at === 'stopping') - Number(was === 'stopping');
  }

  /** The unused one that is to serve next, awake; undefined: there is none. */
  takeIdle(): Member | undefined {
    for (let member = this.#idle.newest(); member !== undefined; member = this.#idle.newest()) {
      if (member.instance?.open) return this.#unshelve(member);
      this.retire(member); // it died on the shelf, and its exit is not known yet
    }
    return undefined;
  }

  shelve(member: OwnMember): void {
    this.#idle.put(member);
    this.#scheduleUpkeep();
  }

  /** The instance that was used last is not stopped before, unless it is one too many. */
  keepUntil(atMs: number): void {
    this.#keepUntilMs = atMs;
  }

  /** Since when the longest unused one that nobody reserved is idle; null when none is. */
  oldestIdleMs(): number | null {
    const life = this.#idle.oldestToSpare()?.life;
    return life !== undefined && 'sinceMs' in life ? life.sinceMs : null;
  }

  /** Ends the one that has been unused for longest, of those that nobody reserved. */
  evictOldest(): void {
    const member = this.#idle.oldestToSpare();
    if (member !== undefined) this.retire(member);
  }

  /** Ends what was started ahead for somebody who did not come. */
  endUnused(): void {
    for (const member of this.#idle.all())
      if (member.kind === 'on-demand' && member.ahead && !member.leased) this.retire(member);
  }

  /** Ends it: at once if it is unused, else as soon as it is free, or as nobody waits for it. */
  drain(member: OwnMember): void {
    if (member.life.at === 'starting') member.superseded = true;
    else if (member.life.at === 'idle' || member.life.at === 'frozen') this.retire(member);
    else this.move(member, 'drain');
  }

  /** Takes an unused instance off the shelf for good. */
  retire(member: OwnMember): void {
    this.#idle.remove(member);
    this.move(member, 'drain');
    this.stop(member);
  }

  stop(member: Member): void {
    (member.instance as Instance).stop().catch(this.#parts.onBug);
  }

  gone(member: OwnMember): void {
    if (member.life.at === 'gone') return;
    this.#sample(member);
    this.move(member, 'exited');
    this.#all.delete(member);
    this.#idle.remove(member);
    // A crashed process leaves its guest's listener open: stopping the dead closes it.
    member.instance?.stop().catch(this.#parts.onBug);
    this.#parts.onGone(member);
  }

  /** A provisioned one serves on like any other. */
  demote(member: OwnMember): void {
    const shelved = this.#idle.remove(member);
    member.kind = 'on-demand';
    if (shelved) this.shelve(member);
  }

  #unshelve(member: OwnMember): Member {
    this.#idle.remove(member);
    if (member.life.at === 'frozen') {
      (member.instance as Instance).thaw();
      this.move(member, 'thaw');
    }
    return member;
  }

  /** Takes a new peak at once, and forgets an old one slowly. */
  #sample({ instance }: Member): void {
    if (instance === null) return;
    const peakMb = instance.peakMemoryMb();
    this.#peakMb = Math.max(peakMb, (7 * this.#peakMb + peakMb) / 8);
  }

  /** One timer for all, set for whichever unused instance is due first. */
  #scheduleUpkeep(): void {
    if (this.#upkeep !== null) return;
    const { clock } = this.#parts;
    const dueMs = this.#idle
      .all()
      .reduce((first, member) => Math.min(first, this.#dueMs(member)), Number.POSITIVE_INFINITY);
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#upkeep = clock.after(dueMs - clock.nowMs(), () => {
      this.#upkeep = null;
      this.#upkeepPass();
      this.#scheduleUpkeep();
    });
  }

  #upkeepPass(): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const member of this.#idle.all()) {
      if (this.#dueMs(member) > nowMs) continue;
      if (this.#stopDueMs(member) <= nowMs) this.retire(member);
      else {
        this.#sample(member);
        (member.instance as Instance).freeze();
        this.move(member, 'freeze');
      }
    }
  }

  #dueMs(member: OwnMember): number {
    return Math.min(freezeDueMs(member, this.#policy), this.#stopDueMs(member));
  }

  #stopDueMs(member: OwnMember): number {
    const keepUntilMs = member === this.#idle.newestOnDemand() ? this.#keepUntilMs : 0;
    return stopDueMs(member, this.#policy, keepUntilMs);
  }
}
