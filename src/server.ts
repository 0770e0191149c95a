/**
 * The composition root: builds every object of a node by hand, in reading order, and takes them down
 * in the reverse order. Nothing here decides anything; where two rooms on one level meet, they meet here.
 */
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Api, createApi } from './api/index.ts';
import { createArtifacts } from './artifacts/index.ts';
import {
  systemClock as clock,
  keepAlive,
  periodically,
  sleep,
  systemRandom,
  uuidSource,
} from './base/index.ts';
import { lockHome, requireFreePort } from './cluster/index.ts';
import { type Options, removeNodeFile, writeNodeFile } from './config/index.ts';
import { type Control, createControl, functionUrls } from './control/index.ts';
import { createGateway, type Gateway } from './gateway/index.ts';
import { instanceCredentials, loadNodeKeys, purposeKey } from './identity/index.ts';
import { createStarter, defaultReserveMb, Fleet, openMemoryReader } from './instances/index.ts';
import { createInvoker } from './invoke/index.ts';
import { logReader, startLogIntake } from './logs/index.ts';
import { startProvisionedMeter, startRecorder } from './metering/index.ts';
import { LIMITS, type UsageRecord } from './model/index.ts';
import { createRegistry, followedVersions, type Snapshot } from './registry/index.ts';
import { dropAppDatabase, ensureDatabase, openFunctionDatabases } from './resources/index.ts';
import { createRuntimes, openGuestDoor } from './runtimes/index.ts';
import { type OpenedDriver, openDriver, type SandboxFolder, sandboxFolder } from './sandbox/index.ts';
import {
  connect,
  deleteUnusedArtifacts,
  dropOldLines,
  dropOldSpans,
  dropOldUsage,
  hasArtifact,
  insertProvisioned,
  linesAfter,
  listenConfiguration,
  loadConfiguration,
  migrate,
  openDatabase,
  provisionedTotals,
  putSettingIfAbsent,
  unreachable,
  usageAfter,
  usageTotals,
  watchDatabase,
} from './store/index.ts';

export const VERSION = '0.1.0';

export interface RunningNode {
  readonly gatewayUrl: string;
  readonly controlUrl: string;
  readonly isolation: string;
  /** Resolves when the node has stopped, whoever asked for it. */
  readonly closed: Promise<void>;
  /** Ends requests in flight in order, then everything else. Idempotent. */
  stop(): Promise<void>;
}

export interface NodeHooks {
  /** A line for people, about what takes longer than a moment. */
  readonly onProgress: (line: string) => void;
  /** A line for the node's own log. */
  readonly onLog: (line: string) => void;
}

/** An instance that has been idle this long is frozen, in ms: long enough for a burst to find it awake. */
const FREEZE_AFTER_MS = 200;
/** How long the front door waits for provisioned instances when the node starts, in ms. */
const STAND_READY_MS = 10_000;
/** How often what is kept is brought back to its bounds, in ms. */
const RETENTION_EVERY_MS = 60_000;
/** Rows that go at once, so that no writer waits long. */
const RETENTION_BATCH = 10_000;
/** A package that no version uses is kept this long, in ms: going back to it costs no upload. */
const UNUSED_ARTIFACT_MS = 24 * 3_600_000;
/** However busy a shelf is, no more blank sandboxes wait on it, unless the operator asks for more. */
const MAX_BLANKS = 8;
const INSTALLATION = new URL('..', import.meta.url).pathname;

/**
 * Starts a node.
 *
 * @throws {Fault} `home-in-use`, `port-in-use`, `database-unavailable`, … ; nothing is left running then
 */
export async function startNode(options: Options, hooks: NodeHooks): Promise<RunningNode> {
  await using building = new AsyncDisposableStack();
  building.use(keepAlive()); // until the last of it is down: much of it waits by the clock
  const site = await takeHome(options, hooks, building);
  await requireFreePort(options.gateway, '--gateway'); // before a database is made for nothing
  await requireFreePort(options.control, '--control');
  const state = await openState(site);
  const dataPlane = await openDataPlane(site, state);
  building.defer(
    keepBounds(state, dataPlane.fleet, site.problem('what is no longer needed could not be deleted')),
  );
  await standReady(state, dataPlane);
  const lifecycle = { ready: false, stop: () => Promise.resolve() };
  const { gateway, api } = await openEdges(site, { state, dataPlane, lifecycle });
  const { accessKeyId, secretAccessKey, token } = state.keys;
  const [gatewayUrl, controlUrl] = [gateway.url, api.url];
  const reached = { gateway: gatewayUrl, control: controlUrl, pid: process.pid };
  writeNodeFile(options.home, { ...reached, accessKeyId, secretAccessKey, token });
  building.defer(() => removeNodeFile(options.home));
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
  const { isolation } = site.sandboxes;
  return { gatewayUrl, controlUrl, isolation, closed: closed.promise, stop: lifecycle.stop };
}

/** What every part of the building needs. */
interface Site {
  readonly options: Options;
  readonly hooks: NodeHooks;
  readonly building: AsyncDisposableStack;
  readonly folder: SandboxFolder;
  readonly sandboxes: OpenedDriver;
  readonly newId: () => string;
  /** @returns a listener for errors that belong in the node's log, under this heading */
  readonly problem: (what: string) => (error: unknown) => void;
}

/** The home is ours, and what an earlier node left running in it has ended. */
async function takeHome(options: Options, hooks: NodeHooks, building: AsyncDisposableStack): Promise<Site> {
  const lock = await lockHome(options.home, { clock });
  building.defer(() => lock.release());
  const folder = sandboxFolder(options.home);
  building.defer(() => folder.clear());
  const problem = (what: string) => (error: unknown) => hooks.onLog(`${what}: ${describe(error)}`);
  const sandboxes = await openDriver({
    ...{ choice: options.driver, ociRuntime: options.ociRuntime, searchPath: options.searchPath },
    ...{ folder, clock, random: systemRandom, onProblem: problem('the sandboxes') },
  });
  building.defer(() => sandboxes.driver.close());
  const { swept } = sandboxes;
  if (swept > 0) hooks.onLog(`ended ${swept} processes that an earlier node left running`);
  const newId = uuidSource(() => clock.wallMs());
  return { options, hooks, building, folder, sandboxes, newId, problem };
}

/** The database, and what is kept in it: keys, configuration, packages, usage, logs. */
async function openState({ options, hooks, building, folder, problem }: Site) {
  const database = await openDatabase(options, {
    clock,
    onProgress: hooks.onProgress,
    onEvent: (event) =>
      hooks.onLog(`PostgreSQL ${event.kind}: ${describe('error' in event ? event.error : event)}`),
  });
  building.defer(() => database.stop());
  const sql = connect({ url: database.url });
  building.defer(() => sql.end({ timeout: 2 }));
  await migrate(sql).catch((error) => {
    throw options.databaseUrl === null ? error : unreachable(error, database);
  });
  const watch = watchDatabase({ url: database.url, clock });
  building.defer(() => watch.stop());
  const keys = await loadNodeKeys({
    putIfAbsent: (key, value) => putSettingIfAbsent(sql, key, { ...value }),
  });
  const registry = createRegistry({
    load: () => loadConfiguration(sql),
    listen: (poke) => listenConfiguration(sql, poke),
    clock,
    onTrouble: problem('the configuration could not be loaded'),
  });
  await registry.start();
  building.defer(() => registry.stop());
  const databaseUrl = database.url;
  const recorder = startRecorder({ databaseUrl, clock }, (records) =>
    hooks.onLog(`${records} usage records were lost: PostgreSQL was away for too long`),
  );
  building.defer(() => recorder.stop());
  const logs = await startLogIntake({ socketFolder: options.home, databaseUrl }, (lines, why) =>
    hooks.onLog(`${lines} log lines were lost: ${why}`),
  );
  building.defer(() => logs.stop());
  const artifacts = createArtifacts({
    store: { has: (digest) => hasArtifact(sql, digest), url: databaseUrl },
    cacheDir: join(folder.path, 'artifacts'),
    clock,
    engine: `${process.version}-${process.arch}`,
    onProblem: problem('compiled code could not be kept'),
  });
  await artifacts.start();
  building.defer(() => artifacts.stop());
  return { database, sql, watch, keys, registry, recorder, logs, artifacts };
}

type State = Awaited<ReturnType<typeof openState>>;

/** What runs functions: runtimes, instances, the one door. */
async function openDataPlane(site: Site, state: State) {
  const { options, building, sandboxes, newId, problem } = site;
  const { keys, registry, recorder, logs, artifacts } = state;
  const { driver, ports } = sandboxes;
  const door = ports === null ? null : await openGuestDoor({ host: driver.guestHost, port: ports.door });
  building.defer(async () => door?.close());
  const runtimes = createRuntimes({
    ...(door === null ? {} : { door }),
    nodePath: driver.expose(process.execPath, 'lang/bin/node'),
    pythonPath: sandboxes.interpreter(options.pythonPath),
    guestDir: driver.expose(join(INSTALLATION, 'guest'), 'runtime'),
    credentials: (setup) => instanceCredentials(keys.signingKey, { ...setup, nowMs: clock.wallMs() }),
  });
  const starter = createStarter({
    driver,
    runtimes,
    openLog: (instanceId) => logs.open(instanceId),
    codeOf: (artifact) => artifacts.ensure(artifact),
    compiled: artifacts.compiled,
    databaseUrlOf: (await openDatabases(site, state)).urlOf,
    newId,
    clock,
  });
  const fleet = new Fleet(
    { starter, memory: await openMemoryReader(), clock, onProblem: problem('an instance') },
    {
      freezeAfterMs: FREEZE_AFTER_MS,
      queueLength: LIMITS.queueLength,
      queueTimeoutMs: options.queueTimeoutMs,
      burst: LIMITS.burstStarts,
      blanks: { min: options.blanks, max: options.blanks === 0 ? 0 : Math.max(options.blanks, MAX_BLANKS) },
      ...{ startSlots: options.startSlots, maxInstances: options.maxInstances },
      memoryReserveMb: options.memoryReserveMb ?? defaultReserveMb(totalmem() / 2 ** 20),
      prewarm: options.prewarm,
    },
  );
  building.defer(() => fleet.stop());
  const provisionedMeter = startProvisionedMeter({
    ...{ clock, newId, onProblem: problem('usage of provisioned instances') },
    take: () => fleet.takeProvisionedTime(),
    write: (spans) => insertProvisioned(state.sql, spans),
  });
  building.defer(() => provisionedMeter.stop());
  const { accountConcurrency } = options;
  const record = (usage: UsageRecord) => recorder.record(usage);
  const processors = availableParallelism();
  const invoker = createInvoker({ registry, fleet, record, clock, accountConcurrency, processors });
  const follow = (snapshot: Snapshot) => {
    invoker.setReserved(
      [...snapshot.functions.values()].reduce((sum, entry) => sum + (entry.reserved ?? 0), 0),
    );
    fleet.follow(followedVersions(snapshot));
  };
  building.defer(registry.onChange(follow));
  return { fleet, invoker, follow, provisionedMeter };
}

/** What functions know as PostgreSQL. */
async function openDatabases({ building, sandboxes, problem }: Site, { database, keys, registry }: State) {
  const databases = await openFunctionDatabases({
    listen: { host: sandboxes.driver.guestHost, port: sandboxes.ports?.database ?? 0 },
    ...{ server: database, key: purposeKey(keys.signingKey, 'database-proxy'), directory: registry },
    ...{ clock, onProblem: problem('the database proxy') },
  });
  building.defer(() => databases.stop());
  return databases;
}

/** Provisioned instances are there before the first request, unless their code takes too long. */
async function standReady({ registry }: State, { fleet, follow }: DataPlane): Promise<void> {
  const snapshot = registry.current();
  if (![...snapshot.functions.values()].some(({ provisioned }) => provisioned > 0)) return;
  follow(snapshot);
  await Promise.race([fleet.provisioned(), sleep(clock, STAND_READY_MS)]);
}

type DataPlane = Awaited<ReturnType<typeof openDataPlane>>;

interface Interior {
  readonly state: State;
  readonly dataPlane: DataPlane;
  readonly lifecycle: { ready: boolean; stop(): Promise<void> };
}

/** The listeners, open when this resolves. The front door opens last and closes first. */
async function openEdges(site: Site, { state, dataPlane, lifecycle }: Interior) {
  const { options, building, sandboxes, newId, problem } = site;
  const { invoker, fleet } = dataPlane;
  const gateway: Gateway = createGateway({
    invoke: (invocation, signal) => invoker.invoke(invocation, signal),
    directory: state.registry,
    clock,
    domain: options.domain,
    listen: options.gateway,
    trustProxy: options.trustProxy,
    tls: options.tls === null ? undefined : { certPath: options.tls.certFile, keyPath: options.tls.keyFile },
    newRequestId: newId,
    onBug: problem('a bug in the gateway'),
  });
  const api: Api = createApi({
    listen: options.control,
    domain: options.domain,
    token: state.keys.token,
    clock,
    whileDatabaseAnswers: (work) => state.watch.during(work),
    control: openControl(site, { state, fleet, gateway }),
    artifacts: state.artifacts,
    invoker,
    logs: logReader(
      {
        linesAfter: (page) => linesAfter(state.sql, { ...page, sinceMs: page.sinceMs ?? 0 }),
        usageAfter: (page) => usageAfter(state.sql, { ...page, sinceMs: page.sinceMs ?? 0 }),
      },
      clock,
    ),
    usage: {
      totals: () => usageTotals(state.sql),
      async provisioned() {
        await dataPlane.provisionedMeter.flush();
        return await provisionedTotals(state.sql);
      },
    },
    status: () => ({
      ready: lifecycle.ready,
      version: VERSION,
      driver: sandboxes.driver.name,
      isolation: sandboxes.isolation,
      gateway: gateway.url,
      control: api.url,
      instances: fleet.counts(),
      provisioned: fleet.provisionedCounts(),
      ...fleet.starts(),
      pid: process.pid,
    }),
    ready: () => lifecycle.ready,
    shutdown: () => void lifecycle.stop(),
    newRequestId: newId,
    onBug: (error, id) => problem(`a bug in the control API (${id})`)(error),
  });
  await api.start();
  building.defer(() => api.stop());
  await gateway.start();
  building.defer(() => gateway.stop());
  return { gateway, api };
}

function openControl({ options }: Site, parts: { state: State; fleet: Fleet; gateway: Gateway }): Control {
  const { sql, artifacts, registry } = parts.state;
  return createControl({
    sql,
    clock,
    artifacts,
    databases: {
      ensure: (wanted) => ensureDatabase(sql, wanted),
      drop: (unwanted) => dropAppDatabase(sql, unwanted),
    },
    registry,
    domain: options.domain,
    accountConcurrency: options.accountConcurrency,
    urlOf: (label) => functionUrls(parts.gateway.url, options.domain)(label),
    instancesOf: (name) => parts.fleet.countOf(name),
    provisioning: parts.fleet,
  });
}

/** Brings what is kept back to its bounds: records, packages in the database, packages unpacked on this disk. */
function keepBounds(
  { sql, artifacts, registry }: State,
  fleet: Fleet,
  onProblem: (problem: unknown) => void,
): () => void {
  return periodically(clock, {
    everyMs: RETENTION_EVERY_MS,
    onProblem,
    async task() {
      const sinceMs = clock.wallMs() - LIMITS.retentionMs;
      const batch = RETENTION_BATCH;
      while ((await dropOldUsage(sql, { sinceMs, maxRows: LIMITS.usageRecords, batch })) === batch);
      while ((await dropOldLines(sql, { sinceMs, maxBytes: LIMITS.logBytes, batch })) === batch);
      while ((await dropOldSpans(sql, { sinceMs, batch })) === batch);
      await deleteUnusedArtifacts(sql, { olderThanMs: UNUSED_ARTIFACT_MS, limit: 100 });
      const deployed = [...registry.current().functions.values()].flatMap(({ versions }) => [
        ...versions.values(),
      ]);
      const inUse = [...deployed, ...fleet.versions()];
      await artifacts.forgetAllBut(inUse);
    },
  });
}

function describe(error: unknown): string {
  if (error instanceof Error) return error.stack ?? error.message;
  return typeof error === 'string' ? error : JSON.stringify(error);
}
