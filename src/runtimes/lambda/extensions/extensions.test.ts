import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Work } from '../../guest.ts';
import { type ExtensionState, type ExtensionStep, extensionStep } from './extension-state.ts';
import { type Extension, Extensions } from './extensions.ts';

const WORK: Work = {
  ...{ requestId: 'request-1', event: '{}', deadlineMs: 1_000.9, functionArn: 'arn', traceId: null },
  clientContext: null,
};
const program = (name: string, executable = true) => ({ name, executable });

/** Registers one, and has it ask: what it is told goes to the list. */
function ask(extensions: Extensions, extension: Extension, told: object[]): boolean {
  return extensions.next(extension, (event) => told.push(event));
}

function registered(
  extensions: Extensions,
  name: string,
  events: ('INVOKE' | 'SHUTDOWN')[] = ['INVOKE'],
): Extension {
  const extension = extensions.register(name, events);
  assert.ok(typeof extension !== 'string', String(extension));
  return extension;
}

/** Whether a promise has resolved by now. */
async function isOver(promise: Promise<unknown> | null): Promise<boolean> {
  let over = promise === null;
  void promise?.then(() => {
    over = true;
  });
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  return over;
}

suite('the conversation of an extension', () => {
  const STATES: ExtensionState[] = ['Started', 'Registered', 'Ready', 'Running', 'InitError', 'ExitError'];
  const STEPS: ExtensionStep[] = ['register', 'next', 'initError', 'exitError'];
  const TO: Record<ExtensionState, (ExtensionState | null)[]> = {
    Started: ['Registered', null, null, null],
    Registered: [null, 'Ready', 'InitError', 'ExitError'],
    Ready: [null, null, null, 'ExitError'],
    Running: [null, 'Ready', null, 'ExitError'],
    InitError: [null, null, 'InitError', null],
    ExitError: [null, null, null, 'ExitError'],
  };
  for (const state of STATES) {
    test(`from ${state} it may do what AWS allows, and nothing else`, () => {
      assert.deepEqual(
        STEPS.map((step) => extensionStep(state, step)),
        TO[state],
      );
    });
  }

  test('a step of ours at the wrong moment is a bug', () => {
    assert.throws(() => extensionStep('Registered', 'event'), /not allowed here/);
  });
});

suite('the extensions of an instance', () => {
  test('without any, nobody waits', async () => {
    const extensions = new Extensions([]);
    assert.equal(extensions.any, false);
    assert.ok(await isOver(extensions.registered));
    assert.ok(await isOver(extensions.ready()));
    assert.equal(extensions.settled(), null);
  });

  test('programs must all register, and all must ask, internal ones too', async () => {
    const extensions = new Extensions([program('one'), program('two')]);
    const one = registered(extensions, 'one');
    assert.equal(await isOver(extensions.registered), false);
    const two = registered(extensions, 'two', []);
    assert.ok(await isOver(extensions.registered));
    const inner = registered(extensions, 'inner');
    const ready = extensions.ready();
    for (const extension of [one, two, inner]) {
      assert.equal(await isOver(ready), false);
      ask(extensions, extension, []);
    }
    assert.ok(await isOver(ready));
    assert.equal(extensions.register('late', []), 'closed');
    assert.equal(extensions.register('one', []), 'not-allowed');
  });

  test('ten are allowed', () => {
    const extensions = new Extensions([]);
    for (let n = 0; n < 10; n++) registered(extensions, `inner-${n}`);
    assert.equal(extensions.register('one more', []), 'too-many');
  });

  test('an invocation is over for them when those who were told have asked again', async () => {
    const extensions = new Extensions([program('told'), program('not-told')]);
    const [told, events] = [registered(extensions, 'told'), [] as object[]];
    const other = registered(extensions, 'not-told', ['SHUTDOWN']);
    ask(extensions, told, events);
    ask(extensions, other, events);
    await extensions.ready();
    extensions.begin(WORK);
    assert.deepEqual(events, [
      { eventType: 'INVOKE', deadlineMs: 1_000, requestId: 'request-1', invokedFunctionArn: 'arn' },
    ]);
    const settled = extensions.settled();
    assert.equal(await isOver(settled), false);
    ask(extensions, told, events);
    assert.ok(await isOver(settled));
    assert.equal(extensions.settled(), null);
  });

  test('one whose connection was lost is told what it missed when it asks again', () => {
    const extensions = new Extensions([program('one')]);
    const one = registered(extensions, 'one');
    const poll = () => assert.fail('nobody is there');
    extensions.next(one, poll);
    extensions.pollLost(one, poll);
    extensions.begin(WORK);
    const events: object[] = [];
    assert.ok(ask(extensions, one, events));
    assert.equal(events.length, 1);
  });

  test('the end is told to those who want it, by the number of their program', () => {
    const extensions = new Extensions([program('a'), program('b'), program('c')]);
    const events: object[] = [];
    for (const [name, wanted] of [
      ['a', []],
      ['b', ['SHUTDOWN']],
      ['c', ['SHUTDOWN']],
    ] as const)
      registered(extensions, name, [...wanted]);
    const b = [...extensions.all()][1];
    assert.ok(b);
    ask(extensions, b, events);
    assert.deepEqual(extensions.shutDown('spindown', 2_000.5), [1, 2]);
    assert.deepEqual(events, [{ eventType: 'SHUTDOWN', shutdownReason: 'spindown', deadlineMs: 2_000 }]);
  });

  const FAILURES: [
    what: string,
    fail: (extensions: Extensions) => void,
    errorType: string,
    reason: string,
  ][] = [
    ['ends well', (extensions) => extensions.ended(0, 0), 'Extension.Crash', 'exit code 0'],
    ['ends badly', (extensions) => extensions.ended(0, 3), 'Extension.Crash', 'exit status 3'],
    ['is killed', (extensions) => extensions.ended(0, 137), 'Extension.Crash', 'signal: killed'],
    [
      'cannot be run',
      (extensions) => extensions.ended(0, 126),
      'Extension.LaunchError',
      'fork/exec /opt/extensions/one: permission denied',
    ],
  ];
  for (const [what, fail, errorType, reason] of FAILURES) {
    test(`one that ${what} ends the instance as ${errorType}`, async () => {
      const extensions = new Extensions([program('one')]);
      fail(extensions);
      assert.deepEqual(await extensions.failed, { errorType, reason, name: 'one' });
    });
  }

  test('what cannot be run at all, or is too many, fails before it starts', async () => {
    const plain = new Extensions([program('plain', false)]);
    assert.equal((await plain.failed).errorType, 'Extension.LaunchError');
    const many = new Extensions(Array.from({ length: 11 }, (_, n) => program(`one-${n}`)));
    assert.equal((await many.failed).reason, 'too many extensions');
  });

  test('the first failure counts, and none after the end has begun', async () => {
    const extensions = new Extensions([program('one'), program('two')]);
    const one = registered(extensions, 'one');
    assert.ok(extensions.report(one, 'initError', 'Extension.NoKey'));
    extensions.ended(0, 1);
    assert.deepEqual(extensions.failure, {
      errorType: 'Extension.InitError',
      reason: 'Extension.NoKey',
      name: 'one',
    });
    const ending = new Extensions([program('one')]);
    ending.beginEnding();
    ending.ended(0, 0);
    assert.equal(ending.failure, null);
  });
});
