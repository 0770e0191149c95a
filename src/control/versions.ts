import { LIVE } from '../model/index.ts';
import { listVersions, rollback as moveBack } from '../store/index.ts';
import type { ControlOptions, ListAnswer, RollbackAnswer, VersionsAnswer } from './answers.ts';
import { serve } from './serve.ts';

export async function rollback(
  options: ControlOptions,
  wanted: { readonly name: string; readonly to: number | null },
): Promise<RollbackAnswer> {
  const moved = await moveBack(options.sql, wanted);
  await serve(options, moved.revision);
  return { name: wanted.name, from: String(moved.from), version: String(moved.version) };
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
    const version = entry.aliases.get(LIVE);
    return {
      name: entry.name,
      shape: (version === undefined ? undefined : entry.versions.get(version)?.config.shape) ?? 'function',
      version: String(version ?? ''),
      url: urlOf(entry.slug),
      instances: instancesOf(entry.name),
    };
  });
  return { functions };
}
