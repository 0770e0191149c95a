/** Groups of schedules: made, shown, tagged, deleted together with what is in them. */
import { Fault } from '../../base/index.ts';
import { LIMITS } from '../../model/index.ts';
import {
  countScheduleGroups,
  DEFAULT_SCHEDULE_GROUP,
  deleteScheduleGroup,
  doOnce,
  findScheduleGroup,
  insertScheduleGroup,
  listScheduleGroups,
  type ScheduleGroup,
  type Sql,
  writeGroupTags,
} from '../../store/index.ts';
import { withoutTags, withTags } from '../settings/index.ts';

type Tags = Readonly<Record<string, string>>;

interface Named {
  readonly name: string;
  /** The caller's name for this call; see `doOnce`. */
  readonly token: string | null;
}

export interface ScheduleGroups {
  /** @throws {Fault} `resource-conflict` when there is one; `parameter-invalid` for its tags */
  create(wanted: Named & { readonly tags: Tags }): Promise<void>;
  /** @throws {Fault} `resource-not-found` */
  get(name: string): Promise<ScheduleGroup>;
  /** With its schedules. @throws {Fault} `resource-not-found`; `parameter-invalid` for `default` */
  delete(unwanted: Named): Promise<void>;
  list(wanted: {
    readonly prefix: string;
    /** Where the page before ended; null: from the beginning. */
    readonly after: string | null;
    readonly limit: number;
  }): Promise<{ readonly groups: readonly ScheduleGroup[]; readonly next: string | null }>;
  /** @throws {Fault} `resource-not-found`, `parameter-invalid` */
  tag(name: string, tags: Tags): Promise<void>;
  untag(name: string, keys: readonly string[]): Promise<void>;
}

/** @param parts.poke is told that schedules may have gone */
export function createScheduleGroups(sql: Sql, parts: { readonly poke: () => void }): ScheduleGroups {
  const retag = (name: string, make: (tags: Tags) => Tags) =>
    doOnce(sql, { operation: 'TagResource', token: null, wish: name }, async (tx) => {
      const { tags } = found(await findScheduleGroup(tx, name, 'change'), name);
      await writeGroupTags(tx, { name, tags: make(tags) });
    });
  return {
    create: ({ token, ...wish }) =>
      doOnce(sql, { operation: 'CreateScheduleGroup', token, wish }, async (tx) => {
        if ((await countScheduleGroups(tx)) >= LIMITS.scheduleGroups)
          throw full('schedule groups', LIMITS.scheduleGroups);
        if (await insertScheduleGroup(tx, { ...wish, tags: withTags({}, wish.tags) })) return;
        throw new Fault('resource-conflict', `Schedule group ${wish.name} already exists.`, {
          facts: { group: wish.name },
        });
      }),
    get: async (name) => found(await findScheduleGroup(sql, name), name),
    async delete({ token, name }) {
      if (name === DEFAULT_SCHEDULE_GROUP)
        throw new Fault('parameter-invalid', `Deleting the default schedule group is not supported.`);
      await doOnce(sql, { operation: 'DeleteScheduleGroup', token, wish: name }, async (tx) => {
        if (!(await deleteScheduleGroup(tx, name))) throw groupNotFound(name);
      });
      parts.poke();
    },
    async list({ prefix, after, limit }) {
      const rows = await listScheduleGroups(sql, { prefix, after: after ?? '', limit: limit + 1 });
      const groups = rows.slice(0, limit);
      return { groups, next: rows.length > limit ? (groups.at(-1)?.name ?? null) : null };
    },
    tag: (name, added) => retag(name, (tags) => withTags(tags, added)),
    untag: (name, keys) => retag(name, (tags) => withoutTags(tags, keys)),
  };
}

export function full(what: string, limit: number): Fault {
  return new Fault(
    'schedule-limit',
    `There are ${limit} ${what} already, the most that a node keeps. Delete some.`,
    {
      facts: { limit },
    },
  );
}

export function groupNotFound(name: string): Fault {
  return new Fault('resource-not-found', `Schedule group ${name} does not exist.`, {
    facts: { group: name },
  });
}

function found(group: ScheduleGroup | null, name: string): ScheduleGroup {
  if (group === null) throw groupNotFound(name);
  return group;
}
