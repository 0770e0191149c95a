import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { readModel } from '../../src/wire/aws/protocol/index.ts';
import { compact, type PublishedModel } from './compact.ts';
import { judgedByService, queryForm, withQueryCodes } from './forms.ts';
import { typesOf } from './types.ts';

const PUBLISHED = {
  metadata: { protocol: 'json', apiVersion: '2020-01-01', uid: 'left out', auth: ['left out'] },
  operations: {
    Do: {
      name: 'Do',
      http: { method: 'POST', requestUri: '/', responseCode: 201, other: 'left out' },
      input: { shape: 'Input' },
      errors: [{ shape: 'Gone', documentation: 'prose' }],
      documentation: 'prose',
    },
    Other: { name: 'Other', http: { method: 'POST', requestUri: '/' }, input: { shape: 'Unreached' } },
  },
  shapes: {
    Input: {
      type: 'structure',
      required: ['Name', 'Of'],
      members: {
        Name: { shape: 'Name', documentation: 'prose' },
        Of: { shape: 'Kind' },
        When: { shape: 'Date' },
        'with-dash': { shape: 'Lists' },
        Self: { shape: 'Input' },
      },
      documentation: 'prose',
    },
    Name: { type: 'string', min: 1, max: 10, pattern: '[a-z]+', documentation: 'prose' },
    Kind: { type: 'string', enum: ['a', 'b'] },
    Date: { type: 'timestamp' },
    Lists: { type: 'list', member: { shape: 'Names' } },
    Names: { type: 'list', member: { shape: 'Name' } },
    Gone: { type: 'structure', members: {}, exception: true, error: { httpStatusCode: 410 }, fault: false },
    Unreached: { type: 'structure', members: {} },
  },
} as unknown as PublishedModel;

const SOURCE = { package: 'botocore', version: '1.2.3' };

suite('the generator of models', () => {
  test('keeps what the wanted operations reach, and no prose', () => {
    const model = compact(PUBLISHED, ['Do'], SOURCE);
    assert.deepEqual(Object.keys(model.operations), ['Do']);
    assert.deepEqual(Object.keys(model.shapes), ['Date', 'Gone', 'Input', 'Kind', 'Lists', 'Name', 'Names']);
    assert.doesNotMatch(JSON.stringify(model), /prose|left out/);
    assert.deepEqual(model.shapes.Name, { type: 'string', pattern: '[a-z]+', min: 1, max: 10 });
    assert.deepEqual(model.shapes.Gone, {
      type: 'structure',
      exception: true,
      error: { httpStatusCode: 410 },
      members: {},
    });
    assert.deepEqual(model.source, SOURCE);
  });

  test('an operation that AWS does not have is named', () => {
    assert.throws(() => compact(PUBLISHED, ['Dont'], SOURCE), /no operation "Dont"/);
  });

  test('writes types: what is required, enumerations, names that are no identifiers', () => {
    assert.equal(
      typesOf(compact(PUBLISHED, ['Do'], SOURCE), 'Test'),
      `// Made by tools/aws-models.ts from botocore 1.2.3. Do not edit.

export type Gone = object;

export interface Input {
  readonly Name: string;
  readonly Of: Kind;
  readonly When?: Date | undefined;
  readonly 'with-dash'?: readonly (readonly string[])[] | undefined;
  readonly Self?: Input | undefined;
}

export type Kind = 'a' | 'b';

export interface TestOperations {
  readonly Do: { readonly input: Input; readonly output: object };
}
`,
    );
  });

  test('opens inputs that the service judges itself', () => {
    const { shapes } = judgedByService(compact(PUBLISHED, ['Do'], SOURCE));
    assert.equal(shapes.Input?.required, undefined);
    assert.equal(shapes.Kind?.openEnum, true);
  });

  test('makes the form of the query protocol: each of what is many by itself, codes, and a member from the path', () => {
    const published = {
      metadata: { protocol: 'json', apiVersion: '2020-01-01', jsonVersion: '1.0', targetPrefix: 'T' },
      operations: {
        Do: {
          ...{ name: 'Do', http: { method: 'POST', requestUri: '/' } },
          ...{ input: { shape: 'In' }, output: { shape: 'Out' }, errors: [{ shape: 'Gone' }] },
        },
      },
      shapes: {
        In: {
          type: 'structure',
          members: { Url: { shape: 'Text' }, tagKeys: { shape: 'Texts' }, Labels: { shape: 'Map' } },
        },
        Out: { type: 'structure', members: { Url: { shape: 'Text' }, Entries: { shape: 'Items' } } },
        Items: { type: 'list', member: { shape: 'Item' }, flattened: true },
        ...{ Item: { type: 'structure', members: {} }, Text: { type: 'string' } },
        Texts: { type: 'list', member: { shape: 'Text' }, flattened: true },
        Map: { type: 'map', key: { shape: 'Text' }, value: { shape: 'Text' }, flattened: true },
        Gone: { type: 'structure', members: {}, exception: true },
      },
    } as unknown as PublishedModel;
    const small = withQueryCodes(compact(published, null, SOURCE), { Gone: 'Test.Gone' });
    const words = {
      xmlNamespace: 'http://test/',
      names: { Labels: 'Label' },
      keys: { Map: 'Key' },
      fromPath: 'Url',
    };
    const { metadata, operations, shapes } = queryForm(small, words);
    assert.deepEqual(metadata, { protocol: 'query', apiVersion: '2020-01-01', xmlNamespace: 'http://test/' });
    assert.equal(operations.Do?.output?.resultWrapper, 'DoResult');
    assert.deepEqual(shapes.In?.members, {
      Url: { shape: 'Text', location: 'uri' },
      tagKeys: { shape: 'Texts', locationName: 'TagKey' },
      Labels: { shape: 'Map', locationName: 'Label' },
    });
    assert.deepEqual(shapes.Out?.members, {
      Url: { shape: 'Text' },
      Entries: { shape: 'Items', locationName: 'Item' },
    });
    assert.deepEqual(shapes.Map?.key, { shape: 'Text', locationName: 'Key' });
    assert.deepEqual(shapes.Gone?.error, { code: 'Test.Gone' });
  });

  for (const [name, service] of [
    ['lambda', 'Lambda'],
    ['iam', 'Iam'],
    ['sqs', 'Sqs'],
    ['sts', 'Sts'],
  ] as const) {
    test(`the types of ${name} are those of its model`, () => {
      const path = new URL(`../../src/wire/aws/models/${name}.types.ts`, import.meta.url);
      assert.equal(readFileSync(path, 'utf8'), typesOf(readModel(name).document, service));
    });
  }
});
