/**
 * Event source mappings: made, changed, listed, deleted. A change answers when this node serves it. What they
 * deliver is another room's work (sources/); of a kind of source that does not exist on this node they are kept,
 * and nothing flows.
 */
import { Fault } from '../../base/index.ts';
import type { EventSourceMapping } from '../../model/index.ts';
import {
  changeMapping,
  deleteMapping,
  findMapping,
  functionNotFound,
  insertMapping,
  listMappings,
  type MappingChange,
} from '../../store/index.ts';
import type { ControlOptions } from '../answers.ts';
import { serve } from '../serve.ts';
import { withoutTags, withTags } from '../settings/index.ts';
import { requireReadable } from './queue-source.ts';
import { type MappingSettings, mappingSettings } from './settings.ts';

export interface MappingsOptions extends Pick<ControlOptions, 'sql' | 'registry' | 'clock' | 'roles'> {
  /** UUIDs. */
  readonly newId: () => string;
}

export interface MappingWish {
  readonly functionName: string;
  readonly qualifier: string | null;
  readonly source: string | null;
  readonly enabled: boolean;
  readonly settings: MappingSettings;
  readonly tags: Readonly<Record<string, string>>;
}

export interface MappingPage {
  readonly mappings: readonly EventSourceMapping[];
  readonly next: string | null;
}

export interface Mappings {
  /** @throws {Fault} `function-not-found`, `parameter-invalid`, `resource-conflict` */
  create(wanted: MappingWish): Promise<EventSourceMapping>;
  /** @throws {Fault} `resource-not-found` */
  get(id: string): Promise<EventSourceMapping>;
  list(wanted: {
    readonly functionName: string | null;
    readonly source: string | null;
    readonly marker: string | null;
    readonly limit: number;
  }): Promise<MappingPage>;
  /** @param wanted what is undefined stays. @returns what it is and was. @throws {Fault} `resource-not-found`, `parameter-invalid`, … */
  update(
    id: string,
    wanted: {
      readonly function: Pick<MappingWish, 'functionName' | 'qualifier'> | undefined;
      readonly enabled: boolean | undefined;
      readonly settings: MappingSettings;
    },
  ): Promise<Pick<MappingChange, 'mapping' | 'before'>>;
  /** @returns what it was. @throws {Fault} `resource-not-found` */
  delete(id: string): Promise<EventSourceMapping>;
  tag(id: string, tags: Readonly<Record<string, string>>): Promise<void>;
  untag(id: string, keys: readonly string[]): Promise<void>;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

export function createMappings(options: MappingsOptions): Mappings {
  const { sql } = options;
  const found = (mapping: EventSourceMapping | null) => {
    if (mapping === null) throw notFound();
    return mapping;
  };
  const served = async (change: MappingChange | null) => {
    if (change === null) throw notFound();
    await serve(options, change.revision);
    return change;
  };
  const change = async (id: string, make: (mapping: EventSourceMapping) => EventSourceMapping) =>
    await served(UUID.test(id) ? await changeMapping(sql, id, make) : null);
  return {
    create: async (wanted) => (await served(await create(options, wanted))).mapping,
    get: async (id) => found(UUID.test(id) ? await findMapping(sql, id) : null),
    async list({ functionName, source, marker, limit }) {
      const after = marker !== null && UUID.test(marker) ? marker : BEFORE_ALL;
      const rows = await listMappings(sql, { functionName, source, after, limit: limit + 1 });
      const mappings = rows.slice(0, limit);
      return { mappings, next: rows.length > limit ? (mappings.at(-1)?.id ?? null) : null };
    },
    update: (id, wanted) => {
      return change(id, (mapping) => {
        if (wanted.function !== undefined) checkReader(options, mapping.source, wanted.function);
        const settings = mappingSettings(mapping.source, {
          ...mapping.settings,
          ...defined(wanted.settings),
        });
        return { ...mapping, ...wanted.function, enabled: wanted.enabled ?? mapping.enabled, settings };
      });
    },
    delete: async (id) => (await served(UUID.test(id) ? await deleteMapping(sql, id) : null)).mapping,
    async tag(id, tags) {
      await change(id, (mapping) => ({ ...mapping, tags: withTags(mapping.tags, tags) }));
    },
    async untag(id, keys) {
      await change(id, (mapping) => ({ ...mapping, tags: withoutTags(mapping.tags, keys) }));
    },
  };
}

async function create(options: MappingsOptions, wanted: MappingWish): Promise<MappingChange> {
  const settings = mappingSettings(wanted.source, wanted.settings);
  checkReader(options, wanted.source, wanted);
  const tags = withTags({}, wanted.tags);
  const stored = await insertMapping(options.sql, { ...wanted, id: options.newId(), settings, tags });
  if ('mapping' in stored) return stored;
  throw new Fault(
    'resource-conflict',
    `An event source mapping with event source arn (" ${wanted.source} ") and function (" ${wanted.functionName} ") already exists. Please update or delete the existing mapping with UUID ${stored.twin}`,
    { facts: { id: stored.twin } },
  );
}

/** The function is there, and may read the source. */
function checkReader(
  options: MappingsOptions,
  source: string | null,
  { functionName, qualifier }: Pick<MappingWish, 'functionName' | 'qualifier'>,
): void {
  const entry = options.registry.current().functions.get(functionName);
  if (entry === undefined) throw functionNotFound(functionName);
  if (qualifier !== null && !entry.aliases.has(qualifier) && !entry.versions.has(Number(qualifier))) {
    const message = `Function "${functionName}" has no version or alias "${qualifier}".`;
    throw new Fault('version-not-found', message, { facts: { functionName, qualifier } });
  }
  if (source?.split(':')[2] === 'sqs') requireReadable(options, source, { entry, qualifier });
}

function defined(settings: MappingSettings): MappingSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function notFound(): Fault {
  return new Fault('resource-not-found', 'The resource you requested does not exist.');
}
