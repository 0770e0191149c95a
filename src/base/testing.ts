/** For tests: chance with a seed that is printed, so that a failure can be replayed. */
import { systemRandom } from './random.ts';

/** `TEST_SEED` if it is set, else a fresh one. Print it with `t.diagnostic`. */
export function testSeed(): number {
  const given = process.env.TEST_SEED;
  return given === undefined ? Math.floor(systemRandom() * 2 ** 32) : Number(given);
}
