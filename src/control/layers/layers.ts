/**
 * Layers: published once, never changed, shared by any number of functions.
 *
 * A function keeps the package of each layer it was given, so deleting a version takes nothing from it.
 */
import { Fault } from '../../base/index.ts';
import { ACCOUNT_ID, LIMITS, policyDocument, REGION, type ResourcePolicy } from '../../model/index.ts';
import {
  changeLayerPolicy,
  deleteLayer,
  findLayer,
  type LayerVersion,
  listLayers,
  listLayerVersions,
  publishLayer,
  type Sql,
} from '../../store/index.ts';
import { grant, revoke } from '../policy-statements.ts';

export interface LayersOptions {
  readonly sql: Sql;
  readonly newId: () => string;
}

export interface LayerKey {
  readonly name: string;
  readonly version: number;
}

export interface LayerPage {
  readonly layers: readonly LayerVersion[];
  /** Where the next page begins; null: there is none. */
  readonly next: string | null;
}

interface Filter {
  readonly runtime: string | null;
  readonly architecture: string | null;
  /** A page's `next`; null: from the beginning. */
  readonly marker: string | null;
  readonly limit: number;
}

export interface Layers {
  /** @param layer its package is stored already */
  publish(layer: Omit<LayerVersion, 'version' | 'policy' | 'createdAtMs'>): Promise<LayerVersion>;
  /** @throws {Fault} `resource-not-found` */
  get(key: LayerKey): Promise<LayerVersion>;
  /** The newest fitting version of each layer, by name. */
  list(filter: Filter): Promise<LayerPage>;
  /** The fitting versions of one layer, newest first. */
  versions(name: string, filter: Filter): Promise<LayerPage>;
  delete(key: LayerKey): Promise<void>;
  /** @throws {Fault} `resource-not-found`, `resource-conflict`, `revision-stale`, `policy-too-large` */
  addPermission(key: LayerKey, wanted: LayerGrant): Promise<{ statement: string; revisionId: string }>;
  /** @throws {Fault} `resource-not-found`, `revision-stale` */
  removePermission(
    key: LayerKey,
    wanted: { readonly statementId: string; readonly revisionId: string | null },
  ): Promise<void>;
  /** @throws {Fault} `resource-not-found`, also when nothing was ever granted */
  policy(key: LayerKey): Promise<{ policy: string; revisionId: string }>;
  /**
   * What a function's configuration may name as its layers, in merge order.
   *
   * @throws {Fault} `parameter-invalid` when one does not exist, is named twice, or there are more than five
   */
  resolve(arns: readonly string[]): Promise<readonly LayerVersion[]>;
}

export interface LayerGrant {
  readonly statementId: string;
  readonly action: string;
  readonly principal: string;
  readonly organizationId: string | null;
  readonly revisionId: string | null;
}

/** Of one function (AWS: 5). */
const MAX_LAYERS = 5;
const VERSION_ARN = /^arn:[^:]+:lambda:([^:]+):(\d{12}):layer:([A-Za-z0-9_-]{1,64}):(\d{1,9})$/;

export function layerArn(name: string): string {
  return `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:layer:${name}`;
}

export function layerVersionArn({ name, version }: LayerKey): string {
  return `${layerArn(name)}:${version}`;
}

/** @returns null when it is not the ARN of a layer version of this node */
export function parseLayerVersionArn(arn: string): LayerKey | null {
  const [, region, account, name, version] = VERSION_ARN.exec(arn) ?? [];
  if (region !== REGION || account !== ACCOUNT_ID || name === undefined) return null;
  return { name, version: Number(version) };
}

export function createLayers({ sql, newId }: LayersOptions): Layers {
  const get = async (key: LayerKey) => {
    const layer = await findLayer(sql, key);
    if (layer === null) throw notFound();
    return layer;
  };
  return {
    publish: (layer) => publishLayer(sql, layer),
    get,
    async list({ marker, limit, ...filter }) {
      const rows = await listLayers(sql, { ...filter, after: marker ?? '', limit: limit + 1 });
      return pageOf(rows, limit, (last) => last.name);
    },
    async versions(name, { marker, limit, ...filter }) {
      const before = Number(marker ?? 2 ** 31 - 1);
      const rows = await listLayerVersions(sql, { ...filter, name, before, limit: limit + 1 });
      return pageOf(rows, limit, (last) => String(last.version));
    },
    delete: (key) => deleteLayer(sql, key),
    addPermission: (key, wanted) => addPermission({ sql, newId }, key, wanted),
    async removePermission(key, { statementId, revisionId }) {
      const found = await changeLayerPolicy(sql, key, (policy) =>
        revoke(policy, statementId, { expected: revisionId, next: newId() }),
      );
      if (!found) throw notFound();
    },
    async policy(key) {
      const { policy } = await get(key);
      if (policy === null) throw notFound('No policy is associated with the given resource.');
      return { policy: policyDocument(policy), revisionId: policy.revisionId };
    },
    resolve: (arns) => resolve(sql, arns),
  };
}

async function addPermission({ sql, newId }: LayersOptions, key: LayerKey, wanted: LayerGrant) {
  const { statementId, action, principal, organizationId, revisionId } = wanted;
  if (organizationId !== null && principal !== '*')
    throw invalid('OrganizationId', 'OrganizationId can only be specified with Principal as *.');
  const condition = organizationId === null ? {} : { StringEquals: { 'aws:PrincipalOrgID': organizationId } };
  const made = { statement: '', revisionId: newId() };
  const change = (before: ResourcePolicy | null) => {
    const { policy, statement } = grant(
      before,
      { statementId, action, principal, resource: layerVersionArn(key), condition },
      { expected: revisionId, next: made.revisionId },
    );
    made.statement = JSON.stringify(statement);
    return policy;
  };
  if (!(await changeLayerPolicy(sql, key, change))) throw notFound();
  return made;
}

async function resolve(sql: Sql, arns: readonly string[]): Promise<LayerVersion[]> {
  if (arns.length > MAX_LAYERS)
    throw invalid('Layers', `Cannot reference more than ${MAX_LAYERS} layers. Layers: [${arns.join(', ')}]`);
  const found: LayerVersion[] = [];
  for (const arn of arns) {
    const key = parseLayerVersionArn(arn);
    const layer = key === null ? null : await findLayer(sql, key);
    if (layer === null) throw invalid('Layers', `Layer version ${arn} does not exist.`);
    if (found.some(({ name }) => name === layer.name))
      throw invalid(
        'Layers',
        `Two different versions of the same layer are not allowed to be referenced in the same function. ${layerArn(layer.name)}`,
      );
    found.push(layer);
  }
  refuseTooLarge(found);
  return found;
}

/** The code itself is bounded by the same number, when it is taken in. */
function refuseTooLarge(layers: readonly LayerVersion[]): void {
  const bytes = layers.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0);
  if (bytes <= LIMITS.unpackedBytes) return;
  throw invalid(
    'Layers',
    `Function code combined with layers exceeds the maximum allowed size of ${LIMITS.unpackedBytes} bytes. The actual size is ${bytes} bytes.`,
  );
}

function pageOf(rows: LayerVersion[], limit: number, markerOf: (last: LayerVersion) => string): LayerPage {
  const layers = rows.slice(0, limit);
  const last = layers.at(-1);
  return { layers, next: rows.length > limit && last !== undefined ? markerOf(last) : null };
}

function invalid(parameter: string, message: string): Fault {
  return new Fault('parameter-invalid', message, { facts: { parameter } });
}

function notFound(message = 'The resource you requested does not exist.'): Fault {
  return new Fault('resource-not-found', message);
}
