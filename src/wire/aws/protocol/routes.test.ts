import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseQuery } from './bindings.ts';
import type { OperationDocument, ShapeDocument } from './document.ts';
import { readModel, ServiceModel } from './index.ts';

const lambda = readModel('lambda');

function route(model: ServiceModel, line: string, headers: Record<string, string> = {}) {
  const [method = '', url = ''] = line.split(' ', 2);
  const found = model.route({
    method,
    path: url.split('?', 1)[0] as string,
    query: parseQuery(url),
    headers,
  });
  return found === null ? null : { name: found.operation.name, labels: Object.fromEntries(found.labels) };
}

suite('routes', () => {
  test('every operation of Lambda is found by its own method and path', () => {
    for (const name of lambda.operationNames) {
      const { method, requestUri } = lambda.operation(name)!;
      const url = requestUri.replaceAll(/\{\w+\}/g, 'x');
      assert.equal(route(lambda, `${method} ${url}`)?.name, name, requestUri);
    }
  });

  const table: readonly (readonly [string, string, string | null, Record<string, string>?])[] = [
    ['GET', '/2015-03-31/functions/', 'ListFunctions'],
    ['GET', '/2015-03-31/functions', 'ListFunctions'],
    [
      'GET',
      '/2015-03-31/functions/arn%3Aaws%3Alambda',
      'GetFunction',
      { FunctionName: 'arn%3Aaws%3Alambda' },
    ],
    ['GET', '/2018-10-31/layers?find=LayerVersion&Arn=a', 'GetLayerVersionByArn'],
    ['GET', '/2018-10-31/layers?find=LayerVersion', 'GetLayerVersionByArn'],
    ['GET', '/2018-10-31/layers?find=other', 'ListLayers'],
    ['GET', '/2019-09-30/functions/f/provisioned-concurrency?List=ALL', 'ListProvisionedConcurrencyConfigs'],
    ['GET', '/2019-09-30/functions/f/provisioned-concurrency?Qualifier=1', 'GetProvisionedConcurrencyConfig'],
    ['PATCH', '/2015-03-31/functions', null],
    ['GET', '/2015-03-31/nothing', null],
    ['GET', '/2015-03-31/functions//configuration', null],
    ['GET', '/', null],
  ];
  for (const [method, url, name, labels] of table) {
    test(`${method} ${url}`, () => {
      const found = route(lambda, `${method} ${url}`);
      assert.equal(found?.name ?? null, name);
      if (labels !== undefined) assert.deepEqual(found?.labels, labels);
    });
  }

  test('S3: greedy labels keep their slashes; queries and headers tell operations on one path apart', () => {
    const input = (members: object, required: string[]): ShapeDocument => ({
      type: 'structure',
      members: members as never,
      required,
    });
    const labels = { Bucket: { shape: 'S', location: 'uri' }, Key: { shape: 'S', location: 'uri' } };
    const upload = { uploadId: { shape: 'S', location: 'querystring' } };
    const copy = { source: { shape: 'S', location: 'header', locationName: 'x-amz-copy-source' } };
    const shapes: Record<string, ShapeDocument> = {
      S: { type: 'string' },
      One: input(labels, ['Bucket', 'Key']),
      Parts: input({ ...labels, ...upload }, ['Bucket', 'Key', 'uploadId']),
      Copy: input({ ...labels, ...copy }, ['Bucket', 'Key', 'source']),
    };
    const operation = (name: string, http: OperationDocument['http'], shape: string) => [
      name,
      { name, http, input: { shape } },
    ];
    const operations = Object.fromEntries([
      operation('List', { method: 'GET', requestUri: '/{Bucket}' }, 'One'),
      operation('ListV2', { method: 'GET', requestUri: '/{Bucket}?list-type=2' }, 'One'),
      operation('Acl', { method: 'GET', requestUri: '/{Bucket}/{Key+}?acl' }, 'One'),
      operation('Get', { method: 'GET', requestUri: '/{Bucket}/{Key+}' }, 'One'),
      operation('Parts', { method: 'GET', requestUri: '/{Bucket}/{Key+}' }, 'Parts'),
      operation('Put', { method: 'PUT', requestUri: '/{Bucket}/{Key+}' }, 'One'),
      operation('Copy', { method: 'PUT', requestUri: '/{Bucket}/{Key+}' }, 'Copy'),
    ]);
    const s3 = new ServiceModel({
      metadata: { protocol: 'rest-xml', apiVersion: '2006-03-01' },
      operations,
      shapes,
    });
    assert.equal(route(s3, 'GET /b')?.name, 'List');
    assert.equal(route(s3, 'GET /b/')?.name, 'List');
    assert.equal(route(s3, 'GET /b?list-type=2')?.name, 'ListV2');
    assert.deepEqual(route(s3, 'GET /b/a//c/'), { name: 'Get', labels: { Bucket: 'b', Key: 'a//c/' } });
    assert.equal(route(s3, 'GET /b/k?acl')?.name, 'Acl');
    assert.equal(route(s3, 'GET /b/k?uploadId=1')?.name, 'Parts');
    assert.equal(route(s3, 'PUT /b/k')?.name, 'Put');
    assert.equal(route(s3, 'PUT /b/k', { 'x-amz-copy-source': '/a/b' })?.name, 'Copy');
  });
});
