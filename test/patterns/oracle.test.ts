/**
 * Our patterns against AWS's own library, event-ruler, which EventBridge and Lambda are made with: random patterns and
 * events, wrong ones among them. Both must say the same of each, errors included.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { seededRandom } from '../../src/base/index.ts';
import { testSeed } from '../../src/base/testing.ts';
import { compilePattern, matches, PatternError, parseEvent } from '../../src/model/index.ts';
import { type Case, randomCase } from './random-case.ts';

const CACHE = join(import.meta.dirname, '.cache');
const CASES = 10_000;
/** The same in every run, since a bug of theirs that another brings up is no reason to stop ours; TEST_SEED is another. */
const SEED = 11;
/** Java starts, compiles and answers within this, also on a machine that is busy. */
const JAVA_MS = 300_000;

function ours({ pattern, event }: Case): string {
  try {
    return String(matches(compilePattern(pattern), parseEvent(event) as object));
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    if (error.reason.startsWith('Rule is too complex')) return 'complex';
    return `error ${error.message.replace(/^Event pattern is not valid. Reason: /, '').replaceAll('\n', '\\n')}`;
  }
}

async function oracle(cases: readonly Case[]): Promise<string[]> {
  const java = spawn('java', ['-cp', join(CACHE, '*'), join(import.meta.dirname, 'Oracle.java')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: JAVA_MS,
  });
  java.stdin.end(cases.map(({ pattern, event }) => `${pattern}\n${event}\n`).join(''));
  const chunks: Buffer[] = [];
  for await (const chunk of java.stdout) chunks.push(chunk);
  return Buffer.concat(chunks).toString().trimEnd().split('\n');
}

/**
 * Complexity that only we judge: with `$or` event-ruler takes all alternatives together, and very long for it; what comes
 * after a field that must not be there it forgets.
 */
function notJudged({ pattern }: Case, our: string): boolean {
  return our === 'complex' && (pattern.includes('$or') || pattern.includes('"exists": false'));
}

suite('patterns and AWS’s event-ruler', () => {
  const installed = existsSync(CACHE) && readdirSync(CACHE).some((file) => file.startsWith('event-ruler'));
  const skip = installed ? false : 'event-ruler is not here: run test/patterns/install.sh';

  test(`agree on ${CASES.toLocaleString('en')} random patterns and events`, { skip }, async (t) => {
    const seed = process.env.TEST_SEED === undefined ? SEED : testSeed();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const cases = Array.from({ length: CASES }, () => randomCase(random));
    const theirs = await oracle(cases);
    assert.equal(theirs.length, CASES);
    const counts: Record<string, number> = {};
    const differences = cases.flatMap((each, at) => {
      const verdict = theirs[at] ?? '';
      const kind = verdict.split(' ')[0] ?? '';
      counts[kind] = (counts[kind] ?? 0) + 1;
      const our = ours(each);
      return our === verdict || notJudged(each, our) ? [] : [{ ...each, ours: our, theirs: verdict }];
    });
    assert.deepEqual(differences.slice(0, 3), [], `${differences.length} differences`);
    t.diagnostic(JSON.stringify(counts));
    for (const kind of ['true', 'false', 'error']) assert.ok((counts[kind] ?? 0) > CASES / 20, `few ${kind}`);
  });
});
