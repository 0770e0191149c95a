/** What runs code: sandboxes, runtimes, instances, the one door. */
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock, sleep, systemRandom } from '../base/index.ts';
import type { Options } from '../config/index.ts';
import { purposeKey } from '../identity/index.ts';
import {
  createStarter,
  defaultReserveMb,
  Fleet,
  type FleetOptions,
  inWeather,
  openMemoryReader,
} from '../instances/index.ts';
import { createInvoker } from '../invoke/index.ts';
import { startProvisionedMeter } from '../metering/index.ts';
import { LIMITS, type UsageRecord } from '../model/index.ts';
import {
  type FollowedVersion,
  followedOf,
  followedVersions,
  ProvisionedAgenda,
  type Snapshot,
} from '../registry/index.ts';
import { openFunctionDatabases } from '../resources/index.ts';
import { createRuntimes, openGuestDoor } from '../runtimes/index.ts';
import { insertProvisioned } from '../store/index.ts';
import { openEvents } from './events.ts';
import { createGuestCalls } from './guest-calls.ts';
import { programsOf, runnableBy } from './programs.ts';
import { wantedBy } from './secrets.ts';
import type { Site } from './site.ts';
import type { State } from './state.ts';

/** An instance that has been idle this long is frozen, in ms: long enough for a burst to find it awake. */
const FREEZE_AFTER_MS = 200;
/** How long the front door waits for provisioned instances when the node starts, in ms. */
const STAND_READY_MS = 10_000;
/** However busy a shelf is, no more blank sandboxes wait on it, unless the operator asks for more. */
const MAX_BLANKS = 8;
const INSTALLATION = new URL('../..', import.meta.url).pathname;

/** What runs functions: runtimes, instances, the one door. */
export async function openDataPlane(site: Site, state: State) {
  const { options, building, newId, problem } = site;
  const { registry, recorder, safe } = state;
  const { starter, machine, guestCalls } = await openStarter(site, state);
  const fleet = new Fleet(
    {
      ...{ starter, memory: await openMemoryReader(), clock, onProblem: problem('an instance') },
      stampOf: (version) => safe.vault.stampOf(wantedBy(version, registry)),
    },
    fleetOptions(options),
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
  const chance = { clock, random: systemRandom };
  const invoker = createInvoker({
    ...{ registry, record, ...chance, accountConcurrency, processors },
    fleet: options.weather === null ? fleet : inWeather(fleet, { weather: site.weather, clock }),
  });
  const follow = (snapshot: Snapshot, changed: readonly string[] | null = null) => {
    const { functions } = snapshot;
    invoker.setReserved([...functions.values()].reduce((sum, entry) => sum + (entry.reserved ?? 0), 0));
    if (changed === null) fleet.follow(followedVersions(snapshot, clock.wallMs()));
    else fleet.followSome(changed.map((name) => [name, followedIn(functions, name)] as const));
    agenda.read(snapshot, changed);
  };
  const agenda = new ProvisionedAgenda({ clock, onDue: (names) => follow(registry.current(), names) });
  building.defer(() => agenda.stop());
  building.defer(registry.onChange(follow));
  const events = await openEvents(site, state, invoker);
  return { fleet, invoker, events, machine, follow, provisionedMeter, guestCalls };
}

function followedIn(functions: Snapshot['functions'], name: string): FollowedVersion[] {
  const entry = functions.get(name);
  return entry === undefined ? [] : followedOf(entry, clock.wallMs());
}

/** From a version to a running instance, and what instances ask their node. */
async function openStarter(site: Site, state: State) {
  const { options, building, sandboxes, newId } = site;
  const { registry, logs, artifacts, safe, identity } = state;
  const { driver, ports } = sandboxes;
  const door = ports === null ? null : await openGuestDoor({ host: driver.guestHost, port: ports.door });
  building.defer(async () => door?.close());
  const programOf = programsOf(options, sandboxes);
  const codeOf = (artifact: string) => artifacts.ensure(artifact);
  const guestCalls = createGuestCalls(identity.authority);
  const runtimes = createRuntimes({
    ...(door === null ? {} : { door }),
    hasChannels: driver.hasChannels,
    programOf,
    guestDir: driver.expose(join(INSTALLATION, 'guest'), 'runtime'),
    credentials: (setup) => guestCalls.credentials(setup),
    call: (...asked) => guestCalls.call(...asked),
  });
  const starter = createStarter({
    ...{ driver, runtimes, codeOf, newId, clock },
    openLog: (instanceId) => logs.open(instanceId),
    layers: artifacts.layers,
    compiled: artifacts.compiled,
    databaseUrlOf: (await openDatabases(site, state)).urlOf,
    secretsOf: (version) => safe.vault.values(wantedBy(version, registry)),
  });
  return { starter, guestCalls, machine: { requireRunnable: runnableBy(programOf, { driver, codeOf }) } };
}

function fleetOptions(options: Options): FleetOptions {
  return {
    freezeAfterMs: FREEZE_AFTER_MS,
    queueLength: LIMITS.queueLength,
    queueTimeoutMs: options.queueTimeoutMs,
    burst: LIMITS.burstStarts,
    blanks: { min: options.blanks, max: options.blanks === 0 ? 0 : Math.max(options.blanks, MAX_BLANKS) },
    ...{ startSlots: options.startSlots, maxInstances: options.maxInstances },
    memoryReserveMb: options.memoryReserveMb ?? defaultReserveMb(totalmem() / 2 ** 20),
    prewarm: options.prewarm,
  };
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

export type DataPlane = Awaited<ReturnType<typeof openDataPlane>>;

/** Provisioned instances are there before the first request, unless their code takes too long. */
export async function standReady({ registry }: State, { fleet, follow }: DataPlane): Promise<void> {
  const snapshot = registry.current();
  if (!followedVersions(snapshot, clock.wallMs()).some(({ provisioned }) => provisioned > 0)) return;
  follow(snapshot);
  await Promise.race([fleet.provisioned(), sleep(clock, STAND_READY_MS)]);
}
