import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { LIMITS } from '../../model/index.ts';
import { ProtocolError } from './frames.ts';
import { NotesTaker } from './init-notes.ts';

const compiled = (name: string, length = 1) => Buffer.concat([Buffer.from(name), Buffer.alloc(length)]);

suite('what a guest tells about its init', () => {
  test('the time and the files are taken as they come, each name once', () => {
    const notes = new NotesTaker({ compileCache: { record: true } });
    notes.takeFrame(compiled('0123abcd', 3));
    notes.takeFrame(compiled('0123abcd', 4));
    const { loadMs, compiled: files } = notes.finish(Buffer.from('12.345'));
    assert.equal(loadMs, 12.345);
    assert.deepEqual(
      files.map(({ name, bytes }) => [name, bytes.length]),
      [['0123abcd', 3]],
    );
  });

  for (const words of ['', 'soon', '-1', 'Infinity', 'NaN']) {
    test(`a time of ${JSON.stringify(words)} is none`, () => {
      assert.equal(new NotesTaker({ compileCache: null }).finish(Buffer.from(words)).loadMs, null);
    });
  }

  test('compiled code that nobody asked for is not in the protocol', () => {
    for (const compileCache of [null, { use: '/there' }]) {
      const notes = new NotesTaker({ compileCache });
      assert.throws(() => notes.takeFrame(compiled('0123abcd')), ProtocolError);
    }
  });

  for (const name of ['../../up', 'ABCDEF01', '', 'short', '01234567'.replace('7', '/')]) {
    test(`${JSON.stringify(name)} is no name of a file`, () => {
      const notes = new NotesTaker({ compileCache: { record: true } });
      assert.throws(() => notes.takeFrame(Buffer.from(name)), ProtocolError);
    });
  }

  test('a body is cut into its files', () => {
    const notes = new NotesTaker({ compileCache: { record: true } });
    const file = (name: string, text: string) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      return Buffer.concat([Buffer.from(name), length, Buffer.from(text)]);
    };
    notes.takeBody(Buffer.concat([file('0123456789abcdef', 'one'), file('f'.repeat(16), '')]));
    assert.deepEqual(
      notes.finish().compiled.map(({ name, bytes }) => [name, bytes.toString()]),
      [
        ['0123456789abcdef', 'one'],
        ['f'.repeat(16), ''],
      ],
    );
    const whole = file('0123456789abcdef', 'one');
    for (const cut of [1, 16, 19, 22])
      assert.throws(() => notes.takeBody(whole.subarray(0, cut)), ProtocolError, `cut at ${cut}`);
    assert.throws(() => notes.takeBody(file('0123456789abcde/', 'one')), ProtocolError);
  });

  test('what goes beyond the bounds is left out', () => {
    const big = new NotesTaker({ compileCache: { record: true } });
    const third = LIMITS.compiledBytes / 3 + 1;
    for (const name of ['00000001', '00000002', '00000003']) big.takeFrame(compiled(name, third));
    big.takeFrame(compiled('00000004', 1));
    assert.deepEqual(
      big.finish(Buffer.from('1')).compiled.map(({ name }) => name),
      ['00000001', '00000002', '00000004'],
    );
    const many = new NotesTaker({ compileCache: { record: true } });
    for (let n = 0; n <= LIMITS.compiledFiles; n++) many.takeFrame(compiled(n.toString(16).padStart(8, '0')));
    assert.equal(many.finish(Buffer.from('1')).compiled.length, LIMITS.compiledFiles);
  });
});
