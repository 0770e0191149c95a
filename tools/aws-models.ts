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
import { typesOf } from './aws-models/types.ts';

const OUT = 'src/wire/aws/models';

/** Folder in botocore's data, the types' name, and the operations that are served (null: all are known). */
const SERVICES: Readonly<Record<string, { typeName: string; operations: readonly string[] | null }>> = {
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
  const { typeName, operations } = SERVICES[folder] as (typeof SERVICES)[string];
  const packed = readFileSync(join(botocore.data, folder, 'service-2.json.gz'));
  const published = JSON.parse(gunzipSync(packed).toString('utf8')) as PublishedModel;
  const model = compact(published, operations, { package: 'botocore', version: botocore.version });
  const base = join(OUT, folder.split('/', 1)[0] as string);
  writeFileSync(`${base}.json`, linesOf(model));
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
