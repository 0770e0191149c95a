import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { commandName } from './command-name.ts';

suite('the name that hints show', () => {
  const CASES: readonly (readonly [string, string | undefined, string, string])[] = [
    ['in a clone, the path from there', '/code/skein/bin/skein', '/code/skein', 'bin/skein'],
    ['beside it, a path that a shell takes for one', '/code/skein/bin/skein', '/code/skein/bin', './skein'],
    ['elsewhere, the whole path', '/code/skein/bin/skein', '/home/ada', '/code/skein/bin/skein'],
    ['quoted where a shell would split it', '/my code/bin/skein', '/home/ada', "'/my code/bin/skein'"],
    ['on PATH, the bare name', '/usr/local/bin/skein', '/usr/local', 'skein'],
    ['the bare name when nobody said', undefined, '/code/skein', 'skein'],
  ];
  for (const [what, called, folder, shown] of CASES) {
    test(what, () => {
      assert.equal(commandName({ PATH: '/usr/local/bin:/bin', SKEIN_COMMAND: called }, folder), shown);
    });
  }
});
