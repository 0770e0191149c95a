/**
 * The starter: from a version to a running instance.
 *
 * One path for every runtime that can wait for its code: a blank sandbox is booted (ahead of demand,
 * if blanks.ts had one ready) and then given the code. What cannot be blank is launched with its
 * code. Either way the caller gets an instance that has finished its init, or an `InitFailure` that
 * says what the code did, or a fault of ours.
 */
import { type Clock, Fault } from '../base/index.ts';
import type { InstanceLog } from '../logs/index.ts';
import { LIMITS, type RuntimeName, type Version, versionLabel } from '../model/index.ts';
import {
  type CompiledFile,
  type Guest,
  GuestGone,
  type Prepared,
  type Runtimes,
  type Setup,
} from '../runtimes/index.ts';
import type { Sandbox, SandboxDriver, SandboxLimits } from '../sandbox/index.ts';
import {
  type Companionship,
  ExtensionFailed,
  endMain,
  initialiseAll,
  keepCompany,
  type OpenedCompanions,
  openCompanions,
  shutDown,
} from './companions.ts';
import { type CompiledSource, type CompiledUse, prepareCompiled } from './compiled.ts';
import { type ImageStart, imageStartOf } from './image-start.ts';
import { createInstance, InitFailure, type Instance, type StartPhases } from './instance.ts';
import { type LayersSource, optOf, type PlacedOpt } from './layers.ts';
import type { MemberKind } from './shelf.ts';
import { type InitTelling, initTelling } from './telling.ts';

/** A booted sandbox: blank until `specialise`, unless it was launched with its code. */
export interface Booted {
  readonly sandbox: Sandbox;
  readonly guest: Guest;
  readonly log: InstanceLog;
  readonly tagsLogs: boolean;
  /** Its extensions, and the programs that they are. */
  readonly company: Companionship;
  readonly sandboxMs: number;
  readonly runtimeMs: number;
}

export interface Starter {
  canBeBlank(version: Version): boolean;
  boot(runtime: RuntimeName, memoryMb: number): Promise<Booted>;
  /**
   * @param blank a booted sandbox to use; null: boot one now
   * @param kind what its code is told that it is
   */
  start(version: Version, blank: Booted | null, kind: MemberKind): Promise<Instance>;
  discard(booted: Booted): Promise<void>;
}

export interface StarterParts {
  readonly driver: SandboxDriver;
  readonly runtimes: Runtimes;
  readonly openLog: (instanceId: string) => Promise<InstanceLog>;
  /** The folder of an unpacked package. */
  readonly codeOf: (artifact: string) => Promise<string>;
  /** What a version has under /opt. */
  readonly layers: LayersSource;
  readonly compiled: CompiledSource;
  /** DATABASE_URL of a version; null when it has no database. */
  readonly databaseUrlOf: (version: Version) => string | null;
  /** Names and values of a version's secrets. @throws {Fault} when one is not set or cannot be decrypted */
  readonly secretsOf: (version: Version) => Promise<Readonly<Record<string, string>>>;
  readonly newId: () => string;
  readonly clock: Clock;
  /** How long user code may take to initialise, in ms. Default: Lambda's 10 s. */
  readonly initMs?: number;
}

/** How long a runtime of ours may take to boot before the machine is thought broken, in ms. */
const BOOT_MS = 30_000;
/** How long after a process has ended its last words may still be read, in ms. */
const LAST_WORDS_MS = 1_000;
/** No function's code is in a blank one: what most functions have is right, and costs nothing later. */
const BLANK_EGRESS = { mode: 'public' } as const;

export function createStarter(parts: StarterParts): Starter {
  const canBeBlank = ({ config }: Version) =>
    config.layers.length === 0 &&
    parts.runtimes.canBeBlank(config.runtime, withNames(config.environment, config.secrets));

  async function start(version: Version, blank: Booted | null, kind: MemberKind): Promise<Instance> {
    const id = blank?.sandbox.id ?? parts.newId();
    const codeDir = await parts.codeOf(version.artifact);
    const secrets = await parts.secretsOf(version);
    const taskRoot = parts.driver.taskRoot(codeDir);
    const image = imageStartOf(version.config, codeDir);
    const placed = await optOf(parts, version, image);
    const opt = placed?.opt ?? null;
    const setup = {
      ...setupOf(parts, version, { instanceId: id, kind, taskRoot, secrets }),
      ...(image && { taskRoot: image.taskRoot }),
      image,
      opt,
    };
    const { runtime, memoryMb } = version.config;
    const prepare = () => parts.runtimes.prepare(runtime, memoryMb, canBeBlank(version) ? null : setup);
    const booted =
      blank ?? (await boot(parts, { id, limits: limitsOf(version), codeDir, image, placed, prepare }));
    return await specialise(parts, { version, setup, codeDir, booted, wasBlank: blank !== null });
  }

  return {
    canBeBlank,
    boot: (runtime, memoryMb) =>
      boot(parts, {
        id: parts.newId(),
        limits: { memoryMb, ephemeralMb: LIMITS.ephemeralMb.default, egress: BLANK_EGRESS },
        codeDir: null,
        prepare: () => parts.runtimes.prepare(runtime, memoryMb, null),
      }),
    async start(version, blank, kind) {
      try {
        return await start(version, blank, kind);
      } catch (error) {
        // Whatever it was: a blank is never blank again, and what was booted for nothing ends.
        if (blank !== null) await discard(parts, blank);
        throw error;
      }
    },
    discard: (booted) => discard(parts, booted),
  };
}

/** Some names only count when a process starts, whatever their value. */
function withNames(
  environment: Readonly<Record<string, string>>,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  if (secrets.length === 0) return environment;
  return { ...environment, ...Object.fromEntries(secrets.map((name) => [name, ''])) };
}

interface SetupFacts {
  readonly instanceId: string;
  readonly kind: MemberKind;
  readonly taskRoot: string;
  readonly secrets: Readonly<Record<string, string>>;
}

function setupOf(
  { databaseUrlOf, clock }: StarterParts,
  version: Version,
  { instanceId, kind, taskRoot, secrets }: SetupFacts,
): Setup {
  const { config, functionName } = version;
  const databaseUrl = databaseUrlOf(version);
  const day = new Date(clock.wallMs()).toISOString().slice(0, 10).replaceAll('-', '/');
  return {
    functionName,
    version: version.version,
    instanceId,
    runtime: config.runtime,
    handler: config.handler,
    memoryMb: config.memoryMb,
    taskRoot,
    environment: {
      ...config.environment,
      ...secrets,
      ...(databaseUrl !== null && { DATABASE_URL: databaseUrl }),
    },
    role: config.role,
    initializationType: kind === 'provisioned' ? 'provisioned-concurrency' : 'on-demand',
    logStream: `${day}/[${versionLabel(version.version)}]${instanceId.replaceAll('-', '')}`,
    compileCache: null,
  };
}

function limitsOf({ config }: Version): SandboxLimits {
  return { memoryMb: config.memoryMb, ephemeralMb: config.ephemeralMb, egress: config.egress };
}

interface BootOrder {
  readonly id: string;
  readonly limits: SandboxLimits;
  /** Null: it is to be blank. */
  readonly codeDir: string | null;
  /** What its root is instead of the machine's programs. */
  readonly image?: ImageStart | null;
  readonly placed?: PlacedOpt | null;
  readonly prepare: () => Promise<Prepared>;
}

async function boot(parts: StarterParts, order: BootOrder): Promise<Booted> {
  const { id, limits, codeDir, image = null, placed = null, prepare } = order;
  const began = parts.clock.nowMs();
  const prepared = await prepare();
  let started: { sandbox: Sandbox; log: InstanceLog };
  let companions: OpenedCompanions | null = null;
  try {
    const log = await parts.openLog(id);
    companions = await openCompanions(parts, id, prepared);
    const { telemetry } = log;
    prepared.attach({ subscribe: (request) => telemetry.subscribe(request) });
    const { argv, environment, channel } = prepared;
    const onAddress = (address: string | null) => prepared.onAddress(address);
    const output = log.output;
    const places = { codeDir, image, opt: placed?.folder ?? null };
    const spec = { id, argv, environment, channel, output, onAddress, companions, ...places, ...limits };
    started = { log, sandbox: await parts.driver.start(spec) };
  } catch (error) {
    await prepared.abandon();
    throw error;
  }
  const processAt = parts.clock.nowMs();
  const { sandbox, log } = started;
  const guest = prepared.connect(sandbox.channel);
  // A guest with a channel hears the end of its process by itself, after the last that it said; one that
  // is called over HTTP does not. The first gets the time to read it, also when its reader is slow.
  const readMs = prepared.hearsEnd ? LAST_WORDS_MS : 0;
  sandbox.exited.then(() => parts.clock.after(readMs, () => guest.close()));
  const company = keepCompany(prepared, sandbox, companions);
  const booted = { sandbox, guest, log, company, tagsLogs: prepared.tagsLogs, sandboxMs: processAt - began };
  try {
    await within(parts.clock, BOOT_MS, guest.booted());
  } catch (cause) {
    await discard(parts, booted);
    throw new Fault('sandbox-failed', `A runtime did not come up: ${describe(cause)}.`, { cause });
  }
  return { ...booted, runtimeMs: parts.clock.nowMs() - processAt };
}

interface Specialisation {
  readonly version: Version;
  readonly setup: Setup;
  readonly codeDir: string;
  readonly booted: Booted;
  readonly wasBlank: boolean;
}

async function specialise(
  parts: StarterParts,
  { version, setup, codeDir, booted, wasBlank }: Specialisation,
): Promise<Instance> {
  const { clock } = parts;
  const { sandbox, guest, log, tagsLogs, company } = booted;
  const began = clock.nowMs();
  const owner = { functionName: version.functionName, version: version.version };
  log.assign({ ...owner, tagsLogs });
  company.programs?.log.assign({ ...owner, tagsLogs: false });
  if (wasBlank) {
    await sandbox.limit(limitsOf(version));
    await sandbox.place(codeDir);
  }
  const telling = initTelling(log.telemetry, version, setup);
  telling.start();
  const compiled = await prepareCompiled(parts, version, sandbox);
  const placedAt = clock.nowMs();
  const failure = await initialise(parts, booted, { setup, compiled, telling });
  telling.report(clock.nowMs() - began, failure === null ? null : errorTypeOf(failure));
  const phases: StartPhases = {
    sandboxMs: wasBlank ? 0 : booted.sandboxMs,
    runtimeMs: wasBlank ? 0 : booted.runtimeMs,
    initMs: clock.nowMs() - began,
    placeMs: placedAt - began,
    loadMs: guest.notes.loadMs,
    compiled: compiled.reads,
    blank: wasBlank,
  };
  if (failure !== null) {
    const facts = { phases, instanceId: sandbox.id, maxMemoryMb: sandbox.peakMemoryMb() };
    await discard(parts, booted);
    throw new InitFailure(failure, facts);
  }
  sandbox.throttle();
  return createInstance({ version, phases, sandbox, guest, log, tagsLogs, company, clock });
}

/** @returns what went wrong, or null */
async function initialise(
  { clock, initMs: limitMs = LIMITS.initMs }: StarterParts,
  booted: Booted,
  { setup, compiled, telling }: { setup: Setup; compiled: CompiledUse; telling: InitTelling },
): Promise<InitFailure['why'] | null> {
  let files: readonly CompiledFile[] | null = null;
  try {
    const { compileCache } = compiled;
    const { guest, company } = booted;
    const init = initialiseAll(company, async () => {
      const error = await guest.init({ ...setup, compileCache });
      telling.runtimeDone(error?.errorType ?? null);
      return error;
    });
    const failure = await initFailure(booted, within(clock, limitMs, init), { limitMs, clock });
    if (failure === null) {
      files = guest.notes.compiled;
      telling.ready(company.extensions);
    }
    return failure;
  } finally {
    compiled.settle(files);
  }
}

/** AWS's name of what went wrong. */
function errorTypeOf(why: InitFailure['why']): string {
  if (why.kind === 'error') return why.error.errorType;
  if (why.kind === 'extension') return why.failure.errorType;
  return why.kind === 'timeout' ? 'Sandbox.Timedout' : 'Runtime.ExitError';
}

async function initFailure(
  { sandbox }: Booted,
  init: ReturnType<Guest['init']>,
  { limitMs, clock }: { limitMs: number; clock: Clock },
): Promise<InitFailure['why'] | null> {
  try {
    const error = await init;
    return error === null ? null : { kind: 'error', error };
  } catch (error) {
    if (error instanceof TooSlow) return { kind: 'timeout', afterMs: limitMs };
    if (error instanceof ExtensionFailed) return { kind: 'extension', failure: error.failure };
    if (!(error instanceof GuestGone)) throw error;
    return { kind: 'exit', exit: await endMain(sandbox, HANGUP_GRACE_MS, clock) };
  }
}

/** A process that hung up during init is given this long to end by itself, in ms. */
const HANGUP_GRACE_MS = 200;

async function discard(
  { clock }: Pick<StarterParts, 'clock'>,
  { sandbox, guest, company, log }: Pick<Booted, 'sandbox' | 'guest' | 'company' | 'log'>,
): Promise<void> {
  const { telemetry } = log;
  await shutDown(company, { sandbox, clock, reason: 'failure', flush: () => telemetry.flush() });
  await sandbox.stop(0);
  await guest.close();
  await company.close();
  telemetry.end();
}

class TooSlow extends Error {}

/** @throws {TooSlow} when `promise` takes longer than `limitMs` */
async function within<T>(clock: Clock, limitMs: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = clock.after(limitMs, () => late.reject(new TooSlow(`not within ${limitMs} ms`)));
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    timer.cancel();
  }
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
