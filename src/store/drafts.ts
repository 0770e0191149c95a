/**
 * Versions that exist before anything points at them: what is to stand ready when `live` moves has to
 * be started first, and needs its number and its databases for that.
 */
import { fullName } from '../model/index.ts';
import { change, type DeployPlan, findOrInsertVersion, ownsFunction } from './apps.ts';
import { announce } from './changes.ts';
import type { Sql } from './connect.ts';

export interface Draft {
  readonly name: string;
  readonly version: number;
  readonly provisioned: number;
}

/**
 * Stores the versions of functions with provisioned concurrency that the app has already. Whoever calls
 * them sees no change; a deploy of the same plan takes these very versions.
 *
 * @returns null when there are none
 * @throws {Fault} as `applyDeploy`
 */
export async function draftVersions(
  sql: Sql,
  plan: DeployPlan,
): Promise<{ readonly revision: number; readonly drafts: readonly Draft[] } | null> {
  const wanted = plan.app.functions.filter((fn) => fn.provisioned > 0);
  if (wanted.length === 0) return null;
  return await change(sql, plan.app.app, async (tx) => {
    const drafts: Draft[] = [];
    for (const fn of wanted) {
      const name = fullName(plan.app.app, fn.key);
      if (!(await ownsFunction(tx, { app: plan.app.app, name }))) continue;
      const version = await findOrInsertVersion(tx, plan, fn);
      drafts.push({ name, version, provisioned: fn.provisioned });
    }
    if (drafts.length === 0) return null;
    return { drafts, revision: await announce(tx, { functions: drafts.map(({ name }) => name) }) };
  });
}
