/** What is broken, wrong or hostile is refused by an `AwsError`, whatever it is; nothing else ever comes out. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '../../../base/index.ts';
import type { ModelDocument, ProtocolName, ShapeDocument } from './document.ts';
import { AwsError, parseRequest, ServiceModel } from './index.ts';

const MEMBERS = {
  Text: { shape: 'String' },
  Count: { shape: 'Integer' },
  Size: { shape: 'Long' },
  Ratio: { shape: 'Double' },
  Flag: { shape: 'Boolean' },
  Bytes: { shape: 'Blob' },
  When: { shape: 'Timestamp' },
  Names: { shape: 'Names' },
  Tags: { shape: 'Tags' },
  Self: { shape: 'Everything' },
  Any: { shape: 'Any' },
};
const SHAPES: Readonly<Record<string, ShapeDocument>> = {
  Everything: { type: 'structure', members: MEMBERS },
  String: { type: 'string' },
  Integer: { type: 'integer' },
  Long: { type: 'long' },
  Double: { type: 'double' },
  Boolean: { type: 'boolean' },
  Blob: { type: 'blob' },
  Timestamp: { type: 'timestamp' },
  Names: { type: 'list', member: { shape: 'String' } },
  Tags: { type: 'map', key: { shape: 'String' }, value: { shape: 'String' } },
  Any: { type: 'structure', document: true },
};

function modelOf(protocol: ProtocolName): ServiceModel {
  const http = { method: 'POST', requestUri: '/Do' };
  const document: ModelDocument = {
    metadata: { protocol, apiVersion: '2020-01-01', targetPrefix: 'Test' },
    operations: { Do: { name: 'Do', http, input: { shape: 'Everything' } } },
    shapes: SHAPES,
  };
  return new ServiceModel(document);
}

function parse(protocol: ProtocolName, body: string | Buffer): unknown {
  const url = protocol === 'smithy-rpc-v2-cbor' ? '/service/Test/operation/Do' : '/Do';
  const request = { method: 'POST', url, headers: { 'x-amz-target': 'Test.Do' }, body: Buffer.from(body) };
  return parseRequest(modelOf(protocol), request).input;
}

function refusal(protocol: ProtocolName, body: string | Buffer): string {
  try {
    parse(protocol, body);
  } catch (error) {
    assert.ok(error instanceof AwsError, String(error));
    assert.equal(error.code, 'SerializationException');
    assert.equal(error.status, 400);
    return error.message;
  }
  return '';
}

suite('wrong types in JSON, in the words that AWS has been seen to use', () => {
  const table: readonly (readonly [string, string])[] = [
    ['{"Count":"1"}', 'STRING_VALUE can not be converted to an Integer'],
    ['{"Count":true}', 'TRUE_VALUE can not be converted to an Integer'],
    ['{"Count":false}', 'FALSE_VALUE can not be converted to an Integer'],
    ['{"Count":[1]}', 'Start of list found where not expected'],
    ['{"Count":{"a":1}}', 'Start of structure or map found where not expected.'],
    ['{"Text":1}', 'NUMBER_VALUE can not be converted to a String'],
    ['{"Text":1.5}', 'NUMBER_VALUE can not be converted to a String'],
    ['{"Text":true}', 'TRUE_VALUE can not be converted to a String'],
    ['{"Text":["x"]}', 'Start of list found where not expected'],
    ['{"Text":{"a":1}}', 'Start of structure or map found where not expected.'],
    ['{"Names":[1]}', 'NUMBER_VALUE can not be converted to a String'],
    ['{"Names":"x"}', 'Expected list or null'],
    ['{"Names":1}', 'Expected list or null'],
    ['{"Names":{}}', 'Start of structure or map found where not expected.'],
    ['{"Names":[["a"]]}', 'Start of list found where not expected'],
    ['{"Self":"x"}', 'Expected null'],
    ['{"Self":1}', 'Expected null'],
    ['{"Self":{"Text":1}}', 'NUMBER_VALUE can not be converted to a String'],
    ['[]', 'Start of list found where not expected'],
  ];
  for (const [body, message] of table) {
    test(body, () => {
      assert.equal(refusal('json', body), message);
      assert.equal(refusal('rest-json', body), message);
    });
  }

  test('null is nothing, a fraction is cut off, unknown members are passed over', () => {
    const body = '{"Text":null,"Count":1.9,"Self":{"Text":null},"Names":["a",null],"Foo":1}';
    assert.deepEqual(parse('json', body), { Count: 1, Self: {}, Names: ['a'] });
  });

  test('a name of JavaScript is a name like any other', () => {
    const read = parse('json', '{"Tags":{"__proto__":"a","constructor":"b"},"__proto__":{"Text":"x"}}') as {
      Tags: object;
    };
    assert.deepEqual(Object.keys(read), ['Tags']);
    assert.deepEqual(Object.entries(read.Tags), [
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
    assert.equal(Object.getPrototypeOf(read.Tags), Object.prototype);
  });
});

suite('broken bodies', () => {
  const bad: readonly (readonly [string, ProtocolName, string | Buffer])[] = [
    ['JSON cut off', 'json', '{"Text":"a'],
    ['JSON with a tail', 'rest-json', '{} {}'],
    ['JSON of one word', 'json', 'null'],
    ['bad UTF-8 in JSON', 'json', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])],
    ['bad base64', 'json', '{"Bytes":"a$b="}'],
    ['base64 of an impossible length', 'rest-json', '{"Bytes":"abcde"}'],
    ['a timestamp of no form', 'json', '{"When":"yesterday"}'],
    ['a timestamp beyond time', 'json', '{"When":1e300}'],
    ['a timestamp that is a list', 'json', '{"When":[1]}'],
    ['deep JSON', 'json', `${'{"Self":'.repeat(5_000)}{}${'}'.repeat(5_000)}`],
    ['deep JSON of any kind', 'rest-json', `{"Any":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
    ['XML cut off', 'rest-xml', '<Do><Text>a</Text>'],
    ['XML crossed', 'rest-xml', '<Do><Text>a</Do></Text>'],
    ['XML with a document type', 'rest-xml', '<!DOCTYPE a [<!ENTITY b "c">]><Do>&b;</Do>'],
    ['XML with an unknown entity', 'rest-xml', '<Do><Text>&secret;</Text></Do>'],
    ['XML with a character that is none', 'rest-xml', '<Do><Text>&#xD800;</Text></Do>'],
    ['two roots', 'rest-xml', '<Do></Do><Do></Do>'],
    ['deep XML', 'rest-xml', `${'<Self>'.repeat(5_000)}${'</Self>'.repeat(5_000)}`],
    ['a boolean of XML', 'rest-xml', '<Do><Flag>yes</Flag></Do>'],
    ['a number of XML', 'rest-xml', '<Do><Count>0x10</Count></Do>'],
    ['a form that is not percent-encoded', 'query', 'Action=Do&Text=%zz'],
    ['a form of bad UTF-8', 'query', 'Action=Do&Text=%c3%28'],
    ['a deep form', 'query', `Action=Do&${'Self.'.repeat(5_000)}Text=1`],
    ['a form of many fields', 'query', `Action=Do${'&a=b'.repeat(30_000)}`],
    ['a number of a form', 'ec2', 'Action=Do&Count=one'],
    ['CBOR cut off', 'smithy-rpc-v2-cbor', Buffer.from([0xa1, 0x64, 0x54])],
    ['CBOR with a tail', 'smithy-rpc-v2-cbor', Buffer.from([0xa0, 0xa0])],
    [
      'CBOR of a huge length',
      'smithy-rpc-v2-cbor',
      Buffer.from([0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ],
    [
      'CBOR of a huge list',
      'smithy-rpc-v2-cbor',
      Buffer.from([0x9b, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ],
    ['deep CBOR', 'smithy-rpc-v2-cbor', Buffer.alloc(100_000, 0x81)],
    ['CBOR of bad UTF-8', 'smithy-rpc-v2-cbor', Buffer.from([0xa1, 0x62, 0xc3, 0x28, 0x01])],
  ];
  for (const [name, protocol, body] of bad) test(name, () => assert.notEqual(refusal(protocol, body), ''));

  test('numbers too large for any integer are still numbers, for a constraint to refuse', () => {
    assert.deepEqual(parse('json', '{"Count":99999999999,"Size":1e400}'), {
      Count: 99999999999,
      Size: Number.POSITIVE_INFINITY,
    });
  });

  test('what was good and is changed at random is read or refused, nothing else', (t) => {
    const seed = 1 + Math.floor(Math.random() * 1e9);
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const good: readonly (readonly [ProtocolName, Buffer])[] = [
      [
        'json',
        Buffer.from(
          '{"Text":"a","Count":1,"Bytes":"aGk=","When":1.5,"Names":["a"],"Tags":{"a":"b"},"Self":{"Any":{"x":[1]}}}',
        ),
      ],
      [
        'rest-xml',
        Buffer.from(
          '<Do a="b"><Text>a&amp;b</Text><When>2020-01-01T00:00:00Z</When><Names><member>a</member></Names><![CDATA[x]]></Do>',
        ),
      ],
      [
        'query',
        Buffer.from(
          'Action=Do&Text=a%20b&Names.member.1=a&Tags.entry.1.key=a&Tags.entry.1.value=b&Self.Count=1',
        ),
      ],
      [
        'smithy-rpc-v2-cbor',
        Buffer.from(
          'bf6454657874616165436f756e7401654279746573426869645768656ec1fb3ff80000000000006553656c66a0ff',
          'hex',
        ),
      ],
    ];
    for (let round = 0; round < 4_000; round++) {
      const [protocol, body] = good[round % good.length]!;
      const changed = Buffer.from(body);
      for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--) {
        changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256);
      }
      const cut = random() < 0.2 ? changed.subarray(0, Math.floor(random() * changed.length)) : changed;
      try {
        parse(protocol, cut);
      } catch (error) {
        assert.ok(error instanceof AwsError, `${protocol} ${cut.toString('latin1')}: ${error}`);
      }
    }
  });
});
