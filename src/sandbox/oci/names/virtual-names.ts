/**
 * Virtual addresses: each stands for one host name, for all sandboxes of the node that list it.
 *
 * An address without a holder keeps its name until another name needs it; the one unused for longest
 * goes first. What is pinned at an address stays pinned, whatever name it has: who connects there is
 * judged by the name that it has now.
 */
import { Fault } from '../../../base/index.ts';

/** Names listed by live sandboxes of a node; each has a listener for every port it is listed with. */
const MOST_NAMES = 2_048;

export interface VirtualName {
  readonly address: string;
  /** Changes only while there is no holder. */
  host: string;
  /** Sandboxes that list it. */
  holders: number;
  /** Ports of the address that lead to the proxy; the promise settles when they do. */
  readonly pins: Map<number, Promise<void>>;
}

export class VirtualNames {
  readonly #addresses: Generator<string>;
  /** The one given back last is the last. */
  readonly #byHost = new Map<string, VirtualName>();
  readonly #most: number;

  /** @param block a CIDR; its first address is not used */
  constructor(block: string, most = MOST_NAMES) {
    this.#addresses = addressesOf(block);
    this.#most = most;
  }

  find(host: string): VirtualName | undefined {
    return this.#byHost.get(host);
  }

  /**
   * To be given back by `release`.
   *
   * @throws {Fault} `no-capacity` when live sandboxes hold all addresses
   */
  hold(host: string): VirtualName {
    const name = this.#byHost.get(host) ?? this.#named(host);
    name.holders++;
    return name;
  }

  release(name: VirtualName): void {
    name.holders--;
    this.#byHost.delete(name.host);
    this.#byHost.set(name.host, name);
  }

  #named(host: string): VirtualName {
    const address = this.#byHost.size < this.#most ? this.#addresses.next().value : undefined;
    const name = address === undefined ? this.#reused() : { address, host, holders: 0, pins: new Map() };
    name.host = host;
    this.#byHost.set(host, name);
    return name;
  }

  #reused(): VirtualName {
    for (const name of this.#byHost.values()) {
      if (name.holders > 0) continue;
      this.#byHost.delete(name.host);
      return name;
    }
    const message = `The functions that run here list more than ${this.#byHost.size} different host names as their egress: the node has no address left for another.`;
    throw new Fault('no-capacity', message, { facts: { limit: this.#byHost.size } });
  }
}

function* addressesOf(block: string): Generator<string, undefined> {
  const [first = '', bits = '32'] = block.split('/');
  const base = first.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  for (let place = 1; place < 2 ** (32 - Number(bits)); place++) {
    yield [24, 16, 8, 0].map((shift) => ((base + place) >>> shift) & 255).join('.');
  }
}
