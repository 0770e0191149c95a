import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { checkCommandsPage, checkErrorsPage, checkLimitsPage } from './documents.ts';
import { checkCycles, checkLayers } from './layers.ts';
import { checkPurity } from './purity.ts';
import { checkSizes } from './sizes.ts';
import { type Finding, sourceOf } from './source.ts';

const messages = (findings: readonly Finding[]) => findings.map(({ line, message }) => `${line}: ${message}`);
const one = (findings: readonly Finding[], pattern: RegExp) => {
  assert.equal(findings.length, 1, messages(findings).join('\n'));
  assert.match(messages(findings)[0] ?? '', pattern);
};

suite('layers', () => {
  const layersOf = (path: string, text: string) => checkLayers([sourceOf(path, text)]);

  test('an import from below, through the door, is fine', () => {
    const text = "import { a } from '../model/index.ts';\nimport type { B } from '../base/index.ts';";
    assert.deepEqual(layersOf('src/store/x.ts', text), []);
  });
  test('an import from above is refused, also of a type, also re-exported, also lazy', () => {
    one(
      layersOf('src/store/x.ts', "\nimport type { A } from '../api/index.ts';"),
      /^2: store imports api, a room above/,
    );
    one(layersOf('src/store/x.ts', "export { a } from '../invoke/index.ts';"), /a room above/);
    one(layersOf('src/store/x.ts', "await import('../server.ts');"), /a room above/);
  });
  test('a neighbour is refused', () => {
    one(layersOf('src/logs/x.ts', "import { a } from '../metering/index.ts';"), /a neighbour/);
  });
  test('a way past the door is refused, except to test support from a test', () => {
    one(
      layersOf('src/store/x.ts', "import { a } from '../model/names.ts';"),
      /past its door: use src\/model\/index.ts/,
    );
    one(layersOf('src/store/x.ts', "import { a } from '../base/fake-clock.ts';"), /past its door/);
    assert.deepEqual(layersOf('src/store/x.test.ts', "import { a } from '../base/fake-clock.ts';"), []);
  });
  test('a room without a place is refused', () => {
    one(layersOf('src/attic/x.ts', "import { a } from '../base/index.ts';"), /"attic" has no place/);
  });
  test('files that import each other in a circle are named', () => {
    const circle = [
      sourceOf('src/base/a.ts', "import './b.ts';"),
      sourceOf('src/base/b.ts', "import './c.ts';"),
      sourceOf('src/base/c.ts', "import './a.ts';"),
    ];
    one(checkCycles(circle), /a\.ts → src\/base\/b\.ts → src\/base\/c\.ts → src\/base\/a\.ts/);
    assert.deepEqual(checkCycles(circle.slice(0, 2)), []);
  });
});

suite('sizes', () => {
  const lines = (count: number) => Array.from({ length: count }, (_, n) => `f(${n});`).join('\n');

  test('a file of 401 lines is refused, one of 400 or with a reason is not', () => {
    one(checkSizes(sourceOf('src/base/x.ts', lines(401))), /401 lines/);
    assert.deepEqual(checkSizes(sourceOf('src/base/x.ts', lines(400))), []);
    assert.deepEqual(checkSizes(sourceOf('src/base/x.ts', lines(401)), { 'src/base/x.ts': 'a table' }), []);
  });
  test('a function of 51 lines is refused by name, one of 50 is not', () => {
    one(
      checkSizes(sourceOf('src/base/x.ts', `function long() {\n${lines(49)}\n}`)),
      /^1: long has 51 lines of its own/,
    );
    assert.deepEqual(checkSizes(sourceOf('src/base/x.ts', `function long() {\n${lines(48)}\n}`)), []);
  });
  test('a function that holds others is measured without them, and as a whole', () => {
    const inner = (name: string) => `function ${name}() {\n${lines(43)}\n}`;
    const outer = (count: number) =>
      `function outer() {\n${Array.from({ length: count }, (_, n) => inner(`f${n}`)).join('\n')}\n}`;
    assert.deepEqual(checkSizes(sourceOf('src/base/x.ts', outer(3))), []);
    one(checkSizes(sourceOf('src/base/x.ts', outer(4))), /outer has 182 lines; a function that holds others/);
  });
  test('a fourth parameter is refused, except where somebody else decides', () => {
    one(checkSizes(sourceOf('src/base/x.ts', 'const f = (a, b, c, d) => a;')), /f takes 4 parameters/);
    assert.deepEqual(checkSizes(sourceOf('src/base/x.ts', 'g((a, b, c, d) => a);')), []);
  });
});

suite('purity', () => {
  const purityOf = (path: string, text: string) => checkPurity(sourceOf(path, text));

  for (const text of [
    'Date.now();',
    'setTimeout(f, 1);',
    'Math.random();',
    'new Date();',
    'performance.now();',
  ]) {
    test(`${text} is refused outside base/`, () => {
      one(purityOf('src/invoke/x.ts', text), /take a Clock or a Random/);
      assert.deepEqual(purityOf('src/base/x.ts', text), []);
      assert.deepEqual(purityOf('src/invoke/x.test.ts', text), []);
    });
  }
  test('the environment is read in config/ only', () => {
    one(purityOf('src/server.ts', 'process.env.HOME;'), /config\/ reads the environment/);
    assert.deepEqual(purityOf('src/config/x.ts', 'process.env.HOME;'), []);
  });
  test('SQL lives in store/ only', () => {
    one(purityOf('src/api/x.ts', 'sql`SELECT 1`;'), /SQL/);
    assert.deepEqual(purityOf('src/store/x.ts', 'sql`SELECT 1`;'), []);
  });
  test('a default export is refused', () => {
    one(purityOf('src/base/x.ts', 'export default 1;'), /by its name/);
  });
});

suite('documents', () => {
  const faults = { 'cake-burnt': { blame: 'platform', retry: true } };
  const row = '| `cake-burnt` | platform | yes | bake another |';

  test('the table of errors must have each fault as it is, and none that is gone', () => {
    assert.deepEqual(checkErrorsPage(row, faults), []);
    one(checkErrorsPage('', faults), /"cake-burnt" has no row/);
    one(checkErrorsPage(row.replace('yes', 'no'), faults), /the row says otherwise/);
    one(
      checkErrorsPage(`${row}\n| \`cake-sold\` | caller | no | |`, faults),
      /^2: there is no fault "cake-sold"/,
    );
  });
  test('the page of commands must name each command', () => {
    one(checkCommandsPage('`skein bake`', { bake: 1, eat: 2 }), /"eat" is not on this page/);
  });
  test('the page of limits must name each limit', () => {
    one(checkLimitsPage('`eggs`', { eggs: 1, flourKg: 2 }), /`flourKg` is not on this page/);
  });
});
