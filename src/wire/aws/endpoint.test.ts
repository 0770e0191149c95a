/** The endpoint over a real listener, with services and an identity by hand. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, before, beforeEach, suite, test } from 'node:test';
import { Fault } from '../../base/index.ts';
import { ROOT } from '../../identity/index.ts';
import { createAwsEndpoint, isAwsRequest } from './endpoint.ts';
import { AwsError, type ModelDocument, readModel, ServiceModel } from './protocol/index.ts';
import type { AnyOperation, AwsCall, AwsService } from './service.ts';

const QUEUE: ModelDocument = {
  metadata: {
    protocol: 'json',
    jsonVersion: '1.0',
    apiVersion: '2012-11-05',
    targetPrefix: 'AmazonQueue',
    signingName: 'queue',
  },
  operations: {
    Send: {
      name: 'Send',
      http: { method: 'POST', requestUri: '/' },
      input: { shape: 'Message' },
      output: { shape: 'Message' },
    },
  },
  shapes: {
    Message: { type: 'structure', members: { Body: { shape: 'String' } } },
    String: { type: 'string' },
  },
};
const BUCKET: ModelDocument = {
  metadata: { protocol: 'rest-xml', apiVersion: '2006-03-01', signingName: 's3', serviceId: 'S3' },
  operations: {
    PutObject: {
      name: 'PutObject',
      http: { method: 'PUT', requestUri: '/{Bucket}/{Key+}' },
      input: { shape: 'Put' },
    },
    GetObject: {
      name: 'GetObject',
      http: { method: 'GET', requestUri: '/{Bucket}/{Key+}' },
      input: { shape: 'Get' },
      output: { shape: 'Got' },
    },
  },
  shapes: {
    Put: {
      type: 'structure',
      payload: 'Body',
      members: {
        Bucket: { shape: 'String', location: 'uri' },
        Key: { shape: 'String', location: 'uri' },
        Body: { shape: 'Body' },
      },
    },
    Get: {
      type: 'structure',
      members: { Bucket: { shape: 'String', location: 'uri' }, Key: { shape: 'String', location: 'uri' } },
    },
    Got: { type: 'structure', payload: 'Body', members: { Body: { shape: 'Body' } } },
    Body: { type: 'blob', streaming: true },
    String: { type: 'string' },
  },
};

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const scope = (service: string) =>
  `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`;

/** Of a caller who signs in a way that does not say for which service. */
const UNSCOPED = 'AWS4-HMAC-SHA256 Signature=00';

suite('the AWS endpoint', () => {
  const bugs: unknown[] = [];
  const calls: { input: unknown; call: AwsCall }[] = [];
  let act: (input: never, call: AwsCall) => Promise<unknown>;
  let server: Server;
  let port = 0;

  const perform: AnyOperation = async (input, call) => {
    calls.push({ input, call });
    return act(input, call);
  };
  const service = (model: ServiceModel, names: readonly string[], maxBytes = 1_000): AwsService => ({
    model,
    operations: Object.fromEntries(names.map((name) => [name, perform])),
    errorOf: (fault) =>
      fault.code === 'function-not-found' ? new AwsError('ResourceNotFoundException', 'gone') : null,
    maxBodyBytes: () => maxBytes,
  });

  before(async () => {
    const endpoint = createAwsEndpoint({
      services: [
        service(
          readModel('lambda'),
          ['GetFunction', 'Invoke', 'CreateFunction', 'InvokeWithResponseStream'],
          100_000,
        ),
        service(readModel('iam'), ['GetRole']),
        service(new ServiceModel(QUEUE), ['Send']),
        service(new ServiceModel(BUCKET), ['PutObject', 'GetObject']),
      ],
      accountId: '000000000000',
      region: 'us-east-1',
      async verify({ rawHeaders }) {
        if (rawHeaders.includes('x-test-wrong'))
          throw new Fault('signature-invalid', 'The signature is wrong.');
        return {
          principal: ROOT,
          signed: { accessKeyId: 'AKID', service: '', region: '', presigned: false },
          bodyCheck: null,
        };
      },
      authorize: ({ action }) => {
        if (action === 'test:Never')
          throw new Fault('access-denied', 'User: a is not authorized to perform: test:Never');
      },
      clock: { wallMs: () => 0 },
      newRequestId: () => 'request-1',
      onBug: (error) => bugs.push(error),
    });
    server = createServer((asked, response) => void endpoint(asked, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as { port: number }).port;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    act = async () => ({});
    calls.length = 0;
    bugs.length = 0;
  });

  async function ask(
    path: string,
    asked: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
  ): Promise<Answer> {
    const sent = request({
      port,
      path,
      method: asked.method ?? 'GET',
      headers: { authorization: UNSCOPED, ...asked.headers },
      agent: false,
    });
    sent.end(asked.body);
    const [got] = await once(sent, 'response');
    return { status: got.statusCode, headers: got.headers, text: (await buffer(got)).toString() };
  }

  async function answerToHead(...lines: string[]): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    const signed = `host: x\r\nauthorization: ${scope('lambda')}`;
    socket.write(`POST /2015-03-31/functions HTTP/1.1\r\n${signed}\r\n${lines.join('\r\n')}\r\n\r\n`);
    const [answer] = await once(socket, 'data');
    socket.destroy();
    return String(answer);
  }

  test('a service is known by scope, host, path, target and action', async () => {
    const models: readonly (readonly [string, Parameters<typeof ask>])[] = [
      ['GetFunction', ['/2015-03-31/functions/f', { headers: { authorization: scope('lambda') } }]],
      ['GetFunction', ['/2015-03-31/functions/f']],
      [
        'GetFunction',
        ['/2015-03-31/functions/f?X-Amz-Credential=A%2F20260101%2Fus-east-1%2Flambda%2Faws4_request'],
      ],
      [
        'GetRole',
        [
          '/',
          { method: 'POST', headers: { authorization: scope('iam') }, body: 'Action=GetRole&RoleName=r' },
        ],
      ],
      [
        'GetRole',
        ['/', { method: 'POST', headers: { host: 'iam.amazonaws.com' }, body: 'Action=GetRole&RoleName=r' }],
      ],
      ['GetRole', ['/?Action=GetRole&RoleName=r', {}]],
      ['Send', ['/', { method: 'POST', headers: { 'x-amz-target': 'AmazonQueue.Send' }, body: '{}' }]],
      ['GetObject', ['/b/k/l', { headers: { authorization: scope('s3') } }]],
    ];
    for (const [operation, asked] of models) {
      const { status } = await ask(...asked);
      assert.equal(status, 200, asked[0]);
      assert.equal(calls.at(-1)?.call.operation, operation);
    }
  });

  test('answers carry the request id, in each form', async () => {
    const lambda = await ask('/2015-03-31/functions/f');
    assert.equal(lambda.headers['x-amzn-requestid'], 'request-1');
    assert.equal(lambda.headers['content-type'], 'application/json');
    const iam = await ask('/?Action=GetRole&RoleName=r');
    assert.match(iam.text, /<RequestId>request-1<\/RequestId>/);
    assert.equal(
      (await ask('/b/k', { headers: { authorization: scope('s3') } })).headers['x-amz-request-id'],
      'request-1',
    );
  });

  test('refusals are in the form of the service that was meant', async () => {
    act = () => Promise.reject(new AwsError('ResourceNotFoundException', 'no f'));
    const lambda = await ask('/2015-03-31/functions/f');
    assert.equal(lambda.status, 404);
    assert.equal(lambda.headers['x-amzn-errortype'], 'ResourceNotFoundException');
    assert.deepEqual(JSON.parse(lambda.text), { Type: 'User', Message: 'no f' });
    act = () => Promise.reject(new AwsError('NoSuchEntityException', 'no r'));
    const iam = await ask('/?Action=GetRole&RoleName=r');
    assert.equal(iam.status, 404);
    assert.match(iam.text, /<Type>Sender<\/Type><Code>NoSuchEntity<\/Code><Message>no r<\/Message>/);
    act = () => Promise.reject(new AwsError('Whatever', 'no m'));
    const queue = await ask('/', {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonQueue.Send' },
      body: '{}',
    });
    assert.deepEqual([queue.status, JSON.parse(queue.text)], [400, { __type: 'Whatever', message: 'no m' }]);
  });

  test('throttling says when to come back', async () => {
    act = () =>
      Promise.reject(
        new AwsError('TooManyRequestsException', 'Rate Exceeded.', {
          retryAfterSeconds: 2,
          members: { Reason: 'ConcurrentInvocationLimitExceeded' },
        }),
      );
    const { status, headers, text } = await ask('/2015-03-31/functions/f');
    assert.equal(status, 429);
    assert.equal(headers['retry-after'], '2');
    assert.equal(JSON.parse(text).Reason, 'ConcurrentInvocationLimitExceeded');
  });

  test("faults are the service's to word, then identity's, then their blame's", async () => {
    const table: readonly (readonly [Fault, number, string])[] = [
      [new Fault('function-not-found', 'x'), 404, 'ResourceNotFoundException'],
      [new Fault('access-denied', 'x'), 403, 'AccessDeniedException'],
      [new Fault('bad-request', 'x'), 400, 'ValidationException'],
      [new Fault('concurrency-exceeded', 'x'), 429, 'ThrottlingException'],
      [new Fault('database-unavailable', 'x'), 500, 'ServiceException'],
    ];
    for (const [fault, status, code] of table) {
      act = () => Promise.reject(fault);
      const answer = await ask('/2015-03-31/functions/f');
      assert.deepEqual([answer.status, answer.headers['x-amzn-errortype']], [status, code]);
    }
    assert.deepEqual(bugs, []);
  });

  test('a bug is told to the log, and to the caller only by its id', async () => {
    act = () => Promise.reject(new Error('secret path'));
    const { status, text } = await ask('/2015-03-31/functions/f');
    assert.equal(status, 500);
    assert.doesNotMatch(text, /secret path/);
    assert.match(text, /request-1/);
    assert.equal((bugs[0] as Error).message, 'secret path');
  });

  test('a wrong signature is refused before the operation is known to exist or the input is read', async () => {
    for (const path of ['/2015-03-31/functions/f', '/2015-03-31/nothing', '/2015-03-31/functions/a%20b']) {
      const { status, headers } = await ask(path, { headers: { 'x-test-wrong': '1' } });
      assert.deepEqual([status, headers['x-amzn-errortype']], [403, 'InvalidSignatureException']);
    }
  });

  test('what is missing, in each form', async () => {
    const path = await ask('/2015-03-31/nothing');
    assert.deepEqual([path.status, path.headers['x-amzn-errortype']], [404, 'UnknownOperationException']);
    const known = await ask('/2015-03-31/functions');
    assert.deepEqual([known.status, known.headers['x-amzn-errortype']], [404, 'UnknownOperationException']);
    const action = await ask('/', {
      method: 'POST',
      headers: { authorization: scope('iam') },
      body: 'Action=Nothing',
    });
    assert.equal(action.status, 400);
    assert.match(action.text, /<Code>InvalidAction<\/Code>/);
    const target = await ask('/', {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonQueue.Nothing' },
      body: '{}',
    });
    assert.equal(JSON.parse(target.text).__type, 'UnknownOperationException');
  });

  test('a permission that is refused reads as AWS says it', async () => {
    act = async (_input, call) => call.authorize('test:Never', '*');
    const { status, headers, text } = await ask('/2015-03-31/functions/f');
    assert.deepEqual([status, headers['x-amzn-errortype']], [403, 'AccessDeniedException']);
    assert.match(JSON.parse(text).Message, /is not authorized to perform: test:Never/);
  });

  test('of who claims no signature nothing is read', async () => {
    const head = await answerToHead('content-length: 100001');
    assert.match(head, /^HTTP\/1\.1 413 /);
    assert.match(head, /x-amzn-errortype: RequestEntityTooLargeException/i);
    assert.match(head, /Request must be smaller than 100000 bytes for the CreateFunction operation/);
    assert.match(await answerToHead('content-length: 99000', 'x-test-wrong: 1'), /^HTTP\/1\.1 403 /);
    const chunked = await ask('/2015-03-31/functions/f/invocations', {
      method: 'POST',
      headers: { 'transfer-encoding': 'chunked' },
      body: Buffer.alloc(100_001),
    });
    assert.equal(chunked.status, 413);
    assert.equal(calls.length, 0);
  });

  test('a streamed body comes as a stream, a streamed answer goes as one', async () => {
    act = async (input: { Body: AsyncIterable<Buffer> }) => {
      const parts = await Array.fromAsync(input.Body);
      calls.push({ input: Buffer.concat(parts).length, call: calls[0]!.call });
      return {};
    };
    const headers = { authorization: scope('s3'), 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    assert.equal((await ask('/b/k', { method: 'PUT', headers, body: Buffer.alloc(200_000) })).status, 200);
    assert.equal(calls.at(-1)?.input, 200_000);
    act = async () => ({
      Body: (async function* () {
        yield Buffer.from('a');
        yield Buffer.from('b');
      })(),
    });
    assert.equal((await ask('/b/k', { headers })).text, 'ab');
  });

  test('an event stream that fails tells so in its last message', async () => {
    act = async () => ({
      EventStream: (async function* () {
        yield { PayloadChunk: { Payload: Buffer.from('a') } };
        throw new Error('lost');
      })(),
    });
    const answer = await ask('/2021-11-15/functions/f/response-streaming-invocations', { method: 'POST' });
    assert.equal(answer.headers['content-type'], 'application/vnd.amazon.eventstream');
    assert.match(answer.text, /ServiceException/);
    assert.doesNotMatch(answer.text, /lost/);
    assert.equal(bugs.length, 1);
  });

  test('an operation learns that its caller is gone', async () => {
    const running = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    act = (_input, call) => {
      call.signal.addEventListener('abort', () => aborted.resolve());
      running.resolve();
      return new Promise((_resolve, reject) =>
        call.signal.addEventListener('abort', () => reject(call.signal.reason)),
      );
    };
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET /2015-03-31/functions/f HTTP/1.1\r\nhost: x\r\nauthorization: ${UNSCOPED}\r\n\r\n`);
    await running.promise;
    socket.destroy();
    await aborted.promise;
    assert.deepEqual(bugs, []);
  });

  test('long code in JSON arrives whole', async () => {
    const zip = Buffer.alloc(60_000, 3);
    const body = JSON.stringify({
      FunctionName: 'f',
      Role: 'arn:aws:iam::000000000000:role/r',
      Code: { ZipFile: zip.toString('base64') },
    });
    assert.equal((await ask('/2015-03-31/functions', { method: 'POST', body })).status, 201);
    const { Code } = calls[0]!.input as { Code: { ZipFile: Buffer } };
    assert.deepEqual(Code.ZipFile, zip);
  });
});

test('what speaks to an AWS API, and what does not', () => {
  const asked = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
    isAwsRequest({ url, headers, method } as never);
  assert.ok(asked('/2015-03-31/functions'));
  assert.ok(asked('/', { authorization: scope('iam') }, 'POST'));
  assert.ok(asked('/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256'));
  assert.ok(asked('/', { 'x-amz-target': 'A.B' }, 'POST'));
  assert.ok(asked('/', { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }, 'POST'));
  assert.ok(!asked('/api/v1/functions', { authorization: 'Bearer x' }));
  assert.ok(!asked('/healthz'));
  assert.ok(!asked('/'));
});
