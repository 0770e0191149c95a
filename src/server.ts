/**
 * The composition root: a node is built here part by part, in reading order, and taken down in the
 * reverse order. The parts are in `server/`, where every object is made by hand. Nothing here decides
 * anything; where two rooms on one level meet, they meet here.
 */
import { systemClock as clock, favourLoop, keepAlive, tidyHeapOnceIdle } from './base/index.ts';
import { requireFreePort } from './cluster/index.ts';
import { type Options, removeNodeFile, writeNodeFile } from './config/index.ts';
import { openDataPlane, standReady } from './server/data-plane.ts';
import { openEdges } from './server/edges.ts';
import { openSchedules } from './server/schedules.ts';
import { type NodeHooks, openSandboxes, takeHome } from './server/site.ts';
import { openSources } from './server/sources.ts';
import { openState } from './server/state.ts';
import { keepBounds } from './server/upkeep.ts';

export type { NodeHooks } from './server/site.ts';

export interface RunningNode {
  readonly gatewayUrl: string;
  readonly controlUrl: string;
  readonly isolation: string;
  /** Resolves when the node has stopped, whoever asked for it. */
  readonly closed: Promise<void>;
  /** Ends requests in flight in order, then everything else. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a node.
 *
 * @throws {Fault} `home-in-use`, `port-in-use`, `database-unavailable`, … ; nothing is left running then
 */
export async function startNode(options: Options, hooks: NodeHooks): Promise<RunningNode> {
  await using building = new AsyncDisposableStack();
  building.use(keepAlive()); // until the last of it is down: much of it waits by the clock
  const home = await takeHome(options, hooks, building);
  await requireFreePort(options.gateway, '--gateway'); // before a database is made for nothing
  await requireFreePort(options.control, '--control');
  const [sandboxes, state] = await together(openSandboxes(home), openState(home));
  const site = { ...home, sandboxes };
  const dataPlane = await openDataPlane(site, state);
  const sources = await openSources(site, state, dataPlane);
  building.defer(
    keepBounds(state, dataPlane.fleet, site.problem('what is no longer needed could not be deleted')),
  );
  await standReady(state, dataPlane);
  const lifecycle = { ready: false, stop: () => Promise.resolve() };
  const schedules = openSchedules(site, state, dataPlane);
  const { gateway, api } = await openEdges(site, { state, dataPlane, schedules, lifecycle });
  await dataPlane.events.start();
  await schedules.scheduler.start();
  await sources.start();
  const { accessKeyId, secretAccessKey, token } = state.keys;
  const [gatewayUrl, controlUrl] = [gateway.url, api.url];
  const reached = { gateway: gatewayUrl, control: controlUrl, pid: process.pid };
  writeNodeFile(options.home, { ...reached, accessKeyId, secretAccessKey, token });
  building.defer(() => removeNodeFile(options.home));
  // Where instances are not its children: they would begin in its group.
  if (sandboxes.ports !== null) building.defer(favourLoop() ?? (() => {}));
  building.defer(tidyHeapOnceIdle(clock, site.problem('the heap could not be tidied')));
  lifecycle.ready = true;
  dataPlane.follow(state.registry.current()); // last, so that blanks are booted while nobody waits for the node

  const built = building.move();
  const closed = Promise.withResolvers<void>();
  let stopping: Promise<void> | null = null;
  lifecycle.stop = () => {
    lifecycle.ready = false;
    stopping ??= built.disposeAsync().finally(() => closed.resolve());
    return stopping;
  };
  const { isolation } = sandboxes;
  return { gatewayUrl, controlUrl, isolation, closed: closed.promise, stop: lifecycle.stop };
}

/** Both at once: each waits for programs most of the time. A failure of one is told when the other is done, not half open. */
async function together<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return await Promise.all([first, second]);
}
