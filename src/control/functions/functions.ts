/** Functions and their versions: making, changing, publishing, deleting. */
import type { FunctionConfig } from '../../model/index.ts';
import {
  changeLatest,
  createFunction,
  deleteFunction,
  deleteVersion,
  publishVersion,
} from '../../store/index.ts';
import { withTags } from '../settings/index.ts';
import { requireDeadLetter } from '../told.ts';
import { aliasVerbs } from './aliases.ts';
import { concurrencyVerbs } from './concurrency.ts';
import type { CodeChange, Functions, FunctionsOptions, NewFunction, SettingsChange } from './interface.ts';
import { type FunctionParts, functionParts } from './parts.ts';

/** Who asks to take the role on. */
const LAMBDA = 'lambda.amazonaws.com';

export function createFunctions(options: FunctionsOptions): Functions {
  const { sql } = options;
  const parts = functionParts(options);
  return {
    create: (wanted) => create(options, parts, wanted),
    updateCode: (wanted) => parts.alone(wanted.name, () => updateCode(options, parts, wanted)),
    updateSettings: (wanted) => parts.alone(wanted.name, () => updateSettings(options, parts, wanted)),
    publish: (wanted) =>
      parts.alone(wanted.name, async () => {
        const number = await parts.served(await publishVersion(sql, wanted));
        return parts.version(wanted.name, number);
      }),
    delete: (name) =>
      parts.alone(name, async () => {
        await parts.served(await deleteFunction(sql, name));
      }),
    deleteVersion: (wanted) =>
      parts.alone(wanted.name, async () => {
        await parts.served(await deleteVersion(sql, wanted));
      }),
    updating: parts.updating,
    aliases: aliasVerbs(options, parts),
    concurrency: concurrencyVerbs(options, parts),
  };
}

async function create(options: FunctionsOptions, parts: FunctionParts, wanted: NewFunction) {
  const { name, artifact, description, aws, codeSigning, publish } = wanted;
  const tags = withTags({}, wanted.tags);
  const config = withRole(options, wanted.config, wanted.roleArn);
  requireDeadLetter(options, { name, config }, deadLetterOf(aws));
  await options.artifacts.ensure(artifact);
  await options.machine.requireRunnable(config, artifact);
  const made = { name, artifact, config, description, aws };
  const number = await parts.served(await createFunction(options.sql, { made, tags, codeSigning, publish }));
  return parts.version(name, number);
}

async function updateCode(options: FunctionsOptions, parts: FunctionParts, wanted: CodeChange) {
  const { name, revisionId, publish } = wanted;
  const { latest } = parts.entry(name); // before a package is stored for nothing
  const artifact = await wanted.store();
  await options.artifacts.ensure(artifact);
  await options.machine.requireRunnable(latest.config, artifact);
  const change = (latest: Parameters<CodeChange['change']>[0]) => ({ artifact, ...wanted.change(latest) });
  const number = await parts.served(await changeLatest(options.sql, { name, revisionId, change, publish }));
  return parts.version(name, number);
}

async function updateSettings(options: FunctionsOptions, parts: FunctionParts, wanted: SettingsChange) {
  const { name, revisionId, roleArn } = wanted;
  const change = (latest: Parameters<SettingsChange['change']>[0]) => {
    const { config, ...rest } = wanted.change(latest);
    return { artifact: latest.artifact, config: withRole(options, config, roleArn), ...rest };
  };
  const { latest } = parts.entry(name);
  const { config, aws } = change(latest);
  requireDeadLetter(options, { name, config }, deadLetterOf(aws));
  const runsElse = config.runtime !== latest.config.runtime || config.image !== latest.config.image;
  if (runsElse) await options.machine.requireRunnable(config, latest.artifact);
  await parts.served(await changeLatest(options.sql, { name, revisionId, change, publish: false }));
  return parts.version(name, 0);
}

function deadLetterOf(aws: NewFunction['aws']): unknown {
  return (aws.DeadLetterConfig as { readonly TargetArn?: unknown } | undefined)?.TargetArn;
}

function withRole(
  { roles }: FunctionsOptions,
  config: FunctionConfig,
  roleArn: string | null,
): FunctionConfig {
  if (roleArn === null) return config;
  return { ...config, role: roles.requireAssumable({ nameOrArn: roleArn, service: LAMBDA }) };
}
