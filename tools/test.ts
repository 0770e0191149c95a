/**
 * `npm test [-- file…]`: every test of the project, under the pinned Node.js, on one PostgreSQL
 * that is started for the run. Prints a line per file, failures in full, and `N passed, N failed`.
 *
 * A test may skip with a reason (a browser, Rust or Go that this machine has not); with CI=true
 * that is a failure, because there everything has been installed.
 */
import { globSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import { type Totals, totalsReporter } from './test-totals.ts';

const PATTERNS = [
  'src/**/*.test.ts',
  'guest/**/*.test.{js,mjs,ts}',
  'tools/**/*.test.ts',
  'examples/*/**/*.test.ts',
  'test/**/*.test.ts',
];
/** Half a minute or more each: CI runs them, and whoever names them. */
const LONG = [
  'concurrency',
  'database-away',
  'failures',
  'function-calls',
  'leaks',
  'nothing-lost',
  'provisioned',
  'reaping',
  'scheduled-start',
  'triggers',
  'two-nodes',
  'weather',
].map((name) => `test/e2e/${name}.test.ts`);
/** Longest that one file may take, in ms; a hanging test ends here instead of holding the run. */
const FILE_TIMEOUT_MS = 600_000;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { totals: { type: 'string' }, concurrency: { type: 'string' } },
});

async function main(): Promise<void> {
  const files = testFiles(positionals);
  if (files.length === 0) throw new Error(`No test file matches ${positionals.join(' ')}.`);
  const server = await startDatabase();
  try {
    report(await runFiles(files));
  } finally {
    await server?.stop();
  }
}

function testFiles(wanted: readonly string[]): string[] {
  const found = globSync(PATTERNS, { exclude: (name) => name.includes('node_modules') }).sort();
  if (wanted.length === 0) return process.env.CI === 'true' ? found : withoutLong(found);
  return found.filter((file) => wanted.some((part) => file.includes(part)));
}

function withoutLong(files: readonly string[]): string[] {
  console.log(`Left out: ${LONG.length} files that take half a minute or more each; CI=true runs them.`);
  return files.filter((file) => !LONG.includes(file));
}

/** One server for all files: starting one costs as much as many of the tests together. */
async function startDatabase(): Promise<{ stop(): Promise<void> } | null> {
  if (process.env.SKEIN_TEST_DATABASE_URL !== undefined) return null;
  const { startTestServer } = await import('../src/store/testing.ts');
  const server = await startTestServer();
  process.env.SKEIN_TEST_DATABASE_URL = server.url;
  return server;
}

async function runFiles(files: string[]): Promise<Totals> {
  const reporter = totalsReporter((text) => process.stdout.write(text));
  const concurrency = Number(options.concurrency ?? Math.max(2, availableParallelism()));
  const stream = run({ files, concurrency, timeout: FILE_TIMEOUT_MS });
  for await (const event of stream) reporter.take(event);
  return reporter.totals();
}

function report({ passed, failed, skipped, failures: broken }: Totals): void {
  const skipsFail = process.env.CI === 'true';
  if (skipped.length > 0) {
    console.log(`\n${skipped.length} skipped${skipsFail ? ', which CI does not allow' : ''}:`);
    for (const line of skipped) console.log(`  - ${line}`);
  }
  // once more: in a long log only the end is read
  for (const failure of broken) console.log(`\nFAILED ${failure}`);
  const failures = failed + (skipsFail ? skipped.length : 0);
  if (options.totals !== undefined) writeFileSync(options.totals, `${passed} ${failures}\n`);
  console.log(`\n${passed} passed, ${failures} failed`);
  process.exitCode = failures > 0 ? 1 : 0;
}

await main();
