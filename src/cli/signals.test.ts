import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { suite, test } from 'node:test';

const MODULE = JSON.stringify(new URL('signals.ts', import.meta.url).href);

/** Says `running`, on a signal `stopping` (once for each time it is asked to stop), and ends on a line of input. */
const PROGRAM = `
  const { stopOnSignals } = await import(${MODULE});
  stopOnSignals().stopWith(async () => console.log('stopping'));
  process.on('SIGUSR2', () => console.log('seen'));
  process.stdin.once('data', () => process.exit(0));
  console.log('running');
`;

function run() {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    child,
    ended: once(child, 'close'),
    line: async () => (await lines.next()).value,
  };
}

suite('Ctrl-C', () => {
  test('that arrives by several ways at once is one, and stops in order', async () => {
    const { child, ended, line } = run();
    assert.equal(await line(), 'running');
    child.kill('SIGINT');
    assert.equal(await line(), 'stopping');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    child.kill('SIGUSR2');
    assert.equal(await line(), 'seen', 'it runs on, and has not been asked to stop once more');
    child.stdin.end('enough\n');
    assert.deepEqual(await ended, [0, null]);
  });

  test('pressed again and again stops at once', async () => {
    const { child, ended, line } = run();
    assert.equal(await line(), 'running');
    child.kill('SIGINT');
    assert.equal(await line(), 'stopping');
    const impatient = setInterval(() => child.kill('SIGINT'), 50);
    assert.deepEqual(await ended, [130, null]);
    clearInterval(impatient);
  });
});
