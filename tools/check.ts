/**
 * `npm run check`: types, lint, layers and circles, sizes, purity, documents, dead code.
 * Prints what is wrong as `path:line: what`, and at the end which checks passed and failed.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { FAULTS } from '../src/base/index.ts';
import { COMMANDS } from '../src/cli/catalogue.ts';
import { LIMITS } from '../src/model/index.ts';
import { checkCommandsPage, checkErrorsPage, checkLimitsPage } from './check/documents.ts';
import { checkCycles, checkLayers } from './check/layers.ts';
import { checkPurity } from './check/purity.ts';
import { checkSizes } from './check/sizes.ts';
import { type Finding, readSources } from './check/source.ts';

const ROOT = process.cwd();
const OURS = ['src/**/*.ts', 'guest/**/*.{js,mjs,ts}', 'test/**/*.ts', 'tools/**/*.ts', 'bench/**/*.ts'];

interface Check {
  readonly name: string;
  /** @returns what is wrong, one entry per complaint; nothing when all is well */
  run(): Promise<readonly string[]>;
}

const sources = readSources(ROOT, OURS);
const checks: Check[] = [
  tool('types', 'tsc', ['-p', '.']),
  tool('types of the guest and the launcher', 'tsc', ['-p', 'tools/tsconfig.guest.json']),
  tool('lint and format', 'biome', ['check', '--error-on-warnings', '--colors=off', '.']),
  tool('dead code', 'knip', ['--no-progress', '--no-config-hints']),
  own('layers', () => checkLayers(sources)),
  own('circles', () => checkCycles(sources)),
  own('sizes', () => sources.flatMap((source) => checkSizes(source))),
  own('purity', () => sources.flatMap((source) => checkPurity(source))),
  own('docs/errors.md', () => checkErrorsPage(readFileSync('docs/errors.md', 'utf8'), FAULTS)),
  own('docs/cli.md', () => checkCommandsPage(readFileSync('docs/cli.md', 'utf8'), COMMANDS)),
  own('docs/limits.md', () => checkLimitsPage(readFileSync('docs/limits.md', 'utf8'), LIMITS)),
];

function own(name: string, find: () => Finding[]): Check {
  return {
    name,
    run: async () => find().map(({ path, line, message }) => `${path}:${line}: ${message}`),
  };
}

function tool(name: string, command: string, args: readonly string[]): Check {
  return {
    name,
    run: () =>
      new Promise((resolve, reject) => {
        const child = spawn(`node_modules/.bin/${command}`, args, {
          // the tools are scripts for "node": give them the pinned one
          env: { ...process.env, PATH: `${ROOT}/node_modules/.bin:${process.env.PATH}` },
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let output = '';
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
        child.on('error', reject);
        child.on('close', (code) =>
          resolve(code === 0 ? [] : [output.trim() || `${command} failed: ${code}`]),
        );
      }),
  };
}

async function main(): Promise<void> {
  const results = await Promise.all(checks.map(async (check) => ({ check, wrong: await check.run() })));
  for (const { check, wrong } of results) {
    if (wrong.length > 0) console.log(`✖ ${check.name}\n${wrong.join('\n')}\n`);
  }
  const failed = results.filter(({ wrong }) => wrong.length > 0);
  for (const { check } of results.filter(({ wrong }) => wrong.length === 0)) console.log(`✔ ${check.name}`);
  console.log(`\n${results.length - failed.length} checks passed, ${failed.length} failed`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

await main();
