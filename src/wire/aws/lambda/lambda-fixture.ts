/**
 * For tests: Lambda's API as a node has it (endpoint, verbs, registry, packages, a database of its own), behind a
 * socket, with the SDK as its client. Nothing runs: instances are what a test says, and every caller is root.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CreateFunctionCommand, type CreateFunctionCommandInput, LambdaClient } from '@aws-sdk/client-lambda';
import { type Artifacts, createArtifacts } from '../../../artifacts/index.ts';
import { systemClock as clock, Fault, uuidSource } from '../../../base/index.ts';
import { createLambdaControl } from '../../../control/index.ts';
import { ROOT } from '../../../identity/index.ts';
import type { ProvisionedState } from '../../../instances/index.ts';
import type { InvokeResult } from '../../../invoke/index.ts';
import { ACCOUNT_ID, REGION, type Version } from '../../../model/index.ts';
import { createRegistry, type Registry } from '../../../registry/index.ts';
import {
  codeBytes,
  hasArtifact,
  listenConfiguration,
  loadConfiguration,
  type Sql,
} from '../../../store/index.ts';
import { testDatabase } from '../../../store/testing.ts';
import { createAwsEndpoint } from '../endpoint.ts';
import type { AwsService } from '../service.ts';
import { lambdaService } from './service.ts';

export const ROLE = `arn:aws:iam::${ACCOUNT_ID}:role/tester`;

export async function openLambda() {
  await using building = new AsyncDisposableStack();
  const { sql, url } = building.use(await testDatabase());
  const bugs: unknown[] = [];
  const scene = {
    /** What stands ready of a version. */
    provisioned: (_version: Version): ProvisionedState => ({ wanted: 0, ready: 0, problem: null }),
    /** What every function answers. */
    answer: (): InvokeResult => assert.fail('nothing runs here'),
    /** Awaited before a package is stored. */
    storing: null as Promise<void> | null,
    /** Of which the trust policy lets Lambda in. */
    roles: new Set(['tester', 'other']),
  };
  const registry = await openRegistry(building, sql);
  const artifacts = await openArtifacts(building, { sql, url, onProblem: (problem) => bugs.push(problem) });
  const service = serviceOf({ sql, registry, artifacts, scene });
  const endpointUrl = await listen(building, service, (error) => bugs.push(error));
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
  const client = new LambdaClient({ endpoint: endpointUrl, region: REGION, credentials, maxAttempts: 1 });
  building.defer(() => client.destroy());
  const built = building.move();
  return { client, scene, bugs, [Symbol.asyncDispose]: () => built.disposeAsync() };
}

async function openRegistry(building: AsyncDisposableStack, sql: Sql): Promise<Registry> {
  const registry = createRegistry({
    load: (since) => loadConfiguration(sql, since),
    listen: (poke) => listenConfiguration(sql, poke),
    clock,
  });
  await registry.start();
  building.defer(() => registry.stop());
  return registry;
}

async function openArtifacts(
  building: AsyncDisposableStack,
  parts: { readonly sql: Sql; readonly url: string; readonly onProblem: (problem: unknown) => void },
): Promise<Artifacts> {
  const { sql, url, onProblem } = parts;
  const home = await mkdtemp(join(tmpdir(), 'skein-lambda-api-'));
  building.defer(() => rm(home, { recursive: true, force: true }));
  const artifacts = createArtifacts({
    ...{ store: { has: (digest) => hasArtifact(sql, digest), url }, clock, engine: 'test', onProblem },
    ...{ cacheDir: join(home, 'artifacts'), imagesDir: join(home, 'images') },
  });
  await artifacts.start();
  building.defer(() => artifacts.stop());
  return artifacts;
}

interface Served {
  readonly sql: Sql;
  readonly registry: Registry;
  readonly artifacts: Artifacts;
  readonly scene: {
    readonly answer: () => InvokeResult;
    readonly provisioned: (version: Version) => ProvisionedState;
    readonly storing: Promise<void> | null;
    readonly roles: ReadonlySet<string>;
  };
}

const newId = uuidSource(() => clock.wallMs());

function serviceOf({ sql, registry, artifacts, scene }: Served): AwsService {
  const accountConcurrency = 1_000;
  const roles = {
    requireAssumable({ nameOrArn }: { readonly nameOrArn: string }): string {
      const name = nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1);
      if (scene.roles.has(name)) return name;
      throw new Fault('role-unassumable', `There is no role ${name}.`);
    },
    roleAllows: () => true,
  };
  const control = createLambdaControl({
    ...{ sql, registry, clock, newId, artifacts, accountConcurrency, roles },
    machine: { requireRunnable: async () => {} },
    newUrlId: () => newId().replaceAll('-', ''),
  });
  return lambdaService({
    ...{ control, registry, clock, accountConcurrency },
    invoke: async (): Promise<InvokeResult> => scene.answer(),
    enqueue: async () => {},
    tail: () => ({ take: async () => '' }),
    async putPackage(zip) {
      await scene.storing;
      return await artifacts.put(Readable.from([zip]));
    },
    hasPackage: (digest) => artifacts.has(digest),
    provisionedOf: (version) => scene.provisioned(version),
    urlOf: (label) => `http://${label}.localhost/`,
    packageUrl: (digest, host) => `http://${host}/packages/${digest}`,
    codeBytes: () => codeBytes(sql),
  });
}

/** @returns the endpoint's URL; whoever calls it is root */
async function listen(
  building: AsyncDisposableStack,
  service: AwsService,
  onBug: (error: unknown) => void,
): Promise<string> {
  const endpoint = createAwsEndpoint({
    services: [service],
    ...{ accountId: ACCOUNT_ID, region: REGION, clock, newRequestId: newId, onBug },
    verify: async () => ({
      principal: ROOT,
      signed: { accessKeyId: 'key', service: 'lambda', region: REGION, presigned: false },
      bodyCheck: null,
    }),
    authorize: () => {},
  });
  const server = createServer((request, response) => void endpoint(request, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  building.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What the SDK tells of a refusal. */
export interface Refusal {
  readonly name: string;
  readonly status: number;
  readonly message: string | RegExp;
}

export async function refused(call: Promise<unknown>, { name, status, message }: Refusal): Promise<void> {
  await assert.rejects(call, (error: Error & { $metadata: { httpStatusCode: number } }) => {
    assert.deepEqual([error.name, error.$metadata.httpStatusCode], [name, status], error.message);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  });
}

export const INVALID = { name: 'InvalidParameterValueException', status: 400 };
export const CONFLICT = { name: 'ResourceConflictException', status: 409 };
export const NOT_FOUND = { name: 'ResourceNotFoundException', status: 404 };
export const VALIDATION = { name: 'ValidationException', status: 400 };
export const STALE: Refusal = {
  ...{ name: 'PreconditionFailedException', status: 412 },
  message:
    'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
};

/** CreateFunction of a function in Node.js; `zip` is its package. */
export function making(
  FunctionName: string,
  zip: Buffer,
  over: Partial<CreateFunctionCommandInput> = {},
): CreateFunctionCommand {
  return new CreateFunctionCommand({
    ...{ FunctionName, Runtime: 'nodejs24.x', Handler: 'index.handler', Role: ROLE },
    Code: { ZipFile: zip },
    ...over,
  });
}
