/**
 * The pool of namespaces: those that wait for a sandbox.
 *
 * A namespace is used again once the last process in it is dead: its sockets have died with them, and
 * every packet is judged by the egress of its sender now, whatever the connection was begun under.
 * `SPARE` wait at least; what demand has added above `MOST_SPARE` is removed while nobody asks.
 */
import { Fault } from '../../../base/index.ts';
import type { Egress } from '../../../model/index.ts';
import type { NetworkSlot } from '../ground.ts';
import type { Names } from '../names/index.ts';
import type { Firewall } from './firewall.ts';
import { makeNamespaces, type Namespace, removeNamespaces } from './namespaces.ts';
import { tableOf } from './rules.ts';

const SPARE = 8;
const MOST_SPARE = 64;
/** Made in one process. */
const BATCH = 32;
/** Places of a block that can be given out. */
const PLACES = 4_094;
/** Removed at once while nobody asks. */
const SHRINK_BATCH = 256;

export interface PoolParts {
  readonly id: string;
  readonly block: string;
  /** Bytes of the longest packet. */
  readonly mtu: number;
  readonly wall: Firewall;
  readonly names: Names;
  readonly onProblem: (problem: unknown) => void;
}

interface Waiter {
  resolve(namespace: Namespace): void;
  reject(error: unknown): void;
}

export class NamespacePool {
  readonly #parts: PoolParts;
  /** The one used last is given out next, so that those not needed can be removed. */
  readonly #ready: Namespace[] = [];
  readonly #waiting: Waiter[] = [];
  /** First in, first out: what was removed has gone by the time its place comes again. */
  readonly #places = Array.from({ length: PLACES }, (_, index) => index + 1);
  #making: Promise<void> | null = null;
  #askedSinceShrink = false;
  #closed = false;

  constructor(parts: PoolParts) {
    this.#parts = parts;
  }

  async take(egress: Egress): Promise<NetworkSlot> {
    const namespace = await this.#takeReady();
    const { address, netnsPath } = namespace;
    const { wall, names } = this.#parts;
    let current: Egress = { mode: 'public' };
    const setEgress = async (next: Egress) => {
      await Promise.all([wall.change(address, { from: current, to: next }), names.learn(address, next)]);
      current = next;
    };
    try {
      await setEgress(egress);
    } catch (error) {
      this.#giveBack(namespace, current);
      throw error;
    }
    let held = true;
    return {
      netnsPath,
      address,
      setEgress,
      release: () => {
        if (held) this.#giveBack(namespace, current);
        held = false;
      },
    };
  }

  /** Resolves when as many wait as should. */
  async fill(): Promise<void> {
    this.#refill();
    await this.#making;
  }

  /** Removes what nobody has asked for since the last time. */
  async shrink(): Promise<void> {
    const asked = this.#askedSinceShrink;
    this.#askedSinceShrink = false;
    if (asked || this.#closed) return;
    const surplus = this.#ready.splice(0, Math.min(this.#ready.length - MOST_SPARE, SHRINK_BATCH));
    await removeNamespaces(surplus.map(({ name }) => name));
    this.#places.push(...surplus.map(({ name }) => Number(name.slice(name.lastIndexOf('-') + 1))));
  }

  /** Who waits is refused; what is there goes with the sweep. */
  close(): void {
    this.#closed = true;
    const error = new Fault('shutting-down', 'This node is shutting down and starts nothing more.');
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
  }

  #takeReady(): Promise<Namespace> {
    this.#askedSinceShrink = true;
    const namespace = this.#ready.pop();
    const taken =
      namespace === undefined
        ? new Promise<Namespace>((resolve, reject) => this.#waiting.push({ resolve, reject }))
        : Promise.resolve(namespace);
    this.#refill();
    return taken;
  }

  /** One batch at a time. Who waits is served by whatever comes first. */
  #refill(): void {
    const missing = this.#waiting.length + SPARE - this.#ready.length;
    if (missing <= SPARE / 2 || this.#making !== null || this.#closed) return;
    this.#making = this.#make(Math.min(missing, BATCH)).finally(() => {
      this.#making = null;
      this.#refill();
    });
  }

  async #make(count: number): Promise<void> {
    const { id, block, mtu, onProblem } = this.#parts;
    const places = this.#places.splice(0, count);
    try {
      if (places.length === 0) throw new Error(`all ${PLACES} addresses of this node's sandboxes are in use`);
      for (const namespace of await makeNamespaces({ id, block, mtu, places })) this.#offer(namespace);
    } catch (error) {
      await removeNamespaces(places.map((place) => `${tableOf(id)}-${place}`));
      this.#places.push(...places);
      if (this.#closed) return;
      onProblem(error);
      for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
    }
  }

  #offer(namespace: Namespace): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#ready.push(namespace);
    else waiter.resolve(namespace);
  }

  #giveBack(namespace: Namespace, egress: Egress): void {
    const { wall, names, onProblem } = this.#parts;
    names.forget(namespace.address);
    wall.change(namespace.address, { from: egress, to: { mode: 'public' } }).then(
      () => this.#offer(namespace),
      onProblem, // it keeps an egress that is not the next one's: never used again
    );
  }
}
