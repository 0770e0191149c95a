/**
 * Samples the forms of payloads that were handled, so that one that was not can be compared with them.
 *
 * Looks at one payload of a function per second at most, and at small ones only: what is to be learned from it is
 * worth no more of the loop that serves requests.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../base/index.ts';
import type { SeenShape } from '../../store/index.ts';
import { shapeOf } from './shape.ts';

export interface SamplerParts {
  readonly clock: Clock;
  readonly write: (seen: readonly SeenShape[]) => Promise<void>;
  readonly onProblem: (problem: unknown) => void;
}

const EVERY_MS = 1_000;
const WRITE_AFTER_MS = 2_000;
const MAX_BYTES = 16 * 1024;
/** Of one function that are known not to be new. */
const MAX_KNOWN = 64;
/** Functions that are remembered; beyond that all are forgotten, which costs some writes. */
const MAX_FUNCTIONS = 5_000;

interface Known {
  nextAtMs: number;
  readonly digests: Set<string>;
}

export class Sampler {
  readonly #parts: SamplerParts;
  readonly #functions = new Map<string, Known>();
  #seen: SeenShape[] = [];

  constructor(parts: SamplerParts) {
    this.#parts = parts;
  }

  /** The function has handled this. */
  handled({ functionName, payload, bytes }: { functionName: string; payload: string; bytes: number }): void {
    const known = this.#known(functionName);
    const nowMs = this.#parts.clock.nowMs();
    if (bytes > MAX_BYTES || nowMs < known.nextAtMs) return;
    known.nextAtMs = nowMs + EVERY_MS;
    const shape = shapeOf(payload);
    if (shape === null) return;
    const digest = createHash('sha256')
      .update(JSON.stringify(Object.entries(shape).toSorted()))
      .digest('base64url');
    if (known.digests.has(digest)) return;
    if (known.digests.size >= MAX_KNOWN) known.digests.clear();
    known.digests.add(digest);
    if (this.#seen.push({ functionName, digest, shape }) === 1)
      this.#parts.clock.after(WRITE_AFTER_MS, () => void this.flush());
  }

  async flush(): Promise<void> {
    const seen = this.#seen;
    this.#seen = [];
    if (seen.length > 0) await this.#parts.write(seen).catch(this.#parts.onProblem);
  }

  #known(functionName: string): Known {
    let known = this.#functions.get(functionName);
    if (known === undefined) {
      if (this.#functions.size >= MAX_FUNCTIONS) this.#functions.clear();
      known = { nextAtMs: 0, digests: new Set() };
      this.#functions.set(functionName, known);
    }
    return known;
  }
}
