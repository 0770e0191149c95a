/**
 * For tests of layers and extensions: what a node runs functions with, without its database and its edges. Code
 * and layers are folders that a test writes; what they print is kept here.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createLayers } from '../../src/artifacts/layers.ts';
import { systemClock as clock, systemRandom, uuidSource } from '../../src/base/index.ts';
import { createStarter, Fleet } from '../../src/instances/index.ts';
import { createInvoker, type Invocation } from '../../src/invoke/index.ts';
import { LogSource } from '../../src/logs/source.ts';
import { TelemetryHub } from '../../src/logs/telemetry/hub.ts';
import { instanceTelemetry, telemetryTaker } from '../../src/logs/telemetry/instance-telemetry.ts';
import type { FunctionConfig, UsageRecord } from '../../src/model/index.ts';
import { configByHand, functionByHand, versionByHand } from '../../src/model/testing.ts';
import { createRuntimes, openGuestDoor } from '../../src/runtimes/index.ts';
import { openDriver } from '../../src/sandbox/index.ts';
import { problem as ociProblem } from '../../src/sandbox/oci/driver-fixture.ts';
import { openOutput } from '../../src/sandbox/output-for-tests.ts';
import type { LogLine } from '../../src/store/index.ts';

export const PYTHON = '/usr/bin/python3.11';
/** Why the `oci` driver cannot run here; false: it can. */
export const withoutOci: string | false = ociProblem ?? false;

const INSTALLATION = join(import.meta.dirname, '../..');

export type Files = Readonly<Record<string, string | { readonly program: string | Buffer }>>;

export interface RigFunction {
  readonly code: Files;
  /** The first at the bottom. */
  readonly layers?: readonly Files[];
  readonly config?: Partial<FunctionConfig>;
  /** What makes the sandboxes of the `oci` driver. Default: runc. */
  readonly ociRuntime?: string;
}

/** What the function, or an extension, has printed so far. */
type Printed = { text: string };

export async function openRig(
  driverName: 'oci' | 'process',
  { code, layers = [], config, ociRuntime = 'runc' }: RigFunction,
) {
  const undo = new AsyncDisposableStack();
  const home = mkdtempSync(join(tmpdir(), 'skein-rig-'));
  undo.defer(() => rmSync(home, { recursive: true, force: true }));
  chmodSync(home, 0o711);
  const packages = join(home, 'packages');
  const names = ['code', ...layers.map((_, index) => `layer-${index}`)];
  for (const [index, files] of [code, ...layers].entries()) writeFiles(join(packages, names[index]!), files);

  const { starter, printed } = await openStarter(undo, { driverName, ociRuntime, home, packages });
  const problems: unknown[] = [];
  const fleet = new Fleet(
    {
      ...{ starter, memory: { read: async () => null }, clock },
      onProblem: (problem: unknown) => problems.push(problem),
    },
    {
      ...{ freezeAfterMs: 200, queueLength: 100, queueTimeoutMs: 30_000, memoryReserveMb: 0, prewarm: false },
      ...{ burst: { count: 1_000, windowMs: 10_000 }, blanks: { min: 0, max: 0 } },
      ...{ startSlots: 2, maxInstances: 100 },
    },
  );
  undo.defer(() => fleet.stop());
  const { name, snapshot } = functionOf({ code, layers, ...(config && { config }) });
  const records: UsageRecord[] = [];
  const waiting: ((record: UsageRecord) => void)[] = [];
  const invoker = createInvoker({
    ...{ registry: { current: () => snapshot }, fleet, clock, random: systemRandom },
    record(record) {
      records.push(record);
      waiting.shift()?.(record);
    },
    ...{ accountConcurrency: 100, processors: 2 },
  });
  return {
    printed,
    problems,
    records,
    /** Resolves with the next usage record. */
    recorded: () => new Promise<UsageRecord>((resolve) => waiting.push(resolve)),
    async invoke(event: unknown, more: Partial<Invocation> = {}) {
      const result = await invoker.invoke(
        {
          ...{ requestId: newId(), functionName: name, qualifier: null, event: JSON.stringify(event) },
          ...{ traceId: null, clientContext: null, ...more },
        },
        null,
      );
      if (result.kind === 'stream') throw new Error('the function streamed');
      return { ...result, payload: JSON.parse(result.payload.toString()) as unknown };
    },
    /** Ends all instances, with their last phase. */
    end: () => fleet.stop(),
    [Symbol.asyncDispose]: () => undo.disposeAsync(),
  };
}

/** A function of one version, as the registry has it. */
function functionOf({ layers = [], config }: RigFunction) {
  const version = versionByHand({
    version: 1,
    artifact: 'code',
    config: configByHand({
      ...{ memoryMb: 256, timeoutMs: 10_000, ...config },
      layers: layers.map((_, index) => ({ arn: '', artifact: `layer-${index}` })),
    }),
  });
  const entry = functionByHand({ versions: new Map([[1, version]]) });
  const snapshot = {
    ...{ revision: 1, functions: new Map([[entry.name, entry]]), slugs: new Map(), routes: new Map() },
    databases: new Map(),
    queues: new Map(),
    triggers: new Map(),
  };
  return { name: entry.name, snapshot };
}

/** What starts instances, from packages that are folders. */
async function openStarter(
  undo: AsyncDisposableStack,
  where: { driverName: 'oci' | 'process'; ociRuntime: string; home: string; packages: string },
) {
  const { driverName, ociRuntime, home, packages } = where;
  const sandboxes = await openDriver({
    ...{ choice: driverName, ociRuntime, searchPath: process.env.PATH, home },
    ...{ folder: { path: home, clear: () => {} }, clock, random: systemRandom, onProblem: () => {} },
  });
  const { driver, ports } = sandboxes;
  undo.defer(() => driver.close());
  const door = ports === null ? null : await openGuestDoor({ host: driver.guestHost, port: ports.door });
  undo.defer(() => door?.close());
  const nodePath = driver.expose(process.execPath, 'lang/bin/node');
  const runtimes = createRuntimes({
    ...(door === null ? {} : { door }),
    hasChannels: driver.hasChannels,
    programOf: (runtime) => ({ path: runtime.startsWith('python') ? PYTHON : nodePath, support: null }),
    guestDir: driver.expose(join(INSTALLATION, 'guest'), 'runtime'),
    credentials: () => ({
      ...{ accessKeyId: 'A', secretAccessKey: 'S', token: 'T', expirationMs: 2e12 },
      roleArn: '',
    }),
  });
  const codeOf = async (name: string) => join(packages, name);
  const merged = createLayers({ folder: join(packages, '.layers'), ensure: codeOf });
  await merged.start();
  const openLog = logs();
  const printed = { function: { text: '' }, extensions: { text: '' } };
  const starter = createStarter({
    ...{ driver, runtimes, codeOf, layers: merged, newId, clock },
    openLog: (id) => openLog(id, id.endsWith('+extensions') ? printed.extensions : printed.function),
    compiled: { orderFor: () => null },
    databaseUrlOf: () => null,
    secretsOf: async () => ({}),
  });
  return { starter, printed };
}

const newId = uuidSource(() => clock.wallMs());

/** Logs that are kept here instead of in a database, and telemetry as the log thread has it. */
function logs() {
  const hub = new TelemetryHub(clock);
  const take = telemetryTaker(hub, async () => {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  });
  return async (id: string, into: Printed) => {
    const [instanceId = id, ofExtensions] = id.split('+');
    const from = ofExtensions === undefined ? 'function' : 'extension';
    const limits = { lineBytes: 10_000, bytesPerSecond: 1e6, burstBytes: 1e6 };
    const write = (line: LogLine) => hub.line(line, from);
    const source = new LogSource(instanceId, limits, { write, nowMs: clock.wallMs() });
    const { socket } = await openOutput((text) => {
      into.text += text;
      source.push(Buffer.from(text), clock.wallMs());
      source.tick(clock.wallMs());
    });
    return {
      output: socket,
      assign: (owner: Parameters<LogSource['assign']>[0]) => source.assign(owner),
      begin: () => {},
      settle: async () => {},
      telemetry: instanceTelemetry({
        instanceId,
        say: (message) => void take(message),
        flush: () => take({ kind: 'telemetry', instanceId, act: 'flush', ticket: 0 }),
        wallMs: () => clock.wallMs(),
      }),
    };
  };
}

export function writeFiles(folder: string, files: Files): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'string') writeFileSync(path, content, { mode: 0o644 });
    else writeFileSync(path, content.program, { mode: 0o755 });
  }
}
