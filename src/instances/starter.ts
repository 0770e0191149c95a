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
import { LIMITS, type RuntimeName, type Version } from '../model/index.ts';
import {
  type CompiledFile,
  type Guest,
  GuestGone,
  type Prepared,
  type Runtimes,
  type Setup,
} from '../runtimes/index.ts';
import type { Sandbox, SandboxDriver, SandboxLimits } from '../sandbox/index.ts';
import { type CompiledSource, type CompiledUse, prepareCompiled } from './compiled.ts';
import { createInstance, InitFailure, type Instance, type StartPhases } from './instance.ts';
import type { MemberKind } from './shelf.ts';

/** A booted sandbox: blank until `specialise`, unless it was launched with its code. */
export interface Booted {
  readonly sandbox: Sandbox;
  readonly guest: Guest;
  readonly log: InstanceLog;
  readonly tagsLogs: boolean;
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
  readonly compiled: CompiledSource;
  /** DATABASE_URL of a version; null when it has no database. */
  readonly databaseUrlOf: (version: Version) => string | null;
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
  const canBeBlank = ({ config }: Version) => parts.runtimes.canBeBlank(config.runtime, config.environment);

  async function start(version: Version, blank: Booted | null, kind: MemberKind): Promise<Instance> {
    const id = blank?.sandbox.id ?? parts.newId();
    const codeDir = await parts.codeOf(version.artifact);
    const setup = setupOf(parts, version, { instanceId: id, kind, taskRoot: parts.driver.taskRoot(codeDir) });
    const { runtime, memoryMb } = version.config;
    const prepare = () => parts.runtimes.prepare(runtime, memoryMb, canBeBlank(version) ? null : setup);
    const booted = blank ?? (await boot(parts, { id, limits: limitsOf(version), codeDir, prepare }));
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
        if (blank !== null) await discard(blank);
        throw error;
      }
    },
    discard,
  };
}

function setupOf(
  { databaseUrlOf, clock }: StarterParts,
  version: Version,
  { instanceId, kind, taskRoot }: { instanceId: string; kind: MemberKind; taskRoot: string },
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
    environment:
      databaseUrl === null ? config.environment : { ...config.environment, DATABASE_URL: databaseUrl },
    initializationType: kind === 'provisioned' ? 'provisioned-concurrency' : 'on-demand',
    logStream: `${day}/[${version.version}]${instanceId.replaceAll('-', '')}`,
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
  readonly prepare: () => Promise<Prepared>;
}

async function boot(parts: StarterParts, { id, limits, codeDir, prepare }: BootOrder): Promise<Booted> {
  const began = parts.clock.nowMs();
  const prepared = await prepare();
  let started: { sandbox: Sandbox; log: InstanceLog };
  try {
    const log = await parts.openLog(id);
    const { argv, environment, channel } = prepared;
    const onAddress = (address: string | null) => prepared.onAddress(address);
    const output = log.output;
    const spec = { id, argv, environment, channel, codeDir, output, onAddress, ...limits };
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
  const readMs = sandbox.channel === null ? 0 : LAST_WORDS_MS;
  sandbox.exited.then(() => parts.clock.after(readMs, () => guest.close()));
  const booted = { sandbox, guest, log, tagsLogs: prepared.tagsLogs, sandboxMs: processAt - began };
  try {
    await within(parts.clock, BOOT_MS, guest.booted());
  } catch (cause) {
    await discard(booted);
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
  const { sandbox, guest, log, tagsLogs } = booted;
  const began = clock.nowMs();
  log.assign({ functionName: version.functionName, version: version.version, tagsLogs });
  if (wasBlank) {
    await sandbox.limit(limitsOf(version));
    await sandbox.place(codeDir);
  }
  const compiled = await prepareCompiled(parts, version, sandbox);
  const placedAt = clock.nowMs();
  const failure = await initialise(parts, booted, { setup, compiled });
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
    await discard(booted);
    throw new InitFailure(failure, facts);
  }
  sandbox.throttle();
  return createInstance({ version, phases, sandbox, guest, log, tagsLogs, clock });
}

/** @returns what went wrong, or null */
async function initialise(
  { clock, initMs: limitMs = LIMITS.initMs }: StarterParts,
  booted: Booted,
  { setup, compiled }: { setup: Setup; compiled: CompiledUse },
): Promise<InitFailure['why'] | null> {
  let files: readonly CompiledFile[] | null = null;
  try {
    const { compileCache } = compiled;
    const init = within(clock, limitMs, booted.guest.init({ ...setup, compileCache }));
    const failure = await initFailure(booted, init, limitMs);
    if (failure === null) files = booted.guest.notes.compiled;
    return failure;
  } finally {
    compiled.settle(files);
  }
}

async function initFailure(
  { sandbox }: Booted,
  init: ReturnType<Guest['init']>,
  limitMs: number,
): Promise<InitFailure['why'] | null> {
  try {
    const error = await init;
    return error === null ? null : { kind: 'error', error };
  } catch (error) {
    if (error instanceof TooSlow) return { kind: 'timeout', afterMs: limitMs };
    if (!(error instanceof GuestGone)) throw error;
    return { kind: 'exit', exit: await sandbox.stop(HANGUP_GRACE_MS) };
  }
}

/** A process that hung up during init is given this long to end by itself, in ms. */
const HANGUP_GRACE_MS = 200;

async function discard({ sandbox, guest }: Pick<Booted, 'sandbox' | 'guest'>): Promise<void> {
  await sandbox.stop(0);
  await guest.close();
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
