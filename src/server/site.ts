/**
 * Where a node lives: its home is taken, its sandboxes are opened, and what an earlier node left there has ended.
 */
import {
  systemClock as clock,
  createWeather,
  FAIR_WEATHER,
  systemRandom,
  uuidSource,
  type Weather,
} from '../base/index.ts';
import { lockHome } from '../cluster/index.ts';
import type { Options } from '../config/index.ts';
import { type OpenedDriver, openDriver, type SandboxFolder, sandboxFolder } from '../sandbox/index.ts';

export interface NodeHooks {
  /** A line for people, about what takes longer than a moment. */
  readonly onProgress: (line: string) => void;
  /** A line for the node's own log. */
  readonly onLog: (line: string) => void;
}

/** What every part of the building needs. */
export interface Site extends Home {
  readonly sandboxes: OpenedDriver;
}

/** What there is before anything has been started. */
export interface Home {
  readonly options: Options;
  readonly hooks: NodeHooks;
  readonly building: AsyncDisposableStack;
  readonly folder: SandboxFolder;
  readonly newId: () => string;
  /** Faults made on purpose; fair unless somebody asked for them. */
  readonly weather: Weather;
  /** @returns a listener for errors that belong in the node's log, under this heading */
  readonly problem: (what: string) => (error: unknown) => void;
}

/** The home is ours. */
export async function takeHome(
  options: Options,
  hooks: NodeHooks,
  building: AsyncDisposableStack,
): Promise<Home> {
  const lock = await lockHome(options.home, { clock });
  building.defer(() => lock.release());
  const folder = sandboxFolder(options.home);
  building.defer(() => folder.clear());
  const problem = (what: string) => (error: unknown) => hooks.onLog(`${what}: ${describe(error)}`);
  const newId = uuidSource(() => clock.wallMs());
  return { options, hooks, building, folder, newId, problem, weather: weatherOf(options, hooks) };
}

function weatherOf({ weather }: Options, { onLog }: NodeHooks): Weather {
  if (weather === null) return FAIR_WEATHER;
  const seed = weather.seed ?? Math.floor(systemRandom() * 1e6);
  onLog(`fault weather: --weather ${weather.kinds.join(',')}:${seed} does the same again`);
  return createWeather({ kinds: weather.kinds, seed }, ({ kind, stream, turn }) =>
    onLog(`fault weather: ${kind} ${stream} ${turn}`),
  );
}

/** Sandboxes can be started, and what an earlier node left running has ended. */
export async function openSandboxes({
  options,
  hooks,
  building,
  folder,
  problem,
}: Home): Promise<OpenedDriver> {
  const sandboxes = await openDriver({
    ...{ choice: options.driver, ociRuntime: options.ociRuntime, searchPath: options.searchPath },
    ...{ folder, home: options.home, clock, random: systemRandom, onProblem: problem('the sandboxes') },
  });
  building.defer(() => sandboxes.driver.close());
  const { swept } = sandboxes;
  if (swept > 0) hooks.onLog(`ended ${swept} processes that an earlier node left running`);
  return sandboxes;
}

/** An error as the log tells it. */
export function describe(error: unknown): string {
  if (error instanceof Error) return error.stack ?? error.message;
  return typeof error === 'string' ? error : JSON.stringify(error);
}
