/**
 * AWS's Lambda Web Adapter, as it is published: an extension that asks for work in the runtime's place and hands
 * it to an HTTP server that knows nothing of functions.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { startRealNode } from '../support/real-node.ts';
import { openRig, PYTHON, withoutOci, writeFiles } from './rig.ts';

const ADAPTER = join(import.meta.dirname, 'web-adapter/bin/lambda-adapter');
const inCi = process.env.CI === 'true';
const missing =
  inCi || existsSync(ADAPTER) ? false : `${ADAPTER} is missing: run test/extensions/web-adapter/build.sh`;

/** An HTTP API event, as the front door makes it. */
function httpEvent(path: string, body: string) {
  return {
    ...{ version: '2.0', routeKey: '$default', rawPath: path, rawQueryString: 'n=1' },
    headers: { host: 'web.localhost', 'content-type': 'text/plain' },
    requestContext: {
      ...{ accountId: '000000000000', apiId: 'api', domainName: 'web.localhost', domainPrefix: 'web' },
      http: { method: 'POST', path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      ...{ requestId: 'id', routeKey: '$default', stage: '$default', time: '', timeEpoch: 0 },
    },
    ...{ body, isBase64Encoded: false },
  };
}

const LAYER = () => ({
  'extensions/lambda-adapter': { program: readFileSync(ADAPTER) },
  // What the layer that AWS publishes has as its bootstrap: the handler is the program that is started.
  bootstrap: { program: `#!/bin/bash\nexec -- "$LAMBDA_TASK_ROOT/$_HANDLER"\n` },
});

const SERVERS = {
  'nodejs24.x': {
    'run.sh': { program: '#!/bin/sh\nexec node server.js\n' },
    'server.js': `require('node:http').createServer((request, response) => {
        let body = '';
        request.on('data', (piece) => { body += piece; });
        request.on('end', () => {
          response.writeHead(201, { 'content-type': 'text/plain', 'x-server': 'node' });
          response.end(request.method + ' ' + request.url + ' ' + body);
        });
      }).listen(process.env.PORT ?? 8080, '127.0.0.1');`,
  },
  'python3.11': {
    'run.sh': { program: `#!/bin/sh\nexec ${PYTHON} server.py\n` },
    'server.py': `from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(201)
        self.send_header("content-type", "text/plain")
        self.send_header("x-server", "python")
        self.end_headers()
        self.wfile.write(f"POST {self.path} ".encode() + body)
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
HTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
`,
  },
} as const;

for (const driver of ['process', 'oci'] as const) {
  const skip = missing || (driver === 'oci' && withoutOci);
  suite(`AWS’s web adapter, by the ${driver} driver`, { skip }, () => {
    for (const [runtime, code] of Object.entries(SERVERS) as [
      keyof typeof SERVERS,
      (typeof SERVERS)[keyof typeof SERVERS],
    ][]) {
      const noPython = runtime === 'python3.11' && !existsSync(PYTHON) && `${PYTHON} is missing`;
      test(`an HTTP server on ${runtime} answers requests it does not know to be events`, {
        skip: noPython,
      }, async () => {
        await using rig = await openRig(driver, {
          code,
          layers: [LAYER()],
          config: {
            ...{ runtime, handler: 'run.sh' },
            environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/bootstrap', AWS_LWA_READINESS_CHECK_PATH: '/' },
          },
        });
        for (const body of ['first', 'second']) {
          const recorded = rig.recorded();
          const result = await rig.invoke(httpEvent('/orders', body));
          assert.equal(result.kind, 'result', JSON.stringify(result.payload));
          const answer = result.payload as {
            statusCode: number;
            body: string;
            headers: Record<string, string>;
          };
          assert.deepEqual(
            { statusCode: answer.statusCode, body: answer.body, server: answer.headers['x-server'] },
            {
              statusCode: 201,
              body: `POST /orders?n=1 ${body}`,
              server: runtime === 'nodejs24.x' ? 'node' : 'python',
            },
          );
          assert.equal((await recorded).outcome, 'ok');
        }
      });
    }
  });
}

const MANIFEST = `
app: shop
functions:
  web:
    runtime: nodejs24.x
    handler: run.sh
    code: ./web
    layers: [ ./layers/web-adapter ]
    environment: { AWS_LAMBDA_EXEC_WRAPPER: /opt/bootstrap }
    timeout: 10s
`;

suite('AWS’s web adapter on a real node', { skip: missing || withoutOci }, () => {
  test('a server deployed with it as a layer answers at the front door', async () => {
    await using node = await startRealNode(['--driver', 'oci']);
    const folder = mkdtempSync(join(tmpdir(), 'skein-web-'));
    try {
      writeFiles(folder, { 'skein.yaml': MANIFEST });
      writeFiles(join(folder, 'web'), SERVERS['nodejs24.x']);
      writeFiles(join(folder, 'layers/web-adapter'), LAYER());
      await node.skein(['deploy', folder]);
    } finally {
      rmSync(folder, { recursive: true });
    }
    for (const body of ['first', 'second']) {
      const answer = await node.request('shop-web.localhost', { method: 'POST', path: '/orders?n=1', body });
      assert.deepEqual(
        [answer.status, answer.headers['x-server'], answer.body.toString()],
        [201, 'node', `POST /orders?n=1 ${body}`],
      );
    }
  });
});
