import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { Fault } from '../../base/index.ts';
import { testDatabase } from '../../store/testing.ts';
import { createLayers, type Layers, layerVersionArn, parseLayerVersionArn } from './layers.ts';

const A = 'a'.repeat(64);
const code = (wrong: string) => (error: unknown) => error instanceof Fault && error.code === wrong;

suite('layers', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let layers: Layers;
  before(async () => {
    database = await testDatabase();
    const { sql } = database;
    await sql`insert into skein.artifacts (digest, bytes, chunks) values (${A}, 0, 0)`;
    let ids = 0;
    layers = createLayers({ sql, newId: () => `r${++ids}` });
  });
  after(() => database[Symbol.asyncDispose]());
  const publish = async (name: string, unpackedBytes = 1) =>
    layerVersionArn(
      await layers.publish({
        ...{ name, artifact: A, bytes: 1, unpackedBytes, description: '', license: '' },
        ...{ runtimes: [], architectures: [] },
      }),
    );

  test('are named by ARNs of this node', () => {
    const arn = 'arn:aws:lambda:us-east-1:000000000000:layer:words:3';
    assert.deepEqual(parseLayerVersionArn(arn), { name: 'words', version: 3 });
    for (const other of [
      arn.replace('us-east-1', 'eu-west-1'),
      arn.replace('000000000000', '111122223333'),
      arn.replace(':3', ''),
      'words:3',
    ])
      assert.equal(parseLayerVersionArn(other), null, other);
  });

  test('of a function are five at most, each of them once, all there, and together within bounds', async () => {
    const arns = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => publish(`layer-${n}`)));
    const found = await layers.resolve(arns.slice(0, 5));
    assert.deepEqual(found.map(layerVersionArn), arns.slice(0, 5), 'in the order that they are merged in');
    const again = await publish('layer-1');
    const large = await Promise.all(['big-1', 'big-2'].map((name) => publish(name, 140 * 2 ** 20)));
    const wrong: readonly (readonly string[])[] = [
      arns,
      [arns[0]!, again],
      ['arn:aws:lambda:us-east-1:000000000000:layer:none:1'],
      large,
    ];
    for (const some of wrong) await assert.rejects(layers.resolve(some), code('parameter-invalid'));
    assert.equal((await layers.resolve([large[0]!])).length, 1);
  });

  test('are granted version by version; an organisation only together with everybody', async () => {
    const key = parseLayerVersionArn(await publish('granted'))!;
    const wanted = {
      ...{ statementId: 'one', action: 'lambda:GetLayerVersion', principal: '*' },
      ...{ organizationId: null, revisionId: null },
    };
    await assert.rejects(layers.policy(key), code('resource-not-found'));
    const { revisionId } = await layers.addPermission(key, wanted);
    assert.equal((await layers.policy(key)).revisionId, revisionId);
    await assert.rejects(layers.addPermission(key, wanted), code('resource-conflict'));
    const one = { ...wanted, statementId: 'two', principal: '111122223333', organizationId: 'o-1234567890' };
    await assert.rejects(layers.addPermission(key, one), code('parameter-invalid'));
    await layers.removePermission(key, { statementId: 'one', revisionId });
    await assert.rejects(layers.policy(key), code('resource-not-found'));
    await assert.rejects(layers.addPermission({ ...key, version: 9 }, wanted), code('resource-not-found'));
  });
});
