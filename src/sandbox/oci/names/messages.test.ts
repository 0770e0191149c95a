import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Answer, decode, encode, type Packet } from 'dns-packet';
import { seededRandom } from '../../../base/index.ts';
import { testSeed } from '../../../base/testing.ts';
import { answerTo, filtered, fitted, forwarded, judgeReply, readQuery } from './messages.ts';

const PLAIN: Packet = { type: 'query', id: 513, questions: [{ name: 'Api.Example.com', type: 'A' }] };

function query(packet: Packet = PLAIN) {
  const found = readQuery(encode(packet));
  assert.ok(found);
  return found;
}

suite('a query', () => {
  test('is read with its name in lower case, and answered with the name as it was asked', () => {
    const found = query();
    assert.equal(found.name, 'api.example.com');
    const answer = decode(answerTo(found, 'noError', ['10.0.0.1']));
    assert.equal(answer.id, 513);
    assert.equal(answer.questions![0]!.name, 'Api.Example.com');
    assert.deepEqual(
      answer.answers!.map((record) => ('data' in record ? record.data : null)),
      ['10.0.0.1'],
    );
  });

  test('keeps nothing but its question on the way to a nameserver', () => {
    const options: Answer = {
      ...{
        type: 'OPT',
        name: '.',
        udpPayloadSize: 4_096,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
      },
      options: [{ code: 65_001, data: Buffer.from('secret') } as never],
    };
    const message = forwarded(query({ ...PLAIN, additionals: [options] }), 9);
    assert.equal(message.includes('secret'), false);
    const packet = decode(message);
    assert.equal(packet.id, 9);
    assert.equal(packet.flag_rd, true);
    assert.deepEqual(
      packet.additionals!.map(({ type }) => type),
      ['OPT'],
    );
    assert.deepEqual(decode(forwarded(query(), 9)).additionals, []);
  });

  const message = encode(PLAIN);
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(message);
    copy.writeUInt16BE(value, at);
    return copy;
  };
  const cases: [string, Buffer][] = [
    ['an empty message', Buffer.alloc(0)],
    ['half a header', message.subarray(0, 11)],
    ['a header alone', message.subarray(0, 12)],
    ['a name cut off', message.subarray(0, 20)],
    ['a response', changed(2, 0x8000)],
    ['an update', changed(2, 5 << 11)],
    ['no question', changed(4, 0)],
    ['two questions', changed(4, 2)],
    ['65,535 questions', changed(4, 65_535)],
    ['65,535 answers', changed(6, 65_535)],
    ['65,535 additionals', changed(10, 65_535)],
    ['a pointer to itself', Buffer.concat([message.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])])],
    ['a pointer forward', Buffer.concat([message.subarray(0, 12), Buffer.from([0xc0, 40, 0, 1, 0, 1])])],
    [
      'a label of an unknown kind',
      Buffer.concat([message.subarray(0, 12), Buffer.from([0x80, 12, 0, 1, 0, 1])]),
    ],
    ['a name with a blank', encode({ ...PLAIN, questions: [{ name: 'a b.com', type: 'A' }] })],
    [
      'a name that is no text',
      Buffer.concat([message.subarray(0, 12), Buffer.from([2, 255, 254, 0, 0, 1, 0, 1])]),
    ],
    ['another class', encode({ ...PLAIN, questions: [{ name: 'version.bind', type: 'TXT', class: 'CH' }] })],
    ['more than 512 bytes', Buffer.concat([message, Buffer.alloc(512)])],
  ];
  for (const [what, bytes] of cases) test(`${what} is no query`, () => assert.equal(readQuery(bytes), null));

  test('nothing that chance makes of one throws, and what is read can be forwarded and answered', (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    for (let run = 0; run < 5_000; run++) {
      const bytes = Buffer.from(message);
      for (let flips = 0; flips < 3; flips++) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      const found = readQuery(bytes);
      if (found === null) continue;
      const again = readQuery(forwarded(found, found.id));
      assert.equal(again?.name, found.name);
      assert.equal(decode(answerTo(found, 'refused')).id, found.id);
    }
  });
});

suite('a reply', () => {
  const respond = (answers: Answer[], more: Packet = {}): Buffer =>
    encode({ type: 'response', id: 9, questions: PLAIN.questions!, answers, ...more });
  const address = (data: string): Answer => ({ type: 'A', name: 'api.example.com', ttl: 5, data });
  const types = (message: Buffer) => decode(message).answers!.map((one) => ('data' in one ? one.data : null));

  test('is passed on byte by byte, with the id of who asked', () => {
    const reply = respond([address('44.0.0.1')]);
    const passed = filtered(reply, query(), () => false);
    assert.deepEqual(passed.subarray(2), reply.subarray(2));
    assert.equal(passed.readUInt16BE(0), 513);
  });

  test('loses the addresses that must not be reached, wherever they are, and IPv6', () => {
    const six: Answer = { type: 'AAAA', name: 'api.example.com', ttl: 5, data: '2001:db8::1' };
    const reply = respond([address('44.0.0.1'), address('10.0.0.1'), six], {
      additionals: [address('10.0.0.2')],
    });
    const passed = filtered(reply, query(), (one) => one.startsWith('10.'));
    assert.deepEqual(types(passed), ['44.0.0.1']);
    assert.deepEqual(decode(passed).additionals, []);
    assert.equal(decode(passed).id, 513);
  });

  test('that cannot be read is a failure', () => {
    const broken = respond([address('44.0.0.1')]).subarray(0, -12);
    assert.equal(decode(filtered(broken, query(), () => false)).answers!.length, 0);
  });

  test('counts only where it has the id and the question', () => {
    const reply = respond([address('44.0.0.1')]);
    assert.equal(judgeReply(reply, query(), 9), 'whole');
    assert.equal(judgeReply(reply, query(), 8), 'foreign');
    const other = query({ ...PLAIN, questions: [{ name: 'b.com', type: 'A' }] });
    assert.equal(judgeReply(reply, other, 9), 'foreign');
    assert.equal(judgeReply(forwarded(query(), 9), query(), 9), 'foreign');
    assert.equal(judgeReply(respond([], { flags: 1 << 9 }), query(), 9), 'truncated');
    assert.equal(judgeReply(Buffer.from('x'), query(), 9), 'foreign');
  });

  test('that does not fit is cut, as long as the client does not take more', () => {
    const long = respond(Array.from({ length: 30 }, (_, index) => address(`44.0.0.${index}`)));
    assert.equal(decode(fitted(long, query())).flag_tc, true);
    assert.equal(fitted(long, { ...query(), ednsBytes: 65_535 }).length, long.length);
    const huge = respond(Array.from({ length: 60 }, (_, index) => address(`44.0.0.${index}`)));
    assert.equal(decode(fitted(huge, { ...query(), ednsBytes: 65_535 })).flag_tc, true);
  });
});
