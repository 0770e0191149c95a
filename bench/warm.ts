/** `npm run bench -- warm`: requests a second and latency of a hello function, side by side, in turns. */
import { constantRate } from './support/constant-rate.ts';
import { fullLoad, hasWrk, type Load } from './support/load.ts';
import { median, percentile, printTable } from './support/numbers.ts';
import {
  bareServer,
  frameworkServer,
  installPeers,
  offlineServer,
  type Server,
  skeinServer,
} from './support/servers.ts';

const ROUNDS = 3;
const SECONDS = 5;
/** Every process of every server compiles its own code first; fifty instances take a while. */
const WARM_UP_SECONDS = 10;
const RATE = 1000;

export async function warm(): Promise<unknown> {
  await installPeers();
  await using servers = new AsyncDisposableStack();
  const all: Server[] = [];
  for (const start of [bareServer, skeinServer, frameworkServer, offlineServer]) {
    all.push(servers.use(await start()));
  }
  const loads = await inTurns(all);
  const added = await addedLatency(all);
  const summary = all.map((server) => summaryOf(server.name, loads, added.get(server.name) ?? Number.NaN));
  console.log(
    `\n${ROUNDS} rounds of ${SECONDS} s each, ${(await hasWrk()) ? 'wrk' : 'autocannon'}, 50 connections\n`,
  );
  printTable(summary);
  return { rounds: ROUNDS, seconds: SECONDS, servers: summary };
}

async function inTurns(servers: readonly Server[]): Promise<Map<string, Load[]>> {
  const loads = new Map<string, Load[]>(servers.map(({ name }) => [name, []]));
  for (const { target } of servers) await fullLoad(target, WARM_UP_SECONDS);
  for (let round = 1; round <= ROUNDS; round++) {
    for (const { name, target } of servers) {
      const load = await fullLoad(target, SECONDS);
      if (load.failures > 0) console.error(`${name}: ${load.failures} failures`);
      loads.get(name)?.push(load);
      console.error(`round ${round}: ${name} ${Math.round(load.requestsPerSecond)} requests/s`);
    }
  }
  return loads;
}

/** The p50 that each adds to the handler in a bare server, at 1,000 requests/s. */
async function addedLatency(servers: readonly Server[]): Promise<Map<string, number>> {
  const p50s = new Map<string, number[]>(servers.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    // serverless-offline cannot keep up with this rate
    for (const { name, target } of servers.filter(({ name }) => name !== 'serverless-offline')) {
      p50s.get(name)?.push((await constantRate(target, RATE, SECONDS)).p50);
    }
  }
  const bare = median(p50s.get('node:http') ?? []);
  return new Map([...p50s].map(([name, values]) => [name, median(values) - bare]));
}

function summaryOf(
  name: string,
  loads: Map<string, Load[]>,
  addedMs: number,
): Record<string, string | number> {
  const mine = loads.get(name) ?? [];
  const rates = mine.map((load) => load.requestsPerSecond);
  const ratioTo = (other: string) => {
    const ratios = (loads.get(other) ?? []).map(
      (load, round) => (rates[round] ?? 0) / load.requestsPerSecond,
    );
    return `${median(ratios).toFixed(2)} (${percentile(ratios, 0).toFixed(2)}–${percentile(ratios, 1).toFixed(2)})`;
  };
  return {
    server: name,
    'requests/s': Math.round(median(rates)),
    'p50 ms': median(mine.map((load) => load.p50Ms)),
    'p99 ms': median(mine.map((load) => load.p99Ms)),
    '× node:http': ratioTo('node:http'),
    '× functions-framework': ratioTo('functions-framework'),
    [`added p50 ms at ${RATE}/s`]: Number.isNaN(addedMs) ? '–' : addedMs.toFixed(3),
  };
}
