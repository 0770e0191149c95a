/** `npm run bench -- cold`: first requests of functions that have no instance, by phase. */

import { runCommand } from '../test/support/command.ts';
import { type RealNode, startRealNode } from '../test/support/real-node.ts';
import { helloApp } from './support/apps.ts';
import { timedGet } from './support/load.ts';
import { printTable, type Spread, spreadOf } from './support/numbers.ts';
import { runcStarts } from './support/plain-runc.ts';

const STARTS = 60;
const BARE_STARTS = 30;
/** Time for a new blank sandbox to boot between two starts, in ms. */
const REFILL_MS = 250;

interface Phases {
  readonly sandboxMs: number;
  readonly runtimeMs: number;
  readonly initMs: number;
  readonly blank: boolean;
}

export async function cold(): Promise<unknown> {
  const bareNode = await processStarts();
  const rows: Record<string, string | number>[] = [row('node -e 0', '', spreadOf(bareNode))];
  const bareRunc = await runcStarts(BARE_STARTS);
  if (bareRunc !== null) rows.push(row('runc run node -e 0', '', spreadOf(bareRunc)));
  for (const [name, args] of [
    ['with a blank ready', []],
    ['without blanks', ['--blanks', '0']],
  ] as const) {
    await using node = await startRealNode(args);
    rows.push(...(await measure(node, name)));
  }
  console.log(`\n${STARTS} cold starts each, in ms\n`);
  printTable(rows);
  return rows;
}

async function measure(node: RealNode, name: string): Promise<Record<string, string | number>[]> {
  const keys = Array.from({ length: STARTS }, (_, n) => `f${n}`);
  await node.skein(['deploy', helloApp('cold', keys)]);
  const requests: number[] = [];
  for (const key of keys) {
    await pause(REFILL_MS);
    requests.push(await timedGet({ url: node.gateway.href, host: `cold-${key}.localhost` }));
  }
  await node.skein(['deploy', helloApp('cold', keys, '1')]); // new versions: all are cold again
  const phases: Phases[] = [];
  const handlers: number[] = [];
  for (const key of keys) {
    await pause(REFILL_MS);
    const answer = await node.control('POST', `/api/v1/functions/cold-${key}/invocations`, {});
    const { report } = answer.json() as { report: { phases: Phases; durationMs: number } };
    phases.push(report.phases);
    handlers.push(report.durationMs);
  }
  const blanks = phases.filter((phase) => phase.blank).length;
  return [
    row(name, 'request to response', spreadOf(requests)),
    row(name, `sandbox (${blanks} blank)`, spreadOf(phases.map((phase) => phase.sandboxMs))),
    row(name, 'runtime', spreadOf(phases.map((phase) => phase.runtimeMs))),
    row(name, 'user init', spreadOf(phases.map((phase) => phase.initMs))),
    row(name, 'handler', spreadOf(handlers)),
  ];
}

function row(what: string, phase: string, spread: Spread): Record<string, string | number> {
  return { what, phase, starts: spread.count, p50: spread.p50, p99: spread.p99 };
}

async function processStarts(): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < BARE_STARTS; n++) {
    const startMs = performance.now();
    await runCommand(process.execPath, ['-e', '0']);
    times.push(performance.now() - startMs);
  }
  return times;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
