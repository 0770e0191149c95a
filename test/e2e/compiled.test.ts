/** Compiled code from outside: what the first instance of a version compiled serves all later ones of it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

/** Enough code that keeping its compiled form is worth it. */
const MANY = Array.from(
  { length: 3_000 },
  (_, n) => `const f${n} = (x) => x.map((y) => y + ${n});\nf${n}([${n}]);`,
);
const CODE = `const end = performance.now() + 10;
while (performance.now() < end);
${MANY.join('\n')}
exports.handler = async (event) => event.end ? process.exit(1) : f2999([1]);
`;

function app(word: string) {
  const settings = `runtime: nodejs24.x, handler: index.handler, code: ., environment: { WORD: ${word} }`;
  return { 'skein.yaml': `app: heavy\nfunctions:\n  f: { ${settings} }\n`, 'index.js': CODE };
}

/** One start: its process ends with the next event. @returns the phases of it */
async function coldStart(node: RealNode) {
  const { payload, report } = await node.invoke('heavy-f');
  assert.deepEqual(payload, [3_000]);
  await node.invoke('heavy-f', { end: true });
  const { phases } = report as unknown as { phases: Record<string, number | boolean | null> | null };
  assert.ok(phases !== null, 'it was a cold start');
  return phases;
}

suite('compiled code', () => {
  test('is read by later instances of its version, also of the next node, and by no other version', async () => {
    await using node = await startRealNode();
    await node.deploy(app('one'));
    const first = await coldStart(node);
    assert.equal(first.compiled, false);
    for (const phase of ['initMs', 'placeMs', 'loadMs']) assert.ok((first[phase] as number) >= 0, phase);
    const reads = async () => (await coldStart(node)).compiled;
    await eventually('a later instance reads what the first compiled', reads);

    await node.skein(['down']);
    await node.up();
    assert.equal((await coldStart(node)).compiled, true);

    await node.deploy(app('two'));
    assert.equal((await coldStart(node)).compiled, false);
    await eventually('the new version has its own', reads);
  });

  const missing = existsSync('/usr/bin/python3.11') ? false : 'needs Python 3.11';
  test('is kept of Python functions, too', { skip: missing }, async () => {
    const big = Array.from({ length: 3_000 }, (_, n) => `def f${n}(x):\n    return [y + ${n} for y in x]\n`);
    const index = `import os
from big import *
def handler(event, context):
    return os._exit(1) if event.get("end") else f2999([1])
`;
    const settings = 'runtime: python3.11, handler: index.handler, code: .';
    const manifest = `app: heavy\nfunctions:\n  f: { ${settings} }\n`;
    await using node = await startRealNode();
    await node.deploy({ 'skein.yaml': manifest, 'index.py': index, 'big.py': big.join('') });
    assert.equal((await coldStart(node)).compiled, false);
    await eventually('a later instance reads what the first compiled', async () => {
      return (await coldStart(node)).compiled;
    });
  });
});
