/**
 * `npm run bench -- init`: how long a function with megabytes of code initialises, the first time
 * and from what that compiled, in turns.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { type RealNode, startRealNode } from '../test/support/real-node.ts';
import { codeApp } from './support/apps.ts';
import { median, printTable } from './support/numbers.ts';

const STARTS = 12;
/** Time for what was compiled to be kept, and for a new blank sandbox to boot, in ms. */
const PAUSE_MS = 500;
const PYTHON_LIBRARY = '/usr/lib/python3.11';
const PYTHON_PACKAGES = ['asyncio', 'email', 'http', 'logging', 'unittest', 'urllib', 'xml', 'xmlrpc'];

interface Phases {
  readonly initMs: number;
  readonly placeMs: number;
  /** Null of Python. */
  readonly loadMs: number | null;
  readonly compiled: boolean;
}

interface Bundle {
  readonly what: string;
  /** A folder of code, to be removed afterwards. */
  readonly folder: string;
  readonly runtime: 'nodejs24.x' | 'python3.11';
}

export async function init(): Promise<unknown> {
  const rows: Record<string, string | number>[] = [];
  for (const bundle of [javaScript(false), javaScript(true), python()]) {
    if (bundle !== null) rows.push(...(await measure(bundle)));
  }
  console.log(`\n${STARTS} starts each, in turns, with a blank ready; medians in ms\n`);
  printTable(rows);
  return rows;
}

function javaScript(minify: boolean): Bundle {
  const folder = mkdtempSync(join(tmpdir(), 'bench-bundle-'));
  const outfile = join(folder, 'index.cjs');
  const entry = join(import.meta.dirname, 'fixtures/heavy/index.mjs');
  buildSync({ entryPoints: [entry], outfile, bundle: true, minify, platform: 'node', format: 'cjs' });
  const what = `JavaScript, ${megabytes(statSync(outfile).size)} MB${minify ? ' minified' : ''}`;
  return { folder, what, runtime: 'nodejs24.x' };
}

/** The standard library's own packages, as code that came without its compiled form. */
function python(): Bundle | null {
  const folder = mkdtempSync(join(tmpdir(), 'bench-bundle-'));
  if (!existsSync(PYTHON_LIBRARY)) return null;
  for (const name of PYTHON_PACKAGES) {
    const filter = (path: string) => !path.endsWith('__pycache__');
    cpSync(join(PYTHON_LIBRARY, name), join(folder, name), { recursive: true, filter });
  }
  cpSync(join(import.meta.dirname, 'fixtures/heavy/index.py'), join(folder, 'index.py'));
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  return { folder, what: `Python, ${megabytes(bytes)} MB`, runtime: 'python3.11' };
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

async function measure({ folder: code, what, runtime }: Bundle): Promise<Record<string, string | number>[]> {
  await using node = await startRealNode();
  const keys = Array.from({ length: STARTS }, (_, n) => `f${n}`);
  const folder = codeApp('init', keys, { code, runtime });
  await node.skein(['deploy', folder]);
  const first: Phases[] = [];
  const later: Phases[] = [];
  for (const key of keys) {
    first.push(await coldStart(node, `init-${key}`));
    later.push(await compiledStart(node, `init-${key}`));
  }
  for (const made of [folder, code]) rmSync(made, { recursive: true });
  const rows = [row(`${what}: first of its version`, first), row(`${what}: compiled before`, later)];
  const [without] = rows;
  return rows.map((one) => ({ ...one, ratio: one.init / (without?.init ?? 1) }));
}

/** On a busy machine it takes a while until what was compiled is on the disk. */
async function compiledStart(node: RealNode, name: string): Promise<Phases> {
  for (let tries = 0; tries < 20; tries++) {
    const phases = await coldStart(node, name);
    if (phases.compiled) return phases;
  }
  throw new Error(`what ${name} compiled was not kept`);
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
    load: of(({ loadMs }) => loadMs ?? 0),
  };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
