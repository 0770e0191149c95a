import { Fault } from '../base/index.ts';
import { type App, fullName, LIVE, slugOf } from '../model/index.ts';
import { applyDeploy, checkDeploy, type Deployed, type DeployPlan, draftVersions } from '../store/index.ts';
import type { ControlOptions, DeployAnswer } from './answers.ts';
import { requireBelongings, withLayers } from './belongings.ts';
import { prepareAll, readyAt, wantedOf } from './provision.ts';
import { serve } from './serve.ts';

/**
 * The steps of a deploy, in the order in which failing leaves the least behind: look, then make what
 * cannot be part of a transaction (databases, unpacked packages, provisioned instances; all harmless if
 * unused), then commit.
 */
export async function deploy(
  options: ControlOptions,
  app: App,
  artifacts: Readonly<Record<string, string>>,
): Promise<DeployAnswer> {
  refuseOwnDomain(app, options.domain);
  refuseWrongKeys(app, artifacts);
  refuseOverReserved(options, app);
  const digests = digestsOf(app, artifacts);
  for (const digest of digests) await requireArtifact(options, digest);
  await requireBelongings(options, app);
  await checkDeploy(options.sql, app);
  for (const key of app.databases) await options.databases.ensure({ app: app.app, key });
  // Unpacked before `live` moves: the first request need not wait for it, nor for the database.
  for (const digest of digests) await options.artifacts.ensure(digest);
  for (const { key, config } of app.functions) {
    await options.machine.requireRunnable(config, artifacts[key] as string);
  }
  const deployed = await publish(options, { app: await withLayers(options, app), artifacts });
  return {
    app: app.app,
    url: options.urlOf(slugOf(app.app)),
    functions: deployed.functions.map((fn) => ({
      name: fn.name,
      version: String(fn.version),
      changed: fn.changed,
      url: options.urlOf(fn.slug),
    })),
  };
}

/** Packages that came with the deploy: of functions, and of layers. */
function digestsOf(app: App, artifacts: Readonly<Record<string, string>>): string[] {
  const layers = app.functions.flatMap((fn) => fn.layers ?? []);
  const ofLayers = layers.flatMap((layer) => ('artifact' in layer ? [layer.artifact] : []));
  return [...new Set([...Object.values(artifacts), ...ofLayers])];
}

/** Moves `live`, between the start of what is to stand ready behind it and the end of what did before. */
async function publish(options: ControlOptions, plan: DeployPlan): Promise<Deployed> {
  const letGo = await prepareDrafts(options, plan);
  try {
    const deployed = await applyDeploy(options.sql, plan);
    await serve(options, deployed.revision);
    // A function that is new has stood ready for nobody yet.
    const kept = await prepareAll(
      options,
      wantedOf(readyAt(plan.app, options.clock.wallMs()), options.registry.current(), LIVE),
      'The app is deployed: it starts instances on demand, and the node goes on trying to start these.',
    );
    kept();
    return deployed;
  } finally {
    letGo();
  }
}

async function prepareDrafts(options: ControlOptions, plan: DeployPlan): Promise<() => void> {
  const app = readyAt(plan.app, options.clock.wallMs());
  const made = await draftVersions(options.sql, { ...plan, app });
  if (made === null) return () => {};
  await serve(options, made.revision);
  const outcome = 'Nothing was changed: what was live before goes on serving.';
  return await prepareAll(options, made.drafts, outcome);
}

/** Hosts below the platform's domain are given out by name; an app cannot write itself another one. */
function refuseOwnDomain(app: App, domain: string): void {
  for (const host of app.hosts.map((name) => name.toLowerCase())) {
    if (host !== domain && !host.endsWith(`.${domain}`)) continue;
    throw new Fault(
      'manifest-invalid',
      `Host "${host}" of app "${app.app}" is part of this node's own domain "${domain}". Routes answer at ${app.app}.${domain} without being told; name other hosts only.`,
      { facts: { app: app.app, host } },
    );
  }
}

/** What is reserved twice is guaranteed to nobody. */
function refuseOverReserved({ registry, accountConcurrency }: ControlOptions, app: App): void {
  const sum = (functions: readonly { readonly reserved: number | null }[]) =>
    functions.reduce((total, { reserved }) => total + (reserved ?? 0), 0);
  const own = sum(app.functions);
  const others = sum([...registry.current().functions.values()].filter((entry) => entry.app !== app.app));
  if (own === 0 || own + others <= accountConcurrency) return;
  throw new Fault(
    'manifest-invalid',
    `App "${app.app}" reserves ${own} invocations at once, and other apps ${others}: together more than the ${accountConcurrency} of this node. Reserve less, or start the node with a larger --account-concurrency.`,
    { facts: { app: app.app, reserved: own, reservedByOthers: others, accountConcurrency } },
  );
}

function refuseWrongKeys(app: App, artifacts: Readonly<Record<string, string>>): void {
  const keys = new Set(app.functions.map((fn) => fn.key));
  const missing = app.functions.find((fn) => artifacts[fn.key] === undefined);
  const unknown = Object.keys(artifacts).find((key) => !keys.has(key));
  if (missing === undefined && unknown === undefined) return;
  const what =
    missing === undefined
      ? `"artifacts" names "${unknown}", which is not a function of app "${app.app}".`
      : `"artifacts" has no package for function "${fullName(app.app, missing.key)}".`;
  throw new Fault('bad-request', `${what} Give one SHA-256 for each function, by its key.`);
}

async function requireArtifact(options: ControlOptions, digest: string): Promise<void> {
  if (await options.artifacts.has(digest)) return;
  throw new Fault(
    'artifact-not-found',
    `Package ${digest} is not stored here. Upload it first: PUT /api/v1/artifacts/${digest}.`,
    { facts: { digest } },
  );
}
