/** How the process of each runtime is started: its program, its arguments, its folder of executables. */
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { type RuntimeFamily, type RuntimeName, runtimeParts } from '../model/index.ts';
import type { Setup } from './guest.ts';

/** The program that runs functions, as sandboxed code finds it. */
export interface GuestProgram {
  readonly path: string;
  /** Folder of what else it needs: for Java, AWS's runtime interface client; null: nothing. */
  readonly support: string | null;
  /** Folder of shared libraries that it is to find; null (default): it finds its own. */
  readonly libraries?: string | null;
}

export interface LaunchOptions {
  /** @throws {Fault} `runtime-unavailable` when this machine cannot run functions of this runtime */
  programOf(runtime: RuntimeName): GuestProgram;
  /** The folder `guest/` of this installation, as sandboxed code finds it. */
  readonly guestDir: string;
}

export interface Launch {
  readonly argv: readonly string[];
  /** LAMBDA_RUNTIME_DIR */
  readonly runtimeDir: string;
  /** PATH */
  readonly path: string;
  /** Part of LD_LIBRARY_PATH; null: nothing. */
  readonly libraries?: string | null;
}

interface Order {
  readonly runtime: RuntimeName;
  readonly memoryMb: number;
  /** Null: it is to be blank. */
  readonly setup: Setup | null;
}

/** What container engines set where an image sets none. */
const IMAGE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/opt/bin';
/** Where Lambda's own images have the runtime; nothing of ours is there. */
const NO_RUNTIME_DIR = '/var/runtime';
const JAVA_CLIENT = 'com.amazonaws.services.lambda.runtime.api.client.AWSLambda';

/** @throws {Fault} `runtime-unavailable` */
export function launchOf(options: LaunchOptions, order: Order): Launch {
  const image = order.setup?.image ?? null;
  if (image !== null) {
    return { argv: image.argv, runtimeDir: NO_RUNTIME_DIR, path: image.environment.PATH ?? IMAGE_PATH };
  }
  return LAUNCHES[runtimeParts(order.runtime).family](options, order);
}

const LAUNCHES: Readonly<Record<RuntimeFamily, (options: LaunchOptions, order: Order) => Launch>> = {
  nodejs(options, { runtime, memoryMb }) {
    const { path } = options.programOf(runtime);
    const runtimeDir = join(options.guestDir, 'node');
    const argv = [path, ...heapFlags(memoryMb), join(runtimeDir, 'bootstrap.cjs')];
    return { argv, runtimeDir, path: pathOf(path) };
  },
  python(options, { runtime }) {
    const { path, libraries = null } = options.programOf(runtime);
    const runtimeDir = join(options.guestDir, 'python');
    return { argv: [path, join(runtimeDir, 'bootstrap.py')], runtimeDir, path: pathOf(path), libraries };
  },
  java(options, { runtime, memoryMb, setup }) {
    assert(setup !== null, 'Java cannot be started without its code');
    const { path, support } = options.programOf(runtime);
    assert(support !== null, 'Java needs its runtime interface client');
    const argv = [path, ...javaFlags(memoryMb), '-cp', join(support, '*'), JAVA_CLIENT, setup.handler];
    return { argv, runtimeDir: dirname(support), path: pathOf(path) };
  },
  provided(_, { setup }) {
    assert(setup !== null, 'a bootstrap cannot be started without its code');
    const argv = [join(setup.taskRoot, 'bootstrap')];
    return { argv, runtimeDir: NO_RUNTIME_DIR, path: SYSTEM_PATH };
  },
};

function pathOf(executable: string): string {
  return `${dirname(executable)}:${SYSTEM_PATH}`;
}

/**
 * V8's share of a function's memory, as Lambda divides it: nine tenths for old objects, a twentieth
 * for each half of the young ones.
 */
function heapFlags(memoryMb: number): string[] {
  const tenthMb = Math.floor(memoryMb / 10);
  return [
    `--max-semi-space-size=${Math.min(Math.floor(tenthMb / 2), 64)}`,
    `--max-old-space-size=${memoryMb - tenthMb}`,
  ];
}

/**
 * The JVM cannot see its sandbox's memory limit, so it is told. As on Lambda: one collector thread, and the
 * quick compiler only, which halves the time of a cold start.
 */
function javaFlags(memoryMb: number): string[] {
  const heapKb = Math.floor(memoryMb * 1024 * 0.85);
  return [
    `-Xmx${heapKb}k`,
    '-XX:+UseSerialGC',
    '-XX:+TieredCompilation',
    '-XX:TieredStopAtLevel=1',
    '-Xshare:auto',
    '-XX:-UsePerfData',
  ];
}
