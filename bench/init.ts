/**
 * `npm run bench -- init`: how long a function with megabytes of JavaScript initialises, the first time
 * and from what that compiled, in turns.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { type RealNode, startRealNode } from '../test/support/real-node.ts';
import { heavyInitApp } from './support/apps.ts';
import { median, printTable } from './support/numbers.ts';

const STARTS = 20;
/** Time for what was compiled to be kept, and for a new blank sandbox to boot, in ms. */
const PAUSE_MS = 500;

interface Phases {
  readonly initMs: number;
  readonly placeMs: number;
  readonly loadMs: number;
  readonly compiled: boolean;
}

export async function init(): Promise<unknown> {
  const rows: Record<string, string | number>[] = [];
  for (const minified of [false, true]) {
    const { bundle, bytes } = makeBundle(minified);
    try {
      rows.push(
        ...(await measure(bundle, `${(bytes / 2 ** 20).toFixed(1)} MB${minified ? ', minified' : ''}`)),
      );
    } finally {
      rmSync(bundle, { recursive: true });
    }
  }
  console.log(`\n${STARTS} starts each, in turns, with a blank ready; medians in ms\n`);
  printTable(rows);
  return rows;
}

function makeBundle(minify: boolean): { bundle: string; bytes: number } {
  const bundle = mkdtempSync(join(tmpdir(), 'bench-bundle-'));
  const outfile = join(bundle, 'index.cjs');
  const entry = join(import.meta.dirname, 'fixtures/heavy/index.mjs');
  buildSync({ entryPoints: [entry], outfile, bundle: true, minify, platform: 'node', format: 'cjs' });
  return { bundle, bytes: statSync(outfile).size };
}

async function measure(bundle: string, what: string): Promise<Record<string, string | number>[]> {
  await using node = await startRealNode();
  const keys = Array.from({ length: STARTS }, (_, n) => `f${n}`);
  const folder = heavyInitApp('init', keys, bundle);
  await node.skein(['deploy', folder]);
  const first: Phases[] = [];
  const later: Phases[] = [];
  for (const key of keys) {
    first.push(await coldStart(node, `init-${key}`));
    later.push(await coldStart(node, `init-${key}`));
  }
  rmSync(folder, { recursive: true });
  if (first.some(({ compiled }) => compiled) || !later.every(({ compiled }) => compiled))
    throw new Error('a start did not go about compiled code as it should');
  const compiled = row(`${what}: compiled before`, later);
  const without = row(`${what}: first of its version`, first);
  return [without, { ...compiled, ratio: compiled.load / without.load }];
}

/** Its process ends with the next event, so that the one after it starts another. */
async function coldStart(node: RealNode, name: string): Promise<Phases> {
  await pause();
  const { report } = (await node.invoke(name)) as unknown as { report: { phases: Phases } };
  await node.invoke(name, { end: true });
  return report.phases;
}

function row(what: string, phases: readonly Phases[]) {
  const of = (pick: (phases: Phases) => number) => median(phases.map(pick));
  return {
    what,
    init: of(({ initMs }) => initMs),
    place: of(({ placeMs }) => placeMs),
    load: of(({ loadMs }) => loadMs),
    rest: of(({ initMs, placeMs, loadMs }) => initMs - placeMs - loadMs),
    ratio: 1,
  };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
