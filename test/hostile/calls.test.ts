/** Attackers at their own way to the node: in the name of others, by others' credentials, and with bodies without end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type AwsKeys, type AwsRequest, signedHeaders } from '../support/signed.ts';
import { type Arena, cannot, openArena } from './arena.ts';

interface Own extends AwsKeys {
  /** What opens its credentials. */
  readonly token: string;
  /** Where its node is. */
  readonly host: string;
}

const INVOKE: AwsRequest = {
  method: 'POST',
  path: '/2015-03-31/functions/hostile-neighbour/invocations',
  service: 'lambda',
  body: '{"does":"nothing"}',
};

/** A request as text, on a connection that ends with its answer. */
function text(line: string, headers: readonly (readonly [string, string])[], body = ''): string {
  const all = [...headers, ['connection', 'close'], ['content-length', String(Buffer.byteLength(body))]];
  return [`${line} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${value}`), '', body].join('\r\n');
}

function signed(host: string, keys: AwsKeys, request: AwsRequest): string {
  const { method = 'GET', path, body = '' } = request;
  const headers = Object.entries(signedHeaders(host, keys, request));
  return text(`${method} ${path}`, [['host', host], ...headers], body);
}

suite('a function that calls in the name of others', { skip: cannot ?? false }, () => {
  let arena: Arena;
  let own: Own;
  let trusted: Own;
  let owner: AwsKeys & { readonly token: string; readonly control: string };
  const ask = async (fn: string, requests: readonly string[]) =>
    (await arena.attack(fn, 'raw requests', { requests })).payload as string[];
  const credentialsOf = async (fn: string): Promise<Own> => {
    const found = (await arena.attack(fn, 'credentials')).payload as Record<string, string>;
    return {
      accessKeyId: found.AccessKeyId as string,
      secretAccessKey: found.SecretAccessKey as string,
      sessionToken: found.Token as string,
      token: found.ownToken as string,
      host: found.host as string,
    };
  };

  before(async () => {
    arena = await openArena({
      thief: { runtime: 'node', memory: '1769MB' },
      trusted: { runtime: 'node', more: ', uses: [ { function: neighbour, allow: [ invoke ] } ]' },
    });
    own = await credentialsOf('thief');
    trusted = await credentialsOf('trusted');
    owner = JSON.parse(readFileSync(join(arena.node.home, 'node.json'), 'utf8'));
  });
  after(() => arena?.[Symbol.asyncDispose]());

  /** Refused, in whatever words, and nothing of the neighbour's in the answer. */
  async function refused(requests: Readonly<Record<string, string>>): Promise<void> {
    const answers = await ask('thief', Object.values(requests));
    for (const [index, name] of Object.keys(requests).entries()) {
      const answer = answers[index] ?? '';
      assert.match(answer, /^HTTP\/1\.1 40[0134] /, `${name}: ${answer}`);
      assert.doesNotMatch(answer, /"fine"|victim-secret/, name);
    }
  }

  test('the one that may does reach it, so that a refusal below means something', async () => {
    const answers = await ask('trusted', [
      signed(trusted.host, trusted, INVOKE),
      text('GET /', [['host', 'neighbour.internal']]),
    ]);
    assert.match(answers[0] ?? '', /^HTTP\/1\.1 200 [\s\S]*"fine"/);
    assert.doesNotMatch(answers[1] ?? '', /^HTTP\/1\.1 40[134] /);
  });

  test('by credentials that are not its own is refused, and so are those for what its role does not say', async () => {
    const form = (service: string, body: string): AwsRequest => ({
      ...{ method: 'POST', path: '/', service, body },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const role = 'arn:aws:iam::000000000000:role/skein/skein-hostile-trusted';
    await refused({
      'its own': signed(own.host, own, INVOKE),
      'a sibling’s': signed(own.host, trusted, INVOKE),
      'the owner’s': signed(own.host, owner, INVOKE),
      'its own key with a sibling’s token': signed(
        own.host,
        { ...own, sessionToken: trusted.sessionToken as string },
        INVOKE,
      ),
      'another host that is signed': signed('lambda.us-east-1.amazonaws.com', own, INVOKE),
      'another role': signed(
        own.host,
        own,
        form('sts', `Action=AssumeRole&Version=2011-06-15&RoleArn=${role}&RoleSessionName=x`),
      ),
      'a key of its own making': signed(
        own.host,
        own,
        form('iam', 'Action=CreateAccessKey&Version=2010-05-08&UserName=root'),
      ),
      'leave to be called': signed(own.host, own, {
        ...{ method: 'POST', path: '/2015-03-31/functions/hostile-neighbour/policy', service: 'lambda' },
        body: '{"Action":"lambda:InvokeFunction","Principal":"*","StatementId":"x"}',
      }),
      'its own code': signed(own.host, own, {
        ...{ method: 'PUT', path: '/2015-03-31/functions/hostile-thief/configuration', service: 'lambda' },
        body: `{"Role":"${role}"}`,
      }),
    });
  });

  test('by a forged host, path or token is refused', async () => {
    const at = (host: string, line = 'GET /') => text(line, [['host', host]]);
    await refused({
      'its key': at('neighbour.internal'),
      'its full name': at('hostile-neighbour.internal'),
      'in capitals': at('NEIGHBOUR.INTERNAL'),
      'with a dot': at('neighbour.internal.'),
      'with a port': at('neighbour.internal:9400'),
      'an absolute target': at(own.host, 'GET http://neighbour.internal/'),
      'two hosts': text('GET /', [
        ['host', own.host],
        ['host', 'neighbour.internal'],
      ]),
      'a forwarded host': text('GET /', [
        ['host', 'neighbour.internal'],
        ['x-forwarded-host', 'trusted.internal'],
      ]),
      'a signature on top': text('GET /', [
        ['host', 'neighbour.internal'],
        ...Object.entries(signedHeaders('neighbour.internal', trusted, { path: '/', service: 'lambda' })),
      ]),
      'its requests': at('neighbour.internal', 'GET /2018-06-01/runtime/invocation/next'),
      'its public host': at('hostile-neighbour.localhost'),
      'a sibling’s credentials': text('GET /credentials', [
        ['host', own.host],
        ['authorization', trusted.token],
      ]),
      'the node’s API': text('GET /api/v1/functions', [
        ['host', new URL(owner.control).host],
        ['authorization', `Bearer ${owner.token}`],
      ]),
      'a package': at(own.host, 'GET /packages/x?signature=00'),
    });
  });

  test('with bodies without end holds no more than its share, and keeps nobody from the node', async () => {
    const request = { method: 'POST', path: '/2015-03-31/functions', service: 'lambda' };
    const headers = Object.entries(signedHeaders(own.host, own, request));
    const lines = [['host', own.host], ...headers, ['content-length', String(69_000_000)]];
    const head = `POST /2015-03-31/functions HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n`;
    const attack = arena.attack('thief', 'half bodies', { head, count: 50, bytes: 3_000_000, ms: 20_000 });
    for (let n = 0; n < 5; n++) {
      await arena.neighbours();
      const [answer = ''] = await ask('trusted', [signed(trusted.host, trusted, INVOKE)]);
      assert.match(answer, /^HTTP\/1\.1 200 /);
    }
    const answers = (await attack).payload as string[];
    const turnedAway = answers.filter((answer) => answer.startsWith('HTTP/1.1 503'));
    assert.ok(turnedAway.length > 0, JSON.stringify(answers.slice(0, 5)));
  });
});
