/**
 * Code signing configurations and capacity providers: kept and given back as they were asked for.
 *
 * A configuration that enforces signatures is held to: no package here is signed, so functions that it is put on
 * take no new code. A capacity provider names where functions are to run; here that is always this node.
 */
import { Fault } from '../../base/index.ts';
import { ACCOUNT_ID, REGION } from '../../model/index.ts';
import {
  changeRecord,
  deleteRecord,
  findRecord,
  functionsSignedBy,
  insertRecord,
  type LambdaRecord,
  listRecords,
  type RecordKind,
  type Sql,
} from '../../store/index.ts';
import { withoutTags, withTags } from '../settings/index.ts';

export interface Page {
  /** Of the page before; null: from the beginning. */
  readonly marker: string | null;
  readonly limit: number;
}

export interface Records {
  /** @throws {Fault} `resource-conflict` when the key is taken, `parameter-invalid` for its tags */
  create(record: Omit<LambdaRecord, 'modifiedAtMs'>): Promise<LambdaRecord>;
  /** @throws {Fault} `resource-not-found` */
  get(key: string): Promise<LambdaRecord>;
  list(page: Page): Promise<{ readonly records: readonly LambdaRecord[]; readonly next: string | null }>;
  /** @param settings what is undefined stays. @throws {Fault} `resource-not-found` */
  update(key: string, settings: LambdaRecord['settings']): Promise<LambdaRecord>;
  /** @throws {Fault} `resource-not-found`; `resource-conflict` while a function uses it */
  delete(key: string): Promise<LambdaRecord>;
  tag(key: string, tags: Readonly<Record<string, string>>): Promise<void>;
  untag(key: string, keys: readonly string[]): Promise<void>;
  /** Names of the functions that use it, in order. */
  users(
    key: string,
    page: Page,
  ): Promise<{ readonly names: readonly string[]; readonly next: string | null }>;
}

export function codeSigningArn(id: string): string {
  return `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:code-signing-config:${id}`;
}

export function capacityProviderArn(name: string): string {
  return `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:capacity-provider:${name}`;
}

export function createRecords(sql: Sql, kind: RecordKind): Records {
  const change = async (key: string, make: (record: LambdaRecord) => LambdaRecord) =>
    found(await changeRecord(sql, kind, { key, change: make }), kind, key);
  const users: Records['users'] = async (key, { marker, limit }) => {
    if (kind !== 'code-signing') return { names: [], next: null };
    const after = marker ?? '';
    const rows = await functionsSignedBy(sql, { codeSigning: key, after, limit: limit + 1 });
    const names = rows.slice(0, limit);
    return { names, next: rows.length > limit ? (names.at(-1) ?? null) : null };
  };
  return {
    users,
    async create(record) {
      const made = await insertRecord(sql, kind, { ...record, tags: withTags({}, record.tags) });
      if (made === null)
        throw new Fault('resource-conflict', `Capacity provider already exists: ${record.key}`);
      return made;
    },
    get: async (key) => found(await findRecord(sql, kind, key), kind, key),
    async list({ marker, limit }) {
      const rows = await listRecords(sql, kind, { after: marker ?? '', limit: limit + 1 });
      const records = rows.slice(0, limit);
      return { records, next: rows.length > limit ? (records.at(-1)?.key ?? null) : null };
    },
    update: (key, settings) =>
      change(key, (record) => ({ ...record, settings: { ...record.settings, ...defined(settings) } })),
    async delete(key) {
      const { names } = await users(key, { marker: null, limit: 1 });
      if (names.length > 0)
        throw new Fault(
          'resource-conflict',
          'Cannot delete the CodeSigningConfig because some functions are using it.',
          { facts: { functionName: names[0]! } },
        );
      return found(await deleteRecord(sql, kind, key), kind, key);
    },
    async tag(key, tags) {
      await change(key, (record) => ({ ...record, tags: withTags(record.tags, tags) }));
    },
    async untag(key, keys) {
      await change(key, (record) => ({ ...record, tags: withoutTags(record.tags, keys) }));
    },
  };
}

function found(record: LambdaRecord | null, kind: RecordKind, key: string): LambdaRecord {
  if (record !== null) return record;
  const message =
    kind === 'code-signing'
      ? `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${codeSigningArn(key)}.`
      : `Capacity provider not found: ${capacityProviderArn(key)}`;
  throw new Fault('resource-not-found', message, { facts: { key } });
}

function defined(settings: LambdaRecord['settings']): LambdaRecord['settings'] {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
