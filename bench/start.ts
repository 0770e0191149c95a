/** `npm run bench -- start`: how long the commands take, and what an idle node uses. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../test/support/command.ts';
import { startRealNode } from '../test/support/real-node.ts';
import { helloApp } from './support/apps.ts';
import { get } from './support/load.ts';
import { median, printTable } from './support/numbers.ts';

const ROUNDS = 5;
const IDLE_MS = 10_000;

export async function start(): Promise<unknown> {
  const rows = [
    { what: 'skein up on an existing home, s (promised 1.5)', value: await upSeconds() },
    ...(await deploys()),
    ...(await idle()),
  ];
  printTable(rows);
  return rows;
}

async function upSeconds(): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'skein-home-'));
  const skein = (...args: string[]) =>
    runCommand(process.execPath, ['bin/skein', ...args, '--home', home], { timeoutMs: 120_000 });
  const up = () => skein('up', '--detach', '--gateway', '127.0.0.1:0', '--control', '127.0.0.1:0');
  try {
    await up();
    await skein('down');
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      times.push(await seconds(up));
      await skein('down');
    }
    return median(times);
  } finally {
    await skein('down');
    rmSync(home, { recursive: true, force: true });
  }
}

async function deploys(): Promise<{ what: string; value: number }[]> {
  await using node = await startRealNode();
  const folder = helloApp('hello', ['hello']);
  const target = { url: node.gateway.href, host: 'hello-hello.localhost' };
  await node.skein(['deploy', folder]);
  const unchanged: number[] = [];
  const changed: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    unchanged.push(await seconds(() => node.skein(['deploy', folder])));
    const source = `export const handler = async () => ({ statusCode: 200, body: 'round ${round}' });\n`;
    writeFileSync(join(folder, 'code/index.mjs'), source);
    changed.push(
      await seconds(async () => {
        await node.skein(['deploy', folder]);
        const { body } = await node.request(target.host, {});
        if (body.toString() !== `round ${round}`) throw new Error(`an old version answered: ${body}`);
      }),
    );
  }
  await get(target);
  return [
    { what: 'skein deploy of an unchanged app, s (promised 0.5)', value: median(unchanged) },
    { what: 'skein deploy of a changed function until it answers, s (promised 1)', value: median(changed) },
  ];
}

async function idle(): Promise<{ what: string; value: number }[]> {
  await using node = await startRealNode(['--blanks', '0']);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const before = cpuSeconds(node.pid);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const cpuPercent = ((cpuSeconds(node.pid) - before) / (IDLE_MS / 1000)) * 100;
  return [
    { what: 'idle node without PostgreSQL and blanks, MB PSS (promised 200)', value: pssMb(node.pid) },
    { what: 'idle node, % of one core (promised 1)', value: cpuPercent },
  ];
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

function pssMb(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]) / 1024;
}

/** All threads' CPU time, from /proc in ticks of 10 ms. */
function cpuSeconds(pid: number): number {
  let ticks = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
}
