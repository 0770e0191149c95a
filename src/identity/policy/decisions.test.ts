import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import {
  ANONYMOUS,
  type Principal,
  servicePrincipal,
  sessionPrincipal,
  userPrincipal,
} from '../principal.ts';
import { type Caller, DECISIONS, type DecisionCase } from './decisions-fixture.ts';
import { compilePolicy } from './document.ts';
import { evaluate } from './evaluate.ts';

const SECOND_OPINION = join(import.meta.dirname, '../../../test/iam/naive.py');

const session = { issuedAtMs: 0, expiresAtMs: 1, policy: null, functionArn: null };
const CALLERS: Readonly<Record<Caller, Principal>> = {
  ada: userPrincipal({ name: 'ada', path: '/', userId: 'AIDAADA' }),
  bob: userPrincipal({ name: 'bob', path: '/', userId: 'AIDABOB' }),
  session: sessionPrincipal({ roleName: 'baker', roleId: 'AROABAKER', sessionName: 'one', session }),
  'other-session': sessionPrincipal({
    roleName: 'driver',
    roleId: 'AROADRIVER',
    sessionName: 'two',
    session,
  }),
  anonymous: ANONYMOUS,
  events: servicePrincipal('events.amazonaws.com'),
  sns: servicePrincipal('sns.amazonaws.com'),
};

function verdictOf(given: DecisionCase): string {
  const compiled = (policies: readonly object[], kind: 'identity' | 'resource') =>
    policies.map((policy) => compilePolicy(JSON.stringify(policy), kind));
  return evaluate({
    ...{ principal: CALLERS[given.caller], action: given.action, resource: given.resource },
    ...{ context: given.context, identity: compiled(given.identity, 'identity') },
    resourcePolicies: compiled(given.resourcePolicies, 'resource'),
    session: given.session === null ? null : (compiled([given.session], 'identity')[0] ?? null),
  }).verdict;
}

suite('decisions', () => {
  test('are what was worked out by hand', () => {
    const byHand = DECISIONS.filter((one) => one.expected !== undefined);
    assert.ok(byHand.length >= 60);
    for (const one of byHand) assert.equal(verdictOf(one), one.expected, one.name);
  });

  const python = spawnSync('python3', ['--version']).status === 0;
  const skip = python ? false : 'there is no python3 here';
  test('of the whole table are those of a second evaluator', { skip }, (t) => {
    const { stdout, stderr } = spawnSync('python3', [SECOND_OPINION], {
      input: JSON.stringify(DECISIONS),
      encoding: 'utf8',
      maxBuffer: 16 * 1024 * 1024,
    });
    assert.equal(stderr, '');
    const verdicts = JSON.parse(stdout) as string[];
    const counts = Object.entries(Object.groupBy(verdicts, (verdict) => verdict));
    t.diagnostic(
      `${DECISIONS.length} decisions: ${counts.map(([is, all]) => `${all?.length} ${is}`).join(', ')}`,
    );
    assert.ok(DECISIONS.length >= 300);
    const differ = DECISIONS.flatMap((one, at) => {
      const ours = verdictOf(one);
      return ours === verdicts[at] ? [] : [`${one.name}: ${ours}, the other says ${verdicts[at]}`];
    });
    assert.deepEqual(differ, []);
  });
});
