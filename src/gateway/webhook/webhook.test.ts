/** Webhooks at the front door: who is believed, what is kept, what is refused and that nothing is ever run. */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { suite, test } from 'node:test';
import { Fault, systemClock } from '../../base/index.ts';
import type { EventRequest } from '../../events/index.ts';
import type { HmacRule, Route, Webhook } from '../../model/index.ts';
import { functionByHand } from '../../model/testing.ts';
import type { GatewayOptions } from '../gateway.ts';
import { call, openDoor, SNAPSHOT } from '../testing.ts';

const HOOK = functionByHand({ app: 'bakery', name: 'bakery-hook' });

function webhook(over: Partial<Webhook>): Webhook {
  return { scheme: 'github', secrets: ['KEY'], toleranceMs: null, hmac: null, ...over };
}

/** A door with one webhook at `POST /hook`; what it keeps is in `kept`, and it runs nothing. */
async function openHook(rule: Partial<Webhook>, change: Partial<GatewayOptions> & Known = {}) {
  const { known = { KEY: SECRET }, ...options } = change;
  const kept: EventRequest[] = [];
  const at = { app: 'bakery', functionName: HOOK.name };
  const route: Route = { ...at, method: 'POST', path: '/hook', webhook: webhook(rule) };
  const snapshot = {
    ...SNAPSHOT,
    functions: new Map([[HOOK.name, HOOK]]),
    slugs: new Map([['bakery-hook', HOOK]]),
    routes: new Map([['bakery', [route, { ...at, method: 'GET', path: '/hook' }]]]),
  };
  const door = await openDoor(() => Promise.reject(new Error('it was run')), {
    directory: { current: () => snapshot },
    enqueue: async (event) => void kept.push(event),
    secrets: {
      async values({ app, names }) {
        assert.equal(app, 'bakery');
        return Object.fromEntries(names.map((name) => [name, known[name] ?? '']));
      },
    },
    ...options,
  });
  const post = async (headers: Record<string, string>, body: string | Buffer = BODY) => {
    const answer = await call(door.port, {
      ...{ method: 'POST', path: '/hook', host: 'bakery.localhost', body },
      headers: { 'content-type': 'application/json', ...headers },
    });
    assert.deepEqual([door.seen, door.bugs], [[], []]);
    return answer;
  };
  return { ...door, kept, post, [Symbol.asyncDispose]: () => door.gateway.stop() };
}
/** Values of secrets. */
interface Known {
  readonly known?: Readonly<Record<string, string>>;
}

const SECRET = 'It works on my machine';
const BODY = '{"id":"evt_1","event_id":"Ev1","type":"paid"}';
const hmac = (text: string, { key = SECRET, encoding = 'hex', algorithm = 'sha256' } = {}) =>
  createHmac(algorithm, key)
    .update(text)
    .digest(encoding as 'hex');
const seconds = (agoS = 0) => String(Math.floor(systemClock.wallMs() / 1_000) - agoS);
const messageOf = ({ text }: { text: string }) => String(JSON.parse(text).message);

/** A clock that stands at a published vector's moment. */
const clockAt = (wallMs: number) => ({ ...systemClock, after: systemClock.after, wallMs: () => wallMs });

suite('published vectors', () => {
  test('GitHub', async () => {
    await using hook = await openHook({}, { known: { KEY: "It's a Secret to Everybody" } });
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    const answer = await hook.post({ 'x-hub-signature-256': signature }, 'Hello, World!');
    assert.equal(answer.status, 202);
  });

  test('Slack', async () => {
    const body =
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
    await using hook = await openHook(
      { scheme: 'slack', toleranceMs: 300_000 },
      { known: { KEY: '8f742231b10e8888abcd99yyyzzz85a5' }, clock: clockAt(1531420618_000) },
    );
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    };
    assert.equal((await hook.post(headers, body)).status, 200, 'Slack takes nothing else for a command');
    const event = JSON.parse(hook.kept[0]?.event as string);
    assert.equal(Buffer.from(event.body, 'base64').toString(), body);
  });

  test('Standard Webhooks', async () => {
    await using hook = await openHook(
      { scheme: 'standard', toleranceMs: 300_000 },
      { known: { KEY: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }, clock: clockAt(1614265330_000) },
    );
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    assert.equal((await hook.post(headers, '{"test": 2432232314}')).status, 202);
    assert.equal((await hook.post(headers, '{"test": 2432232315}')).status, 401);
  });
});

/** How each scheme's sender signs. */
interface Sender {
  readonly name: string;
  readonly rule: Partial<Webhook>;
  /** Of a header without which it is nothing. */
  readonly signature: string;
  sign(body: string, options: { id: string; atS: string; key: string }): Record<string, string>;
}

const HMAC: HmacRule = {
  ...{ header: 'x-sig', algorithm: 'sha512', encoding: 'base64', prefix: 'v2=' },
  ...{ timestampHeader: 'x-time', idHeader: 'x-id', template: '{id}|{timestamp}|{body}|end' },
};
const TIMED = { toleranceMs: 300_000 };

const SENDERS: readonly Sender[] = [
  {
    ...{ name: 'GitHub', rule: { scheme: 'github' }, signature: 'x-hub-signature-256' },
    sign: (body, { id, key }) => ({
      'x-github-delivery': id,
      'x-hub-signature-256': `sha256=${hmac(body, { key })}`,
    }),
  },
  {
    ...{ name: 'Stripe', rule: { scheme: 'stripe', ...TIMED }, signature: 'stripe-signature' },
    sign: (body, { atS, key }) => ({
      'stripe-signature': `t=${atS},v1=${hmac(`${atS}.${body}`, { key })},v0=abcd`,
    }),
  },
  {
    ...{ name: 'Slack', rule: { scheme: 'slack', ...TIMED }, signature: 'x-slack-signature' },
    sign: (body, { atS, key }) => ({
      'x-slack-request-timestamp': atS,
      'x-slack-signature': `v0=${hmac(`v0:${atS}:${body}`, { key })}`,
    }),
  },
  {
    ...{ name: 'Standard Webhooks', rule: { scheme: 'standard', ...TIMED }, signature: 'webhook-signature' },
    sign: (body, { id, atS, key }) => ({
      'webhook-id': id,
      'webhook-timestamp': atS,
      'webhook-signature': `v1,${createHmac('sha256', Buffer.from(key, 'base64')).update(`${id}.${atS}.${body}`).digest('base64')}`,
    }),
  },
  {
    ...{ name: 'hmac', rule: { scheme: 'hmac', hmac: HMAC, ...TIMED }, signature: 'x-sig' },
    sign: (body, { id, atS, key }) => ({
      'x-id': id,
      'x-time': atS,
      'x-sig': `v2=${hmac(`${id}|${atS}|${body}|end`, { key, encoding: 'base64', algorithm: 'sha512' })}`,
    }),
  },
];

for (const { name, rule, signature, sign: signed } of SENDERS) {
  suite(`a webhook of ${name}`, () => {
    const ok = (over: { id?: string; atS?: string; key?: string; body?: string } = {}) =>
      signed(over.body ?? BODY, { id: 'd-1', atS: seconds(), key: SECRET, ...over });

    test('that is signed is kept, and run by nobody here', async () => {
      await using hook = await openHook(rule);
      const { status, text, headers } = await hook.post(ok());
      assert.deepEqual([status, text], [202, '']);
      const [event] = hook.kept;
      assert.equal(event?.functionName, 'bakery-hook');
      assert.equal(event?.requestId, headers['x-amzn-requestid']);
      const told = JSON.parse(event?.event as string);
      assert.deepEqual([told.routeKey, told.body, told.isBase64Encoded], ['POST /hook', BODY, false]);
    });

    test('is the same delivery when it comes again, and another one when it is another', async () => {
      await using hook = await openHook(rule);
      await hook.post(ok());
      await hook.post(ok({ atS: seconds(1) }));
      const other = BODY.replace('evt_1', 'evt_2').replace('Ev1', 'Ev2');
      await hook.post(ok({ id: 'd-2', body: other }), other);
      const [first, again, another] = hook.kept.map(({ delivery }) => delivery);
      assert.equal(first, again);
      assert.notEqual(first, another);
      assert.match(first as string, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    });

    test('that is signed by another, or changed on its way, is 401', async () => {
      await using hook = await openHook(rule);
      const forged = await hook.post(ok({ key: 'guessed' }));
      assert.equal(forged.status, 401);
      assert.match(messageOf(forged), /signature is not right/);
      assert.equal((await hook.post(ok(), BODY.replace('paid', 'void'))).status, 401);
      assert.equal((await hook.post(ok(), '')).status, 401);
      assert.deepEqual(hook.kept, []);
    });

    test('without a signature, or with something that is none, is 401 without its body being read', async () => {
      await using hook = await openHook(rule);
      const { [signature]: _, ...unsigned } = ok();
      const missing = await hook.post(unsigned, 'x'.repeat(2_000_000));
      assert.equal(missing.status, 401);
      assert.match(messageOf(missing), /header .* is missing/);
      for (const nonsense of [
        '',
        'sha256=',
        'v1,',
        'x',
        't=1,v1=',
        '='.repeat(500),
        `sha256=${'zz'.repeat(32)}`,
      ])
        assert.equal((await hook.post({ ...ok(), [signature]: nonsense })).status, 401, nonsense);
      assert.deepEqual(hook.kept, []);
    });

    test('is believed by any of the secrets there are while they are changed', async () => {
      const two = { ...rule, secrets: ['NEW', 'OLD'] };
      await using hook = await openHook(two, { known: { NEW: SECRET, OLD: 'another one' } });
      assert.equal((await hook.post(ok())).status, 202);
      assert.equal((await hook.post(ok({ key: 'another one' }))).status, 202);
      assert.equal((await hook.post(ok({ key: 'a third' }))).status, 401);
    });

    if (rule.toleranceMs !== undefined) {
      test('that was signed too long ago, or at no time, is 401', async () => {
        await using hook = await openHook(rule);
        for (const [agoS, status] of [
          [290, 202],
          [400, 401],
          [-290, 202],
          [-400, 401],
        ] as const) {
          const answer = await hook.post(ok({ atS: seconds(agoS) }));
          assert.equal(answer.status, status, `${agoS} s ago`);
          if (status === 401)
            assert.match(messageOf(answer), /signed \d+ s (ago|in the future); at most 300 s/);
        }
        assert.match(messageOf(await hook.post(ok({ atS: 'soon' }))), /cannot be read/);
      });
    }
  });
}

suite('a webhook', () => {
  const github = (body: string | Buffer) => ({
    'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
  });

  test('whose body is no text reaches the function byte by byte', async () => {
    await using hook = await openHook({});
    const body = Buffer.from([0, 1, 2, 0xff, 0xfe, 0x0a]);
    assert.equal(
      (await hook.post({ ...github(body), 'content-type': 'application/x-bin' }, body)).status,
      202,
    );
    const event = JSON.parse(hook.kept[0]?.event as string);
    assert.deepEqual([event.isBase64Encoded, Buffer.from(event.body, 'base64')], [true, body]);
  });

  test('without an id is known by what is signed', async () => {
    await using hook = await openHook({});
    for (const body of ['one', 'one', 'two']) await hook.post(github(body), body);
    const [first, again, other] = hook.kept.map(({ delivery }) => delivery);
    assert.equal(first, again);
    assert.notEqual(first, other);
  });

  test('larger than 1 MB is 413', async () => {
    await using hook = await openHook({});
    const body = 'x'.repeat(1024 * 1024);
    assert.equal((await hook.post(github(body), body)).status, 202);
    assert.equal((await hook.post(github(`${body}x`), `${body}x`)).status, 413);
    assert.equal(hook.kept.length, 1);
  });

  test('that cannot be kept is not acknowledged', async () => {
    const away = () => Promise.reject(new Fault('database-unavailable', 'PostgreSQL is away.'));
    await using hook = await openHook({}, { enqueue: away });
    const answer = await hook.post(github(BODY));
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1']);
  });

  test('with an empty secret is never believed', async () => {
    for (const scheme of ['github', 'standard'] as const) {
      await using hook = await openHook({ scheme }, { known: { KEY: scheme === 'github' ? '' : 'whsec_' } });
      const headers = { 'webhook-id': 'm', 'webhook-timestamp': seconds() };
      const mac = createHmac('sha256', '').update(`m.${headers['webhook-timestamp']}.${BODY}`);
      const signed = { ...headers, 'webhook-signature': `v1,${mac.digest('base64')}` };
      const forged = {
        'x-hub-signature-256': `sha256=${createHmac('sha256', '').update(BODY).digest('hex')}`,
      };
      assert.equal((await hook.post(scheme === 'github' ? forged : signed)).status, 401);
    }
  });

  test('at a route whose other methods are no webhooks is still one, and its function’s own host is closed', async () => {
    await using hook = await openHook({});
    for (const host of ['bakery-hook.localhost', 'live.bakery-hook.localhost']) {
      const answer = await call(hook.port, { host, method: 'POST', path: '/hook', body: BODY });
      assert.equal(answer.status, 403);
      assert.match(messageOf(answer), /takes webhooks, so its own host is closed/);
    }
    assert.deepEqual([hook.seen, hook.kept], [[], []]);
  });

  test('of Slack that asks for its challenge is answered, and not kept', async () => {
    await using hook = await openHook({ scheme: 'slack', toleranceMs: 300_000 });
    const body = '{"type":"url_verification","challenge":"3eZbrw1a","token":"t"}';
    const atS = seconds();
    const signed = {
      'x-slack-request-timestamp': atS,
      'x-slack-signature': `v0=${hmac(`v0:${atS}:${body}`)}`,
    };
    const answer = await hook.post(signed, body);
    assert.deepEqual(
      [answer.status, answer.text, answer.headers['content-type']],
      [200, '3eZbrw1a', 'text/plain'],
    );
    assert.equal((await hook.post({ ...signed, 'x-slack-signature': `v0=${hmac('x')}` }, body)).status, 401);
    assert.deepEqual(hook.kept, []);
  });

  test('of Standard Webhooks may be signed by a private key, or carry Svix’s names', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
    await using hook = await openHook(
      { scheme: 'standard', toleranceMs: 300_000, secrets: ['PUBLIC', 'SHARED'] },
      { known: { PUBLIC: `whpk_${key}`, SHARED: `whsec_${SECRET}` } },
    );
    const atS = seconds();
    const message = `m-1.${atS}.${BODY}`;
    const by = (signature: string, family = 'webhook') => ({
      [`${family}-id`]: 'm-1',
      [`${family}-timestamp`]: atS,
      [`${family}-signature`]: signature,
    });
    const shared = createHmac('sha256', Buffer.from(SECRET, 'base64')).update(message).digest('base64');
    const signature = sign(null, Buffer.from(message), privateKey).toString('base64');
    assert.equal((await hook.post(by(`v1,AAAA v1a,${signature}`))).status, 202);
    assert.equal((await hook.post(by(`v1,${shared}`, 'svix'))).status, 202);
    assert.equal(
      (await hook.post(by(`v1a,${signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))}`))).status,
      401,
    );
    assert.equal((await hook.post(by(`v1a,${shared}`))).status, 401);
  });
});
