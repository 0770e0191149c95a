/** What happens to events that a function is given and nobody waits for: how often, how long, and where to then. */
import { Fault } from '../../base/index.ts';
import {
  type EventInvokeConfig,
  type FunctionEntry,
  functionArn,
  LATEST,
  type Version,
} from '../../model/index.ts';
import { functionNotFound } from '../../store/index.ts';
import { requireDestination } from '../told.ts';
import type { SettingsOptions, SettingsParts, Target } from './parts.ts';

/** undefined: not said; '' as a destination: none. */
export interface EventInvokeWish {
  readonly maximumRetryAttempts: number | undefined;
  readonly maximumEventAgeSeconds: number | undefined;
  readonly onSuccess: string | undefined;
  readonly onFailure: string | undefined;
}

export interface EventInvoke {
  /** Replaces what there was. @throws {Fault} `function-not-found`, `version-not-found`, `parameter-invalid` */
  put(target: Target, wanted: EventInvokeWish): Promise<EventInvokeConfig>;
  /** Changes what is said. @throws {Fault} also `resource-not-found` when there is nothing to change */
  update(target: Target, wanted: EventInvokeWish): Promise<EventInvokeConfig>;
  get(target: Target): Promise<EventInvokeConfig>;
  /** By qualifier; '' is the function itself. */
  list(name: string): Promise<readonly (readonly [string, EventInvokeConfig])[]>;
  delete(target: Target): Promise<void>;
}

export function eventInvokeVerbs(options: SettingsOptions, parts: SettingsParts): EventInvoke {
  const { keyOf, read, write } = parts;
  const put = async (
    target: Target,
    make: (before: EventInvokeConfig | undefined) => Omit<EventInvokeConfig, 'lastModifiedMs'>,
  ) => {
    const made: EventInvokeConfig[] = [];
    await write(target, ({ eventInvoke }) => {
      made[0] = { ...make(eventInvoke[keyOf(target)]), lastModifiedMs: options.clock.wallMs() };
      return { eventInvoke: { ...eventInvoke, [keyOf(target)]: made[0] } };
    });
    return made[0]!;
  };
  return {
    async put(target, wanted) {
      checkWish(options, target, wanted);
      return await put(target, () => merged(NOTHING, wanted));
    },
    async update(target, wanted) {
      checkWish(options, target, wanted);
      return await put(target, (before) => {
        if (before === undefined) throw notFound(target);
        return merged(before, wanted);
      });
    },
    async get(target) {
      const found = (await read(target.name)).eventInvoke[keyOf(target)];
      if (found === undefined) throw notFound(target);
      return found;
    },
    list: async (name) =>
      Object.entries((await read(name)).eventInvoke).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    delete: (target) =>
      write(target, ({ eventInvoke }) => {
        const { [keyOf(target)]: gone, ...others } = eventInvoke;
        if (gone === undefined) throw notFound(target);
        return { eventInvoke: others };
      }),
  };
}

const NOTHING = {
  maximumRetryAttempts: null,
  maximumEventAgeSeconds: null,
  onSuccess: null,
  onFailure: null,
} as const;

function merged(
  before: Omit<EventInvokeConfig, 'lastModifiedMs'>,
  wanted: EventInvokeWish,
): Omit<EventInvokeConfig, 'lastModifiedMs'> {
  const destination = (said: string | undefined, was: string | null) =>
    said === undefined ? was : said === '' ? null : said;
  return {
    maximumRetryAttempts: wanted.maximumRetryAttempts ?? before.maximumRetryAttempts,
    maximumEventAgeSeconds: wanted.maximumEventAgeSeconds ?? before.maximumEventAgeSeconds,
    onSuccess: destination(wanted.onSuccess, before.onSuccess),
    onFailure: destination(wanted.onFailure, before.onFailure),
  };
}

function checkWish(options: SettingsOptions, target: Target, wanted: EventInvokeWish): void {
  if (Object.values(wanted).every((value) => value === undefined))
    throw invalid('You must specify at least one of error handling or destination setting.');
  const entry = options.registry.current().functions.get(target.name);
  if (entry === undefined) throw functionNotFound(target.name);
  const { config } = versionOf(entry, target.qualifier);
  for (const side of ['onSuccess', 'onFailure'] as const) {
    const arn = wanted[side];
    if (arn !== undefined && arn !== '')
      requireDestination(options, { name: entry.name, config }, { side, arn });
  }
}

function versionOf({ aliases, versions, latest }: FunctionEntry, qualifier: string | null): Version {
  const number = aliases.get(qualifier ?? '')?.version ?? Number(qualifier ?? 0);
  return versions.get(number) ?? latest;
}

function invalid(message: string): Fault {
  return new Fault('parameter-invalid', message, { facts: { parameter: 'DestinationConfig' } });
}

function notFound({ name, qualifier }: Target): Fault {
  return new Fault(
    'resource-not-found',
    `The function ${functionArn(name, qualifier ?? LATEST)} doesn't have an EventInvokeConfig`,
  );
}
