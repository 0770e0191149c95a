/**
 * What the functions of an app name outside it: secrets, roles, layers, other functions. Looked up before
 * anything is made, so that a deploy that lacks one of them leaves nothing behind.
 */
import { Fault } from '../base/index.ts';
import {
  type App,
  type AppFunction,
  fullName,
  type LayerReference,
  type LayerWish,
  parseFunctionReference,
  parseQueueArn,
  queueName,
} from '../model/index.ts';
import { artifactBytes, findLayer, listLayerVersions, publishLayer } from '../store/index.ts';
import type { ControlOptions } from './answers.ts';
import { layerVersionArn, parseLayerVersionArn } from './layers/index.ts';

/**
 * @throws {Fault} `secret-not-found`, naming each that is missing and the command that sets it; `role-unassumable`;
 *   `resource-not-found` for a layer; `function-not-found` for a function that is neither here nor in the app
 */
export async function requireBelongings(options: ControlOptions, app: App): Promise<void> {
  requireSecrets(options, app);
  for (const fn of app.functions) {
    requireUsed(options, app, fn);
    requireTold(options, app, fn);
    if (fn.config.role !== null)
      options.roles.requireAssumable({ nameOrArn: fn.config.role, service: 'lambda.amazonaws.com' });
    for (const layer of fn.layers ?? []) if ('arn' in layer) await published(options, layer.arn);
  }
}

/** The app with its layers as versions; packages of its own are published where they differ from the newest. */
export async function withLayers(options: ControlOptions, app: App): Promise<App> {
  const functions: AppFunction[] = [];
  for (const { layers = [], ...fn } of app.functions) {
    const found: LayerReference[] = [];
    for (const layer of layers) found.push(await versionOf(options, app, layer));
    functions.push(layers.length === 0 ? fn : { ...fn, config: { ...fn.config, layers: found } });
  }
  return { ...app, functions };
}

function requireSecrets({ secrets }: ControlOptions, app: App): void {
  const missing = new Map<string, string[]>();
  for (const { key, config, routes } of app.functions) {
    const names = [...config.secrets, ...routes.flatMap(({ webhook }) => webhook?.secrets ?? [])];
    for (const name of new Set(secrets.missing({ app: app.app, names })))
      missing.set(name, [...(missing.get(name) ?? []), fullName(app.app, key)]);
  }
  const [first] = missing.keys();
  if (first === undefined) return;
  const lines = [...missing].map(
    ([name, functions]) => `secret "${name}" of ${functions.join(', ')} ("skein secret set ${name}")`,
  );
  const message = `Not set: ${lines.join('; ')}. Nothing was changed; set what is missing and deploy again.`;
  throw new Fault('secret-not-found', message, { facts: { name: first, missing: missing.size } });
}

function requireUsed({ registry }: ControlOptions, app: App, { key, config }: AppFunction): void {
  const { functions, queues } = registry.current();
  const own = new Set(app.functions.map((fn) => fullName(app.app, fn.key)));
  const ownQueues = new Set((app.queues ?? []).map((queue) => queueName(app.app, queue)));
  for (const use of config.uses) {
    const [kind, name] =
      'queue' in use ? (['queue', use.queue] as const) : (['function', use.function] as const);
    const known =
      kind === 'queue' ? ownQueues.has(name) || queues.has(name) : own.has(name) || functions.has(name);
    if (known) continue;
    const facts = { [kind === 'queue' ? 'queue' : 'functionName']: name, usedBy: fullName(app.app, key) };
    throw new Fault(
      `${kind}-not-found`,
      `Function "${fullName(app.app, key)}" uses "${name}", which is neither a ${kind} of app "${app.app}" nor ${kind === 'queue' ? 'there' : 'deployed'}. Write its key in this manifest or its full name, or ${kind === 'queue' ? 'make' : 'deploy'} it first. Nothing was changed.`,
      { facts },
    );
  }
}

/** Those of the app are made by this deploy. */
function requireTold({ registry }: ControlOptions, app: App, { key, config }: AppFunction): void {
  const { onSuccess, onFailure, deadLetter } = config.events ?? {};
  const { functions, queues } = registry.current();
  const ownFunctions = new Set(app.functions.map((fn) => fullName(app.app, fn.key)));
  const ownQueues = new Set(
    (app.queues ?? []).map((one) => fullName(app.app, one.key) + (one.fifo ? '.fifo' : '')),
  );
  const name = fullName(app.app, key);
  for (const arn of [onSuccess, onFailure, deadLetter]) {
    if (arn == null) continue;
    const queue = parseQueueArn(arn);
    const called = queue === null ? parseFunctionReference(arn)?.name : undefined;
    if (queue !== null && !ownQueues.has(queue) && !queues.has(queue)) throw nobody(app, { name, queue });
    if (called !== undefined && !ownFunctions.has(called) && !functions.has(called))
      throw nobody(app, { name, functionName: called });
  }
}

interface Nobody {
  readonly name: string;
  readonly queue?: string;
  readonly functionName?: string;
}

function nobody({ app }: App, { name, queue, functionName = '' }: Nobody): Fault {
  if (queue !== undefined)
    return new Fault(
      'queue-not-found',
      `Function "${name}" has the queue "${queue}" as a destination or for dead letters, which is neither a standard queue of app "${app}" nor there already. Write its key under \`queues\`, or make it first. Nothing was changed.`,
      { facts: { queue, usedBy: name } },
    );
  return new Fault(
    'function-not-found',
    `Function "${name}" has "${functionName}" as a destination, which is neither a function of app "${app}" nor deployed here. Write its key in this manifest or its full name, or deploy it first. Nothing was changed.`,
    { facts: { functionName, usedBy: name } },
  );
}

async function versionOf(options: ControlOptions, app: App, layer: LayerWish): Promise<LayerReference> {
  if ('arn' in layer) return await published(options, layer.arn);
  const { artifact } = layer;
  const name = fullName(app.app, layer.name).slice(0, 64);
  const newest = { runtime: null, architecture: null, before: 2 ** 31 - 1, limit: 1 };
  const [last] = await listLayerVersions(options.sql, { name, ...newest });
  if (last?.artifact === artifact) return { arn: layerVersionArn(last), artifact };
  const bytes = await artifactBytes(options.sql, artifact);
  const made = await publishLayer(options.sql, {
    ...{ name, artifact, description: `Deployed with app ${app.app}`, license: '' },
    // What it unpacks to was held to its limit when it came, and is not kept.
    ...{ bytes, unpackedBytes: bytes, runtimes: [], architectures: [] },
  });
  return { arn: layerVersionArn(made), artifact };
}

async function published({ sql }: ControlOptions, arn: string): Promise<LayerReference> {
  const key = parseLayerVersionArn(arn);
  const layer = key === null ? null : await findLayer(sql, key);
  if (layer !== null) return { arn, artifact: layer.artifact };
  throw new Fault('resource-not-found', `Layer version ${arn} does not exist here. Nothing was changed.`, {
    facts: { arn },
  });
}
