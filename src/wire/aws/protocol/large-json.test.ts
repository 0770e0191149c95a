import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '../../../base/index.ts';
import { parseRequest, readModel } from './index.ts';
import { lighten, restore } from './large-json.ts';

const LONG = 16;

async function light(text: string) {
  const { body, taken } = await lighten(Buffer.from(text), 'mark#', LONG);
  return {
    text: body.toString(),
    taken: [...taken.values()].map(({ bytes }) => bytes.toString()),
    restored: restore(JSON.parse(body.toString()), taken),
  };
}

suite('long strings of JSON', () => {
  test('are taken out and put back; short ones and those with escapes stay', async () => {
    const long = 'A'.repeat(20);
    const got = await light(`{"a":"short","b":"${long}","c":["${long}\\n","${long}"],"d\\"":"\\\\"}`);
    assert.deepEqual(got.taken, [long, long]);
    assert.equal(got.text, `{"a":"short","b":"mark#0","c":["${long}\\n","mark#1"],"d\\"":"\\\\"}`);
  });

  test('a string that ends in a backslash ends at the right quote', async () => {
    const long = 'B'.repeat(20);
    assert.deepEqual((await light(`{"a":"${'x'.repeat(20)}\\\\","b":"${long}"}`)).taken, [long]);
  });

  test('base64 is decoded whatever the slices; what is none is told apart', async () => {
    const random = seededRandom(3);
    for (const size of [1, 2, 3, 786_431, 786_432, 2_000_001]) {
      const bytes = Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)));
      const padded = `{"Z":"${bytes.toString('base64')}"}`;
      const { taken } = await lighten(Buffer.from(padded), 'm', 1);
      assert.deepEqual([...taken.values()].at(-1)?.decoded ?? null, bytes, String(size));
    }
    for (const bad of ['A$'.repeat(20), 'A'.repeat(21), `${'A'.repeat(20)}====`]) {
      const { taken } = await lighten(Buffer.from(`{"Z":"${bad}"}`), 'm', LONG);
      assert.equal([...taken.values()][0]?.decoded, null, bad);
    }
  });

  test('a request reads the same with and without', async () => {
    const model = readModel('lambda');
    const zip = Buffer.alloc(300_000, 7);
    const text = JSON.stringify({
      FunctionName: 'f',
      Role: 'arn:aws:iam::000000000000:role/r',
      Code: { ZipFile: zip.toString('base64') },
      Description: 'x'.repeat(100),
    });
    const request = { method: 'POST', url: '/2015-03-31/functions', headers: {} };
    const plain = parseRequest(model, { ...request, body: Buffer.from(text) });
    const { body, taken } = await lighten(Buffer.from(text), 'mark#');
    assert.ok(body.length < 500);
    assert.deepEqual(parseRequest(model, { ...request, body, longTexts: taken }), plain);
    assert.deepEqual((plain.input as { Code: { ZipFile: Buffer } }).Code.ZipFile, zip);
  });

  test('a long text that is no code is text', async () => {
    const model = readModel('lambda');
    const { body, taken } = await lighten(
      Buffer.from(
        `{"FunctionName":"f","Role":"arn:aws:iam::000000000000:role/r","Code":{},"Description":"${'é'.repeat(20)}"}`,
      ),
      'mark#',
      LONG,
    );
    assert.equal(taken.size, 2);
    const request = { method: 'POST', url: '/2015-03-31/functions', headers: {}, body, longTexts: taken };
    const { input } = parseRequest(model, request);
    assert.equal((input as { Description: string }).Description, 'é'.repeat(20));
  });
});
