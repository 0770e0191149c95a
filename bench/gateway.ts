/**
 * What the front door itself costs: requests/s of a gateway whose `invoke` answers at once, against a bare
 * `node:http` server, in turns on the same machine. Run by hand: `node bench/gateway.ts [seconds]`.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock, uuidSource } from '../src/base/index.ts';
import { createGateway } from '../src/gateway/index.ts';
import { NOBODY, REPORT, SNAPSHOT } from '../src/gateway/testing.ts';
import type { InvokeResult } from '../src/invoke/index.ts';
import { fullLoad } from './support/load.ts';

const seconds = Number(process.argv[2] ?? 3);
const payload = Buffer.from('{"statusCode":200,"headers":{"content-type":"text/plain"},"body":"hello"}');
const result: InvokeResult = { kind: 'result', executedVersion: 1, payload, report: REPORT };

const gateway = createGateway({
  invoke: async () => result,
  enqueue: () => Promise.reject(new Error('nothing is kept here')),
  secrets: { values: () => Promise.resolve({}) },
  directory: { current: () => SNAPSHOT },
  authority: NOBODY,
  clock: systemClock,
  domain: 'localhost',
  listen: { host: '127.0.0.1', port: 0 },
  trustProxy: [],
  newRequestId: uuidSource(() => systemClock.wallMs()),
  onBug: console.error,
});
await gateway.start();
const bare = createServer((_, res) => {
  res.writeHead(200, { 'content-type': 'text/plain', 'content-length': 5 });
  res.end('hello');
}).listen(0, '127.0.0.1');
await once(bare, 'listening');

async function measure(port: number): Promise<{ perSecond: number; cpuUs: number }> {
  const before = process.threadCpuUsage();
  const target = { url: `http://127.0.0.1:${port}/`, host: 'bakery-hello.localhost' };
  const { requestsPerSecond } = await fullLoad(target, seconds);
  const { user, system } = process.threadCpuUsage(before);
  return { perSecond: requestsPerSecond, cpuUs: (user + system) / (requestsPerSecond * seconds) };
}

for (let round = 1; round <= 3; round++) {
  const plain = await measure((bare.address() as AddressInfo).port);
  const door = await measure(gateway.port);
  console.log(
    `round ${round}: node:http ${plain.perSecond.toFixed(0)}/s, gateway ${door.perSecond.toFixed(0)}/s, ` +
      `ratio ${(door.perSecond / plain.perSecond).toFixed(2)}, CPU of the main loop ${plain.cpuUs.toFixed(1)} and ${door.cpuUs.toFixed(1)} µs/request`,
  );
}
await gateway.stop();
bare.close();
