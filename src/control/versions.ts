import { LIVE, provisionedAt, versionLabel } from '../model/index.ts';
import { listVersions, rollback as moveBack, rollbackTarget } from '../store/index.ts';
import type { ControlOptions, ListAnswer, RollbackAnswer, VersionsAnswer } from './answers.ts';
import { prepareAll } from './provision.ts';
import { serve } from './serve.ts';

export async function rollback(
  options: ControlOptions,
  wanted: { readonly name: string; readonly to: number | null },
): Promise<RollbackAnswer> {
  const letGo = await prepareTarget(options, wanted);
  try {
    const moved = await moveBack(options.sql, wanted);
    await serve(options, moved.revision);
    return answerOf(wanted.name, moved);
  } finally {
    letGo();
  }
}

/** Going back is for emergencies: what cannot be made ready is started on demand, and holds nothing up. */
async function prepareTarget(
  options: ControlOptions,
  wanted: { readonly name: string; readonly to: number | null },
): Promise<() => void> {
  const { name } = wanted;
  const live = options.registry.current().functions.get(name)?.aliases.get(LIVE);
  const provisioned = live === undefined ? 0 : provisionedAt(live, options.clock.wallMs()).count;
  if (provisioned === 0) return () => {};
  const version = await rollbackTarget(options.sql, wanted);
  return await prepareAll(options, [{ name, version, provisioned }], '').catch(() => () => {});
}

function answerOf(name: string, moved: { from: number; version: number }): RollbackAnswer {
  return { name, from: String(moved.from), version: String(moved.version) };
}

export async function versions({ sql }: ControlOptions, name: string): Promise<VersionsAnswer> {
  const rows = await listVersions(sql, name);
  return {
    name,
    versions: rows.map((row) => ({
      version: String(row.version),
      live: row.aliases.includes(LIVE),
      aliases: row.aliases,
      artifact: row.artifact,
      createdAt: new Date(row.createdAtMs).toISOString(),
    })),
  };
}

export function list({ registry, urlOf, instancesOf }: ControlOptions): ListAnswer {
  const functions = [...registry.current().functions.values()].map((entry) => {
    const live = entry.aliases.get(LIVE)?.version;
    const version = (live === undefined ? undefined : entry.versions.get(live)) ?? entry.latest;
    return {
      name: entry.name,
      shape: version.config.shape,
      version: versionLabel(version.version),
      url: entry.app === null && !entry.urls.has('') ? '' : urlOf(entry.slug),
      ...instancesOf(entry.name),
    };
  });
  return { functions };
}
