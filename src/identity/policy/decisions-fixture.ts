// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policies have such variables
/**
 * For tests: the table of decisions. Each case is a question with its policies; a second evaluator, in another
 * language and another style, answers the same ones. Those with `expected` were answered by hand as well, from
 * IAM's user guide.
 */
import { ACCOUNT_ID } from '../../model/index.ts';

export interface DecisionCase {
  readonly name: string;
  readonly caller: Caller;
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | readonly string[]>>;
  readonly identity: readonly object[];
  readonly resourcePolicies: readonly object[];
  readonly session: object | null;
  readonly expected?: 'allow' | 'implicit-deny' | 'explicit-deny';
}

export type Caller = 'ada' | 'bob' | 'session' | 'other-session' | 'anonymous' | 'events' | 'sns';
type Verdict = NonNullable<DecisionCase['expected']>;
type Json = Readonly<Record<string, unknown>>;

export const FUNCTION = `arn:aws:lambda:us-east-1:${ACCOUNT_ID}:function:orders`;
const ALL = { Effect: 'Allow', Action: '*', Resource: '*' };
const CALLERS: readonly Caller[] = ['ada', 'bob', 'session', 'other-session', 'anonymous', 'events', 'sns'];

const policy = (...statements: Json[]): Json => ({ Version: '2012-10-17', Statement: statements });
const allow = (more: Json): Json => ({
  Effect: 'Allow',
  Action: 'lambda:InvokeFunction',
  Resource: '*',
  ...more,
});
const deny = (more: Json): Json => ({ ...allow(more), Effect: 'Deny' });

function question(name: string, more: Partial<DecisionCase>): DecisionCase {
  return {
    ...{ name, caller: 'ada', action: 'lambda:InvokeFunction', resource: FUNCTION },
    ...{ context: {}, identity: [], resourcePolicies: [], session: null },
    ...more,
  };
}

function actions(): DecisionCase[] {
  const patterns = [
    ...[
      '*',
      'lambda:*',
      'lambda:Invoke*',
      'LAMBDA:invokefunction',
      'lambda:InvokeFunction',
      'lambda:*Function',
    ],
    ...['lambda:?nvokeFunction', 'lambda:Invoke', 'lambda:*voke*', 's3:*', 'la*:Invoke*', '*:InvokeFunction'],
  ];
  const asked = ['lambda:InvokeFunction', 'lambda:InvokeFunctionUrl', 'lambda:GetFunction', 's3:GetObject'];
  return patterns.flatMap((Action) =>
    asked.flatMap((action) => [
      question(`Action ${Action} on ${action}`, { action, identity: [policy(allow({ Action }))] }),
      question(`NotAction ${Action} on ${action}`, {
        action,
        identity: [policy({ Effect: 'Allow', NotAction: Action, Resource: '*' })],
      }),
    ]),
  );
}

function resources(): DecisionCase[] {
  const account = ACCOUNT_ID;
  const patterns = [
    ...['*', FUNCTION, `${FUNCTION}*`, `${FUNCTION}:*`, 'arn:aws:lambda:*', 'arn:aws:lambda:*:*:function:*'],
    ...[`arn:aws:lambda:us-east-1:${account}:function:ord???`, `arn:aws:lambda:us-*:${account}:function:o*s`],
    ...[`arn:aws:lambda:*:function:orders`, `arn:*:lambda:us-east-1:${account}:*`, 'arn:aws:s3:::bakery/*'],
    ...['arn:aws:s3:::*', `arn:aws:lambda:us-east-1:${account}:layer:*`],
  ];
  const asked = [
    ...[
      FUNCTION,
      `${FUNCTION}:live`,
      `${FUNCTION}2`,
      'arn:aws:s3:::bakery/a/b:c.txt',
      'arn:aws:s3:::bakery',
      '*',
    ],
  ];
  return patterns.flatMap((Resource) =>
    asked.flatMap((resource) => [
      question(`Resource ${Resource} on ${resource}`, { resource, identity: [policy(allow({ Resource }))] }),
      question(`NotResource ${Resource} on ${resource}`, {
        resource,
        identity: [policy({ Effect: 'Allow', Action: 'lambda:*', NotResource: Resource })],
      }),
    ]),
  );
}

/** Every pair of what an identity and a resource policy may say, with and without a session policy. */
function combined(): DecisionCase[] {
  const said: readonly (readonly [string, Json[]])[] = [
    ['nothing', []],
    ['an allow', [policy(allow({}))]],
    ['a deny', [policy(deny({}))]],
    ['both', [policy(allow({}), deny({}))]],
    ['something else', [policy(allow({ Action: 'lambda:GetFunction' }))]],
  ];
  const onResource = (policies: Json[], principal: unknown): Json[] =>
    policies.map((one) => ({
      ...one,
      Statement: (one.Statement as Json[]).map((statement) => ({ ...statement, Principal: principal })),
    }));
  const sessions: readonly (readonly [string, Json | null])[] = [
    ['no session policy', null],
    ['a session policy that allows', policy(ALL)],
    ['one that is about something else', policy(allow({ Action: 's3:*' }))],
    ['one that denies', policy(ALL, deny({}))],
  ];
  const role = `arn:aws:iam::${ACCOUNT_ID}:role/baker`;
  return said.flatMap(([a, identity]) =>
    said.flatMap(([b, policies]) =>
      sessions.map(([c, session]) =>
        question(`identity: ${a}; resource: ${b}; ${c}`, {
          ...{ caller: 'session', identity, session },
          resourcePolicies: onResource(policies, { AWS: role }),
        }),
      ),
    ),
  );
}

function principals(): DecisionCase[] {
  const iam = `arn:aws:iam::${ACCOUNT_ID}`;
  const named: readonly unknown[] = [
    ...['*', { AWS: '*' }, { AWS: ACCOUNT_ID }, { AWS: `${iam}:root` }, { AWS: `${iam}:user/ada` }],
    ...[{ AWS: [`${iam}:user/bob`, `${iam}:user/ada`] }, { AWS: `${iam}:role/baker` }],
    { AWS: `arn:aws:sts::${ACCOUNT_ID}:assumed-role/baker/one` },
    ...[{ AWS: 'arn:aws:iam::111111111111:root' }, { Service: 'events.amazonaws.com' }],
    { Service: ['sns.amazonaws.com', 'events.amazonaws.com'], AWS: `${iam}:user/ada` },
    { Federated: 'cognito-identity.amazonaws.com' },
  ];
  const right = `${iam}:user/ada`;
  const byHand = (Principal: unknown, caller: Caller): Verdict | undefined => {
    const text = JSON.stringify(Principal);
    if (Principal === '*' || text === '{"AWS":"*"}') return 'allow';
    if (caller === 'anonymous') return 'implicit-deny';
    if (text.includes(right)) return caller === 'ada' ? 'allow' : undefined;
    if (text.includes('111111111111') || text.includes('Federated')) return 'implicit-deny';
    return undefined;
  };
  return named.flatMap((Principal) =>
    CALLERS.flatMap((caller) => {
      const what = `${JSON.stringify(Principal)} and ${caller}`;
      const statement = { Principal, Action: 'lambda:InvokeFunction', Resource: FUNCTION };
      const expected = byHand(Principal, caller);
      return [
        question(`resource policy allows ${what}`, {
          ...{ caller, resourcePolicies: [policy({ ...statement, Effect: 'Allow' })] },
          ...(expected !== undefined && { expected }),
        }),
        question(`resource policy denies ${what}, identity allows`, {
          ...{ caller, resourcePolicies: [policy({ ...statement, Effect: 'Deny' })] },
          identity: [policy(ALL)],
        }),
        question(`session policy leaves nothing, resource policy allows ${what}`, {
          ...{ caller, resourcePolicies: [policy({ ...statement, Effect: 'Allow' })] },
          session:
            caller === 'session' || caller === 'other-session' ? policy(allow({ Action: 's3:*' })) : null,
        }),
      ];
    }),
  );
}

type ConditionRow = readonly [operator: string, given: unknown, asked: (string | readonly string[] | null)[]];

const CONDITIONS: readonly ConditionRow[] = [
  ['StringEquals', 'a', ['a', 'A', 'b', null, ['a', 'b']]],
  ['StringEquals', ['a', 'b'], ['a', 'b', 'c', null]],
  ['StringNotEquals', ['a', 'b'], ['a', 'c', null, ['c', 'd'], ['a', 'c']]],
  ['StringEqualsIgnoreCase', 'aB', ['Ab', 'ab', 'c', null]],
  ['StringNotEqualsIgnoreCase', 'aB', ['Ab', 'c', null]],
  ['StringLike', ['a*z', 'q?'], ['az', 'abcz', 'abc', 'qq', 'q', null]],
  ['StringNotLike', 'a*z', ['az', 'b', null]],
  ['StringEqualsIfExists', 'a', ['a', 'b', null]],
  ['StringNotEqualsIfExists', 'a', ['a', 'b', null]],
  ['NumericEquals', '10', ['10', '10.0', '1e1', '9', 'ten', null]],
  ['NumericNotEquals', 10, ['10', '9', null]],
  ['NumericLessThan', '10', ['9', '10', '11', null]],
  ['NumericLessThanEquals', '10', ['9', '10', '11']],
  ['NumericGreaterThan', '10', ['9', '10', '11']],
  ['NumericGreaterThanEquals', ['10', '5'], ['4', '7', '11']],
  [
    'DateEquals',
    '2026-01-31T12:00:00Z',
    ['2026-01-31T12:00:00Z', '2026-01-31T13:00:00+01:00', '1769860800', '2026-01-31', null],
  ],
  ['DateNotEquals', '2026-01-31', ['2026-01-31', '2026-02-01']],
  ['DateLessThan', '2026-01-31T12:00:00Z', ['2026-01-31T11:59:59Z', '2026-01-31T12:00:00Z', '1769860799']],
  ['DateLessThanEquals', '1769860800', ['2026-01-31T12:00:00Z', '2026-01-31T12:00:01Z']],
  ['DateGreaterThan', '2026-01-31T12:00:00Z', ['2026-01-31T12:00:00.001Z', '2025-01-01', null]],
  ['DateGreaterThanEquals', '2026-01-31T12:00:00Z', ['2026-01-31T12:00:00Z', '2025-01-01']],
  ['Bool', 'true', ['true', 'false', 'TRUE', null]],
  ['Bool', false, ['true', 'false', null]],
  ['BoolIfExists', 'true', ['true', 'false', null]],
  ['BinaryEquals', 'QmFrZXJ5', ['QmFrZXJ5', 'QmFrZXI=', null]],
  [
    'IpAddress',
    ['203.0.113.0/24', '2001:db8::/32'],
    ['203.0.113.9', '203.0.114.1', '2001:db8::1', '2001:db9::1', 'x', null],
  ],
  ['IpAddress', '203.0.113.9', ['203.0.113.9', '203.0.113.8', '::ffff:203.0.113.9']],
  ['NotIpAddress', '203.0.113.0/24', ['203.0.113.9', '203.0.114.1', null]],
  [
    'ArnEquals',
    'arn:aws:sns:*:000000000000:to*',
    ['arn:aws:sns:us-east-1:000000000000:topic', 'arn:aws:sns:us-east-1:1:topic', 'topic', null],
  ],
  ['ArnLike', 'arn:aws:s3:::bak?ry', ['arn:aws:s3:::bakery', 'arn:aws:s3:::bakery2', 'arn:aws:s3:::bak:ry']],
  ['ArnNotEquals', 'arn:aws:s3:::a', ['arn:aws:s3:::a', 'arn:aws:s3:::b', null]],
  ['ArnNotLike', 'arn:aws:s3:::a*', ['arn:aws:s3:::ab', 'arn:aws:s3:::b', null]],
  ['Null', 'true', ['a', null]],
  ['Null', 'false', ['a', null]],
  ['ForAllValues:StringEquals', ['a', 'b'], [['a'], ['a', 'b'], ['a', 'c'], [], null, 'a']],
  ['ForAnyValue:StringEquals', ['a', 'b'], [['c', 'b'], ['c'], [], null, 'a']],
  ['ForAllValues:StringNotEquals', ['a', 'b'], [['c', 'd'], ['c', 'a'], null]],
  ['ForAnyValue:StringNotEquals', ['a', 'b'], [['c', 'a'], ['a', 'b'], null]],
  [
    'ForAllValues:StringLike',
    'a*',
    [
      ['ab', 'ac'],
      ['ab', 'b'],
    ],
  ],
  ['ForAnyValue:StringLikeIfExists', 'a*', [['b'], ['b', 'ab'], null]],
  ['ForAnyValue:ArnLike', 'arn:aws:s3:::a*', [['arn:aws:s3:::b', 'arn:aws:s3:::ab'], ['arn:aws:s3:::b']]],
  [
    'ForAllValues:NumericLessThan',
    '5',
    [
      ['1', '2'],
      ['1', '9'],
    ],
  ],
];

function conditions(): DecisionCase[] {
  return CONDITIONS.flatMap(([operator, given, asked]) =>
    asked.map((value) =>
      question(`${operator} ${JSON.stringify(given)} of ${JSON.stringify(value)}`, {
        context: value === null ? {} : { 'aws:Test': value },
        identity: [policy(allow({ Condition: { [operator]: { 'AWS:test': given } } }))],
      }),
    ),
  );
}

function several(): DecisionCase[] {
  const both = { StringEquals: { 'a:x': '1', 'a:y': '2' }, Bool: { 'a:z': 'true' } };
  const contexts = ['1', '2'].flatMap((x) =>
    ['2', '3'].flatMap((y) => ['true', 'false'].map((z) => ({ 'a:x': x, 'a:y': y, 'a:z': z }))),
  );
  return contexts.map((context) =>
    question(`several conditions, ${JSON.stringify(context)}`, {
      context,
      identity: [policy(allow({ Condition: both }))],
      expected: JSON.stringify(context) === '{"a:x":"1","a:y":"2","a:z":"true"}' ? 'allow' : 'implicit-deny',
    }),
  );
}

/** What stands in a resource or a value, what the request says, and whether they meet. */
const VARIABLES: readonly (readonly [string, string, Readonly<Record<string, string>>, Verdict])[] = [
  ['arn:aws:s3:::home/${aws:username}/*', 'arn:aws:s3:::home/ada/x', { 'aws:username': 'ada' }, 'allow'],
  [
    'arn:aws:s3:::home/${aws:username}/*',
    'arn:aws:s3:::home/bob/x',
    { 'aws:username': 'ada' },
    'implicit-deny',
  ],
  ['arn:aws:s3:::home/${aws:username}/*', 'arn:aws:s3:::home//x', {}, 'implicit-deny'],
  ["arn:aws:s3:::home/${aws:username, 'all'}/*", 'arn:aws:s3:::home/all/x', {}, 'allow'],
  [
    "arn:aws:s3:::home/${aws:username, 'all'}/*",
    'arn:aws:s3:::home/ada/x',
    { 'aws:username': 'ada' },
    'allow',
  ],
  ['arn:aws:s3:::home/${AWS:UserName}', 'arn:aws:s3:::home/ada', { 'aws:username': 'ada' }, 'allow'],
  [
    'arn:aws:s3:::home/${aws:username}',
    'arn:aws:s3:::home/anything',
    { 'aws:username': '*' },
    'implicit-deny',
  ],
  ['arn:aws:s3:::home/${aws:username}', 'arn:aws:s3:::home/*', { 'aws:username': '*' }, 'allow'],
  ['arn:aws:s3:::a${*}b', 'arn:aws:s3:::a*b', {}, 'allow'],
  ['arn:aws:s3:::a${*}b', 'arn:aws:s3:::axb', {}, 'implicit-deny'],
  ['arn:aws:s3:::a${?}b', 'arn:aws:s3:::axb', {}, 'implicit-deny'],
  ['arn:aws:s3:::a${$}b', 'arn:aws:s3:::a$b', {}, 'allow'],
  ['arn:aws:s3:::${aws:userid}', 'arn:aws:s3:::AROA:one', { 'aws:userid': 'AROA:one' }, 'allow'],
];

function variables(): DecisionCase[] {
  return VARIABLES.flatMap(([Resource, resource, context, expected]) => [
    question(`${Resource} is ${resource} for ${JSON.stringify(context)}`, {
      ...{ resource, context, expected, identity: [policy(allow({ Resource }))] },
    }),
    question(`StringLike ${Resource} is ${resource} for ${JSON.stringify(context)}`, {
      context: { ...context, 'a:value': resource },
      ...{ expected, identity: [policy(allow({ Condition: { StringLike: { 'a:value': Resource } } }))] },
    }),
    question(`2008: ${Resource} is only text, ${resource}, ${JSON.stringify(context)}`, {
      ...{ resource, context },
      resourcePolicies: [{ Version: '2008-10-17', Statement: [{ ...allow({ Resource }), Principal: '*' }] }],
    }),
  ]);
}

function exceptions(): DecisionCase[] {
  const iam = `arn:aws:iam::${ACCOUNT_ID}`;
  const statement = { Effect: 'Deny', Action: '*', Resource: '*' };
  return CALLERS.flatMap((caller) => [
    question(`a deny for all but ada, to ${caller}`, {
      ...{ caller, identity: [policy(ALL)] },
      resourcePolicies: [policy({ ...statement, NotPrincipal: { AWS: `${iam}:user/ada` } })],
      expected: caller === 'ada' ? 'allow' : 'explicit-deny',
    }),
    question(`a deny for all but a role, to ${caller}`, {
      ...{ caller, identity: [policy(ALL)] },
      resourcePolicies: [policy({ ...statement, NotPrincipal: { AWS: `${iam}:role/baker` } })],
    }),
  ]);
}

export const DECISIONS: readonly DecisionCase[] = [
  ...actions(),
  ...resources(),
  ...combined(),
  ...principals(),
  ...conditions(),
  ...several(),
  ...variables(),
  ...exceptions(),
];
