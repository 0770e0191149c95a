import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { FunctionEntry } from '../model/index.ts';
import { aliasByHand, functionByHand, versionByHand } from '../model/testing.ts';
import { createChoice } from './choice.ts';
import { resolve } from './resolve.ts';

const versions = new Map([1, 2].map((version) => [version, versionByHand({ version })]));
const aliases = new Map([
  ['live', aliasByHand('live', 1)],
  ['newest', aliasByHand('newest', 0)],
  ['both', aliasByHand('both', 1, { second: { version: 2, weight: 0.5 } })],
]);

/** Version and alias that run for each qualifier in turn. */
function resolved(over: Partial<FunctionEntry>, qualifiers: readonly (string | null)[]): string[] {
  const entry = functionByHand({ versions, aliases, ...over });
  const snapshot = {
    ...{ revision: 1, slugs: new Map(), routes: new Map(), databases: new Map() },
    queues: new Map(),
    triggers: new Map(),
    functions: new Map([[entry.name, entry]]),
  };
  const choice = createChoice(() => 0);
  return qualifiers.map((qualifier) => {
    const { version, alias } = resolve(snapshot, choice, {
      ...{ functionName: entry.name, qualifier, event: '{}', requestId: 'id' },
      ...{ traceId: null, clientContext: null },
    });
    return `${version.version} ${alias}`;
  });
}

suite('from a qualifier to a version', () => {
  test('none is live, and $LATEST where nothing is', () => {
    assert.deepEqual(resolved({}, [null, '$LATEST', '2', 'newest']), [
      '1 live',
      '0 null',
      '2 null',
      '0 newest',
    ]);
    assert.deepEqual(resolved({ aliases: new Map() }, [null]), ['0 null']);
  });

  test('an alias with two versions runs each in its turn', () => {
    assert.deepEqual(resolved({}, ['both', 'both', 'both', 'both']), [
      '1 both',
      '2 both',
      '1 both',
      '2 both',
    ]);
  });

  for (const qualifier of ['3', '0', '01', 'nobody', '']) {
    test(`"${qualifier}" names nothing`, () => {
      assert.throws(() => resolved({}, [qualifier]), { code: 'version-not-found' });
    });
  }
});
