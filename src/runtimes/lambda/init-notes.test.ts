import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { LIMITS } from '../../model/index.ts';
import { ProtocolError } from './frames.ts';
import { NotesTaker } from './init-notes.ts';

const compiled = (name: string, length = 1) => Buffer.concat([Buffer.from(name), Buffer.alloc(length)]);

suite('what a guest tells about its init', () => {
  test('the time and the files are taken as they come, each name once', () => {
    const notes = new NotesTaker({ compileCache: { record: true } });
    notes.takeCompiled(compiled('0123abcd', 3));
    notes.takeCompiled(compiled('0123abcd', 4));
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
      assert.throws(() => notes.takeCompiled(compiled('0123abcd')), ProtocolError);
    }
  });

  for (const name of ['../../up', 'ABCDEF01', '', 'short', '01234567'.replace('7', '/')]) {
    test(`${JSON.stringify(name)} is no name of a file`, () => {
      const notes = new NotesTaker({ compileCache: { record: true } });
      assert.throws(() => notes.takeCompiled(Buffer.from(name)), ProtocolError);
    });
  }

  test('what goes beyond the bounds is left out', () => {
    const big = new NotesTaker({ compileCache: { record: true } });
    const third = LIMITS.compiledBytes / 3 + 1;
    for (const name of ['00000001', '00000002', '00000003']) big.takeCompiled(compiled(name, third));
    big.takeCompiled(compiled('00000004', 1));
    assert.deepEqual(
      big.finish(Buffer.from('1')).compiled.map(({ name }) => name),
      ['00000001', '00000002', '00000004'],
    );
    const many = new NotesTaker({ compileCache: { record: true } });
    for (let n = 0; n <= LIMITS.compiledFiles; n++)
      many.takeCompiled(compiled(n.toString(16).padStart(8, '0')));
    assert.equal(many.finish(Buffer.from('1')).compiled.length, LIMITS.compiledFiles);
  });
});
