/** Constraints in AWS's words; the messages are ones that AWS has been seen to answer. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AwsError, parseRequest, readModel } from './index.ts';

const lambda = readModel('lambda');
const iam = readModel('iam');

function said(what: () => unknown): string {
  try {
    what();
  } catch (error) {
    assert.ok(error instanceof AwsError);
    assert.equal(error.code, 'ValidationException');
    assert.equal(error.status, 400);
    return error.message;
  }
  return '';
}

function create(members: object): string {
  const body = { FunctionName: 'f', Role: 'arn:aws:iam::000000000000:role/r', Code: {}, ...members };
  const request = { method: 'POST', url: '/2015-03-31/functions', headers: {} };
  return said(() => parseRequest(lambda, { ...request, body: Buffer.from(JSON.stringify(body)) }));
}

function get(url: string, method = 'GET'): string {
  return said(() => parseRequest(lambda, { method, url, headers: {}, body: Buffer.alloc(0) }));
}

function form(fields: Readonly<Record<string, string>>): string {
  const body = Buffer.from(new URLSearchParams(fields).toString());
  return said(() => parseRequest(iam, { method: 'POST', url: '/', headers: {}, body }));
}

const one = (value: string, path: string, words: string) =>
  `1 validation error detected: Value ${value} at '${path}' failed to satisfy constraint: ${words}`;
const LAYER_PATTERN = lambda.document.shapes.LayerVersionArn?.pattern;
const NAME_PATTERN = lambda.document.shapes.NamespacedFunctionName?.pattern;

suite('constraints', () => {
  test('what is right passes', () => {
    assert.equal(create({}), '');
    assert.equal(
      create({ Timeout: 900, MemorySize: 128, Architectures: ['arm64'], Tags: { 'a b': 'c' } }),
      '',
    );
    assert.equal(form({ Action: 'GetRole', RoleName: 'a' }), '');
  });

  const table: readonly (readonly [string, () => string, string])[] = [
    ['null', () => create({ Role: null }), one('null', 'role', 'Member must not be null')],
    [
      'a number too small',
      () => create({ MemorySize: 127 }),
      one("'127'", 'memorySize', 'Member must have value greater than or equal to 128'),
    ],
    [
      'a number too large',
      () => create({ Timeout: 5401 }),
      one("'5401'", 'timeout', 'Member must have value less than or equal to 5400'),
    ],
    [
      'a long text',
      () => create({ Description: 'x'.repeat(257) }),
      one(`'${'x'.repeat(257)}'`, 'description', 'Member must have length less than or equal to 256'),
    ],
    [
      'a pattern',
      () => get('/2015-03-31/functions/a%20b'),
      one("'a b'", 'functionName', `Member must satisfy regular expression pattern: ${NAME_PATTERN}`),
    ],
    [
      'an enumeration',
      () => create({ PackageType: 'Tar' }),
      one("'Tar'", 'packageType', 'Member must satisfy enum value set: [Zip, Image]'),
    ],
    [
      'an enumeration of a nested member',
      () => create({ TracingConfig: { Mode: 'x' } }),
      one("'x'", 'tracingConfig.mode', 'Member must satisfy enum value set: [Active, PassThrough]'),
    ],
    [
      'an enumeration in a list',
      () => create({ Architectures: ['foo'] }),
      one(
        "'[foo]'",
        'architectures',
        'Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]',
      ),
    ],
    [
      'the length of a list',
      () => create({ Architectures: ['arm64', 'x86_64'] }),
      one("'[arm64, x86_64]'", 'architectures', 'Member must have length less than or equal to 1'),
    ],
    [
      'the elements of a list',
      () => create({ Layers: [''] }),
      one(
        "'[]'",
        'layers',
        `Member must satisfy constraint: [Member must have length less than or equal to 2048, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ${LAYER_PATTERN}, Member must not be null]`,
      ),
    ],
    [
      'the keys of a map',
      () =>
        get2('PUT', '/2015-03-31/functions/f/aliases/a', {
          RoutingConfig: { AdditionalVersionWeights: { x: 0.5 } },
        }),
      one(
        "'{x=0.5}'",
        'routingConfig.additionalVersionWeights',
        'Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+, Member must not be null]',
      ),
    ],
    [
      'what is sensitive is not shown',
      () => create({ Environment: { Variables: { '1': 'secret' } } }),
      "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+, Member must not be null]",
    ],
    [
      'a query parameter',
      () => get('/2015-03-31/functions?MaxItems=0'),
      one("'0'", 'maxItems', 'Member must have value greater than or equal to 1'),
    ],
    [
      'a member of a structure in a list',
      () =>
        form({
          Action: 'CreateRole',
          RoleName: 'r',
          AssumeRolePolicyDocument: '{}',
          'Tags.member.1.Key': '$',
          'Tags.member.1.Value': '',
        }),
      one(
        "'$'",
        'tags.1.member.key',
        'Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+',
      ),
    ],
    [
      'several, pattern before length',
      () => form({ Action: 'GetRole', RoleName: '/'.repeat(65) }),
      `2 validation errors detected: Value '${'/'.repeat(65)}' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+; Value '${'/'.repeat(65)}' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64`,
    ],
  ];
  for (const [name, what, message] of table) test(name, () => assert.equal(what(), message));

  test('an open enumeration is the service to judge', () => {
    assert.equal(create({ Runtime: 'cobol' }), '');
  });

  test('every pattern of every model can be tried', () => {
    for (const name of ['lambda', 'iam', 'sts']) {
      for (const [shape, { pattern }] of Object.entries(readModel(name).document.shapes)) {
        if (pattern === undefined) continue;
        const works = ['u', ''].some((flags) => {
          try {
            return new RegExp(`^(?:${pattern})$`, flags) instanceof RegExp;
          } catch {
            return false;
          }
        });
        assert.ok(works, `${name} ${shape}: ${pattern}`);
      }
    }
  });
});

function get2(method: string, url: string, body: object): string {
  return said(() =>
    parseRequest(lambda, { method, url, headers: {}, body: Buffer.from(JSON.stringify(body)) }),
  );
}
