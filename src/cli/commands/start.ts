/** `skein start`, which `npm start` runs: a node, the bakery, one order, and what happened. */
import { request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { sleep, systemClock } from '../../base/index.ts';
import { type Command, type Context, homeOf } from '../command.ts';
import { commandName } from '../command-name.ts';
import { deployFolder } from '../deploy-folder.ts';
import { holdingOn } from '../holding.ts';
import { connectNode, type NodeClient } from '../node-client.ts';
import { curlFor, milliseconds, nodeLog, note, print } from '../output.ts';
import { runningNode } from '../running.ts';
import { stopOnSignals } from '../signals.ts';
import { nodeOptions, optionsOf } from './up.ts';

const BAKERY = join(import.meta.dirname, '../../../examples/bakery');
const ORDER = {
  customer: 'Ada',
  items: [{ cake: 'Black Forest', quantity: 1, unitPriceCents: 3_900 }],
};

export const command: Command = {
  options: nodeOptions,
  words: { min: 0, max: 0 },
  async run(context) {
    const options = optionsOf(context);
    const running = await runningNode(options.home);
    if (running !== null) {
      note(`Using the node that is running already (process ${running.pid}).`);
      await holdingOn(showBakery(context, running.gateway));
      print(`That node goes on running; "${commandName()} down" stops it.`);
      return 0;
    }
    const signals = stopOnSignals();
    const { startNode } = await import('../../server.ts');
    const node = await startNode(options, { onProgress: note, onLog: nodeLog });
    signals.stopWith(() => node.stop());
    try {
      await showBakery(context, node.gatewayUrl);
      print(`${node.isolation}\n`);
      print('Running until Ctrl-C.');
    } catch (error) {
      await node.stop();
      throw error;
    }
    await node.closed;
    signals.release();
    return 0;
  },
};

async function showBakery(context: Context, gateway: string): Promise<void> {
  const client = connectNode(homeOf(context));
  note('Deploying examples/bakery…');
  const { answer: deployed } = await deployFolder(client, BAKERY, note);
  const url = `${deployed.url}orders`;
  const answer = await post(url, gateway);
  const report = await reportOf(client, answer.requestId);
  for (const line of story({ url, answer, report, gateway, control: client.node.control })) print(line);
}

interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  readonly requestId: string;
  readonly tookMs: number;
}

/** A request as anybody's: to the gateway's address, with the app's host. */
async function post(url: string, gateway: string): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const target = new URL(url);
  const body = JSON.stringify(ORDER);
  const headers = {
    host: target.host,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  const sentMs = systemClock.nowMs();
  const sent = request(
    new URL(target.pathname, gateway),
    { method: 'POST', headers, agent: false },
    (incoming) => {
      buffer(incoming).then((content) => {
        resolve({
          status: incoming.statusCode ?? 0,
          body: content.toString(),
          requestId: String(incoming.headers['x-amzn-requestid'] ?? ''),
          tookMs: systemClock.nowMs() - sentMs,
        });
      }, reject);
    },
  );
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

/** The REPORT line of a request; written off the request's path, so it may take a moment. */
async function reportOf(client: NodeClient, requestId: string): Promise<string | null> {
  const path = `/api/v1/functions/bakery-orders/logs?limit=1000&sinceMs=${Math.floor(systemClock.wallMs() - 60_000)}`;
  for (let attempt = 0; attempt < 40; attempt++) {
    const { entries } = await client.call<{
      entries: { type: string; requestId: string; message: string }[];
    }>('GET', path);
    const report = entries.find((entry) => entry.type === 'REPORT' && entry.requestId === requestId);
    if (report !== undefined) return report.message;
    await sleep(systemClock, 100);
  }
  return null;
}

function story(told: {
  url: string;
  answer: HttpAnswer;
  report: string | null;
  gateway: string;
  control: string;
}): string[] {
  const { answer, gateway } = told;
  const cold = told.report?.includes('Init Duration') === true;
  return [
    '',
    'An order was placed at the bakery:',
    `  POST ${told.url}`,
    `  ${JSON.stringify(ORDER)}`,
    `  → ${answer.status} ${answer.body}`,
    `  after ${milliseconds(answer.tookMs)}${cold ? ", the function's first start included" : ''}`,
    ...(told.report === null ? [] : [`  ${told.report.replaceAll('\t', '  ').trim()}`]),
    '',
    'Go on:',
    `  ${curlFor(told.url, gateway)}`,
    `  ${commandName()} list · logs bakery-orders -f · usage · help`,
    `  functions answer at ${gateway}, the control API at ${told.control}`,
    '',
  ];
}
