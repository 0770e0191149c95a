/**
 * Makes the models that `src/wire/aws` is driven by, from the ones that AWS publishes with botocore:
 *
 *   pip download --no-deps --no-binary :none: -d DIR botocore && unzip -d DIR DIR/botocore-*.whl
 *   node bin/run tools/aws-models.ts DIR
 *
 * For each service below: `src/wire/aws/models/<service>.json` (names, types, constraints, bindings and
 * errors; no prose) and `<service>.types.ts`. Without DIR, an installed botocore is asked for. A new
 * service is one more line in SERVICES.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ModelDocument } from '../src/wire/aws/protocol/index.ts';
import { compact, type PublishedModel } from './aws-models/compact.ts';
import { judgedByService, type QueryWords, queryForm, withQueryCodes } from './aws-models/forms.ts';
import { typesOf } from './aws-models/types.ts';

const OUT = 'src/wire/aws/models';

interface Service {
  readonly typeName: string;
  /** Those that are served; null: all are known. */
  readonly operations: readonly string[] | null;
  /** The service says in its own words what is missing or unknown. */
  readonly judgesInputs?: boolean;
  /** It spoke the query protocol before, and still does: `<service>-query.json` is made too. */
  readonly query?: QueryWords & { readonly codes: Readonly<Record<string, string>> };
}

/** By the folder in botocore's data. */
const SERVICES: Readonly<Record<string, Service>> = {
  'lambda/2015-03-31': { typeName: 'Lambda', operations: null },
  'iam/2010-05-08': {
    typeName: 'Iam',
    operations: [
      'AttachRolePolicy',
      'AttachUserPolicy',
      'CreateAccessKey',
      'CreatePolicy',
      'CreatePolicyVersion',
      'CreateRole',
      'CreateServiceLinkedRole',
      'CreateUser',
      'DeleteAccessKey',
      'DeletePolicy',
      'DeletePolicyVersion',
      'DeleteRole',
      'DeleteRolePermissionsBoundary',
      'DeleteRolePolicy',
      'DeleteUser',
      'DeleteUserPolicy',
      'DetachRolePolicy',
      'DetachUserPolicy',
      'GetAccessKeyLastUsed',
      'GetPolicy',
      'GetPolicyVersion',
      'GetRole',
      'GetRolePolicy',
      'GetUser',
      'GetUserPolicy',
      'ListAccessKeys',
      'ListAccountAliases',
      'ListAttachedRolePolicies',
      'ListAttachedUserPolicies',
      'ListEntitiesForPolicy',
      'ListGroupsForUser',
      'ListInstanceProfilesForRole',
      'ListPolicies',
      'ListPolicyTags',
      'ListPolicyVersions',
      'ListRolePolicies',
      'ListRoleTags',
      'ListRoles',
      'ListUserPolicies',
      'ListUserTags',
      'ListUsers',
      'PutRolePermissionsBoundary',
      'PutRolePolicy',
      'PutUserPolicy',
      'SetDefaultPolicyVersion',
      'SimulateCustomPolicy',
      'SimulatePrincipalPolicy',
      'TagPolicy',
      'TagRole',
      'TagUser',
      'UntagPolicy',
      'UntagRole',
      'UntagUser',
      'UpdateAccessKey',
      'UpdateAssumeRolePolicy',
      'UpdateRole',
      'UpdateRoleDescription',
      'UpdateUser',
    ],
  },
  'scheduler/2021-06-30': { typeName: 'Scheduler', operations: null },
  'sts/2011-06-15': {
    typeName: 'Sts',
    operations: [
      'AssumeRole',
      'DecodeAuthorizationMessage',
      'GetAccessKeyInfo',
      'GetCallerIdentity',
      'GetFederationToken',
      'GetSessionToken',
    ],
  },
  'sqs/2012-11-05': {
    typeName: 'Sqs',
    operations: null,
    judgesInputs: true,
    // as botocore had them until 1.31.80, the last that spoke the query protocol
    query: {
      xmlNamespace: 'http://queue.amazonaws.com/doc/2012-11-05/',
      names: { Actions: 'ActionName' },
      keys: { TagMap: 'Key' },
      fromPath: 'QueueUrl',
      codes: {
        BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
        BatchRequestTooLong: 'AWS.SimpleQueueService.BatchRequestTooLong',
        EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
        InvalidBatchEntryId: 'AWS.SimpleQueueService.InvalidBatchEntryId',
        MessageNotInflight: 'AWS.SimpleQueueService.MessageNotInflight',
        PurgeQueueInProgress: 'AWS.SimpleQueueService.PurgeQueueInProgress',
        QueueDeletedRecently: 'AWS.SimpleQueueService.QueueDeletedRecently',
        QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
        QueueNameExists: 'QueueAlreadyExists',
        TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
        UnsupportedOperation: 'AWS.SimpleQueueService.UnsupportedOperation',
      },
    },
  },
};

/** Of a botocore: its version, and the folder of its data. */
interface Botocore {
  readonly version: string;
  readonly data: string;
}

function botocoreIn(folder: string): Botocore {
  const [metadata] = globSync('botocore-*.dist-info/METADATA', { cwd: folder });
  const version = /botocore-(.+)\.dist-info/.exec(metadata ?? '')?.[1];
  if (version === undefined) throw new Error(`there is no unpacked botocore in ${folder}`);
  return { version, data: join(folder, 'botocore/data') };
}

function installedBotocore(): Botocore {
  const script = 'import botocore; print(botocore.__version__); print(botocore.__path__[0])';
  const { status, stdout } = spawnSync('python3', ['-c', script], { encoding: 'utf8' });
  if (status !== 0) throw new Error('python3 has no botocore; name a folder with an unpacked one');
  const [version = '', path = ''] = stdout.split('\n');
  return { version, data: join(path, 'data') };
}

function make(botocore: Botocore, folder: string): string[] {
  const { typeName, operations, judgesInputs, query } = SERVICES[folder] as Service;
  const packed = readFileSync(join(botocore.data, folder, 'service-2.json.gz'));
  const published = JSON.parse(gunzipSync(packed).toString('utf8')) as PublishedModel;
  const small = compact(published, operations, { package: 'botocore', version: botocore.version });
  const judged = judgesInputs === true ? judgedByService(small) : small;
  const model = query === undefined ? judged : withQueryCodes(judged, query.codes);
  const base = join(OUT, folder.split('/', 1)[0] as string);
  writeFileSync(`${base}.json`, linesOf(model));
  if (query !== undefined) writeFileSync(`${base}-query.json`, linesOf(queryForm(model, query)));
  writeFileSync(`${base}.types.ts`, typesOf(model, typeName));
  console.log(
    `${base}: ${Object.keys(model.operations).length} operations, ${Object.keys(model.shapes).length} shapes`,
  );
  return [`${base}.types.ts`];
}

/** One line an operation and a shape, so that what AWS changed can be read in a diff. */
function linesOf({ source, metadata, operations, shapes }: ModelDocument): string {
  const lines = (entries: object) =>
    Object.entries(entries)
      .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
      .join(',\n');
  const head = `"source":${JSON.stringify(source)},\n"metadata":${JSON.stringify(metadata)},`;
  return `{${head}\n"operations":{\n${lines(operations)}\n},\n"shapes":{\n${lines(shapes)}\n}}\n`;
}

const [folder] = process.argv.slice(2);
const botocore = folder === undefined ? installedBotocore() : botocoreIn(folder);
const types = Object.keys(SERVICES).flatMap((service) => make(botocore, service));
execFileSync('node_modules/.bin/biome', ['format', '--write', ...types], { stdio: 'inherit' });
