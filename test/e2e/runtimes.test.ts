/** Runtimes from outside: what AWS publishes for functions to be made of runs as it is. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { machineRuntimes } from '../../src/cli/machine-runtimes.ts';
import { type AppFolder, appFolder } from '../support/app-folder.ts';
import { addPackages } from '../support/container-image.ts';
import { eventually } from '../support/eventually.ts';
import { type RealNode, startRealNode } from '../support/real-node.ts';

const INSTALLED = join(import.meta.dirname, '../runtimes');
const ADDED = join(INSTALLED, '.cache/home/runtimes');
const PACKAGES = join(INSTALLED, 'node/node_modules');
const SITE = join(INSTALLED, '.cache/python');
const installed = existsSync(PACKAGES) && existsSync(SITE) && existsSync(join(ADDED, 'java17/lib'));
const skip = installed ? false : 'needs test/runtimes/install.sh to have run';
const PYTHON = '/usr/bin/python3.11';

const NODE_APP = `exports.handler = async (event, context) => ({
  version: process.version.split('.')[0],
  environment: process.env.AWS_EXECUTION_ENV,
  remaining: context.getRemainingTimeInMillis() > 0,
});`;

const PYTHON_APP = `import os, sys
def handler(event, context):
    return {"version": "%d.%d" % sys.version_info[:2], "environment": os.environ.get("AWS_EXECUTION_ENV"),
            "remaining": context.get_remaining_time_in_millis() > 0}
`;

const JAVA_APP = `package shop;
import com.amazonaws.services.lambda.runtime.*;
import java.util.*;

public class Handler implements RequestHandler<Map<String, Object>, Map<String, Object>> {
  public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
    context.getLogger().log("a line of Java\\n");
    if (event.get("fail") != null) throw new IllegalStateException("as asked");
    Map<String, Object> answer = new TreeMap<>();
    answer.put("echo", event.get("echo"));
    answer.put("requestId", context.getAwsRequestId());
    answer.put("function", context.getFunctionName());
    answer.put("memory", context.getMemoryLimitInMB());
    answer.put("remaining", context.getRemainingTimeInMillis() > 0);
    answer.put("environment", System.getenv("AWS_EXECUTION_ENV"));
    answer.put("version", System.getProperty("java.specification.version"));
    return answer;
  }
}
`;

const POWERTOOLS_TS = `
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { Tracer } from '@aws-lambda-powertools/tracer';
import type { Context } from 'aws-lambda';

const logger = new Logger({ serviceName: 'shop' });
const metrics = new Metrics({ namespace: 'shop', serviceName: 'orders' });
const tracer = new Tracer({ enabled: false });

export const handler = async (event: { order: string }, context: Context) => {
  logger.addContext(context);
  logger.info('an order', { order: event.order });
  metrics.addMetric('orders', MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
  return { traced: tracer.isTracingEnabled() };
};
`;

/** The same as CommonJS, deployed with its node_modules as they are. */
const POWERTOOLS_CJS = `
const { Logger } = require('@aws-lambda-powertools/logger');
const logger = new Logger({ serviceName: 'plain' });
exports.handler = async (event, context) => {
  logger.addContext(context);
  logger.warn('as it is', { order: event.order });
  return 'plain';
};
`;

const POWERTOOLS_PYTHON = `
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2, event_source

logger = Logger(service="shop")
metrics = Metrics(namespace="shop", service="orders")

@logger.inject_lambda_context
@metrics.log_metrics
@event_source(data_class=APIGatewayProxyEventV2)
def handler(event: APIGatewayProxyEventV2, context):
    logger.info("an order", extra={"order": event.json_body["order"]})
    metrics.add_metric(name="orders", unit=MetricUnit.Count, value=1)
    return {"path": event.raw_path, "header": event.headers.get("x-test")}
`;

/** AWS's client for Python, started by hand as an image would start it. */
const RIC_BOOTSTRAP = `#!/bin/sh
cd "$LAMBDA_TASK_ROOT"
export PYTHONPATH="$LAMBDA_TASK_ROOT/site"
exec ${PYTHON} -m awslambdaric "$_HANDLER"
`;
const RIC_APP = `import os
def handler(event, context):
    if event.get("fail"):
        raise ValueError("as asked")
    print("a line of awslambdaric")
    return {"requestId": context.aws_request_id, "memory": context.memory_limit_in_mb,
            "arn": context.invoked_function_arn, "environment": os.environ.get("AWS_EXECUTION_ENV")}
`;

function compileJava(classes: string): void {
  const source = mkdtempSync(join(tmpdir(), 'skein-java-'));
  mkdirSync(join(source, 'shop'));
  writeFileSync(join(source, 'shop/Handler.java'), JAVA_APP);
  const lib = join(ADDED, 'java17/lib');
  const core = readdirSync(lib).find((name) => name.startsWith('aws-lambda-java-core'));
  execFileSync('javac', [
    '--release',
    '17',
    '-cp',
    join(lib, String(core)),
    '-d',
    classes,
    join(source, 'shop/Handler.java'),
  ]);
  rmSync(source, { recursive: true });
}

interface Line {
  readonly message: string;
}

suite('runtimes', { skip }, () => {
  let node: RealNode;
  let folder: AppFolder;
  before(async () => {
    folder = appFolder({});
    node = await startRealNode();
  });
  after(async () => {
    await node[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  async function deploy(name: string, functions: string): Promise<void> {
    folder.write(`${name}.d/x`, '');
    writeFileSync(join(folder.path, 'skein.yaml'), `app: ${name}\nfunctions:\n${functions}`);
    await node.skein(['deploy', folder.path]);
  }

  const lines = async (name: string): Promise<string[]> => {
    const { stdout } = await node.skein(['logs', name, '--json']);
    const text = stdout.trim().split('\n');
    return text.filter((line) => line !== '').map((line) => (JSON.parse(line) as Line).message);
  };

  test('one that is missing is refused with the command that brings it, and then it is there', async () => {
    folder.write('js/index.js', NODE_APP);
    const manifest = '  f: { runtime: nodejs22.x, handler: index.handler, code: ./js }\n';
    writeFileSync(join(folder.path, 'skein.yaml'), `app: node\nfunctions:\n${manifest}`);
    const refused = await node.skein(['deploy', folder.path, '--json'], { allowFailure: true });
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /"code":"runtime-unavailable".*skein runtime add nodejs22\.x/);
    mkdirSync(join(node.home, 'runtimes'));
    for (const name of readdirSync(ADDED)) symlinkSync(join(ADDED, name), join(node.home, 'runtimes', name));
    await deploy('node', manifest);
    const { payload } = await node.invoke('node-f');
    assert.deepEqual(payload, { version: 'v22', environment: 'AWS_Lambda_nodejs22.x', remaining: true });
  });

  test('every Node.js and Python that this machine has', async () => {
    const found = machineRuntimes(node.home, process.env).filter(
      ({ runtime, path }) => path !== null && /^(?:nodejs|python)/.test(runtime),
    );
    folder.write('js/index.js', NODE_APP);
    folder.write('py/index.py', PYTHON_APP);
    const entries = found.map(({ runtime }, index) => {
      const code = runtime.startsWith('nodejs') ? './js' : './py';
      return `  f${index}: { runtime: ${runtime}, handler: index.handler, code: ${code} }\n`;
    });
    await deploy('all', entries.join(''));
    for (const [index, { runtime }] of found.entries()) {
      const { payload } = await node.invoke(`all-f${index}`);
      const number = /\d+(?:\.\d+)?/.exec(runtime)?.[0];
      const version = runtime.startsWith('nodejs') ? `v${number?.split('.')[0]}` : number;
      assert.deepEqual(payload, { version, environment: `AWS_Lambda_${runtime}`, remaining: true });
    }
    assert.ok(found.length >= 3);
  });

  test('java17, by AWS’s runtime interface client', async () => {
    compileJava(join(folder.path, 'java'));
    await deploy(
      'java',
      '  f: { runtime: java17, handler: "shop.Handler::handleRequest", code: ./java, memory: 512MB, timeout: 30s }\n',
    );
    const { payload, requestId, functionError } = await node.invoke('java-f', { echo: [1, 'ü'] });
    assert.equal(functionError, null, JSON.stringify(payload));
    assert.deepEqual(payload, {
      echo: [1, 'ü'],
      requestId,
      function: 'java-f',
      memory: 512,
      remaining: true,
      environment: 'AWS_Lambda_java17',
      version: '17',
    });
    const failed = await node.invoke('java-f', { fail: true });
    assert.equal((failed.payload as { errorType: string }).errorType, 'java.lang.IllegalStateException');
    assert.equal((await node.invoke('java-f')).functionError, null);
    await eventually('its lines are kept', async () => (await lines('java-f')).includes('a line of Java'));
  });

  test('awslambdaric, as the bootstrap of provided.al2023', async () => {
    folder.write('ric/bootstrap', RIC_BOOTSTRAP);
    folder.write('ric/app.py', RIC_APP);
    cpSync(SITE, join(folder.path, 'ric/site'), { recursive: true });
    await deploy(
      'ric',
      '  f: { runtime: provided.al2023, handler: app.handler, code: ./ric, timeout: 10s }\n',
    );
    const { payload, requestId, functionError } = await node.invoke('ric-f');
    assert.equal(functionError, null, JSON.stringify(payload));
    assert.deepEqual(payload, {
      requestId,
      memory: '128',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:ric-f',
      environment: null,
    });
    const failed = await node.invoke('ric-f', { fail: true });
    assert.deepEqual((failed.payload as { errorMessage: string }).errorMessage, 'as asked');
    assert.equal((await node.invoke('ric-f')).functionError, null);
    await eventually('its lines are kept', async () =>
      (await lines('ric-f')).some((line) => line.includes('a line of awslambdaric')),
    );
  });

  test('Powertools for TypeScript: a logger, metrics, a tracer; bundled, and with node_modules as they are', async () => {
    folder.write('ts/index.ts', POWERTOOLS_TS);
    symlinkSync(PACKAGES, join(folder.path, 'ts/node_modules'));
    folder.write('cjs/index.js', POWERTOOLS_CJS);
    addPackages(join(folder.path, 'cjs'), PACKAGES, ['@aws-lambda-powertools', '@aws/lambda-invoke-store']);
    const settings = 'runtime: nodejs24.x, handler: index.handler, timeout: 10s, memory: 256MB';
    await deploy('tools', `  f: { ${settings}, code: ./ts }\n  plain: { ${settings}, code: ./cjs }\n`);
    const { payload, requestId, functionError } = await node.invoke('tools-f', { order: 'o-1' });
    assert.equal(functionError, null, JSON.stringify(payload));
    assert.deepEqual(payload, { traced: false });
    assert.equal((await node.invoke('tools-plain', { order: 'o-2' })).payload, 'plain');
    const documents = async (name: string) =>
      (await lines(name)).flatMap((line) => {
        const json = /\{.*\}/.exec(line)?.[0];
        return json === undefined ? [] : [JSON.parse(json) as Record<string, unknown>];
      });
    await eventually('the logger’s document is kept', async () =>
      (await documents('tools-f')).some(
        (one) => one.message === 'an order' && one.order === 'o-1' && one.function_request_id === requestId,
      ),
    );
    await eventually('so are the metrics', async () =>
      (await documents('tools-f')).some((one) => '_aws' in one && one.orders !== undefined),
    );
    await eventually('and those of the plain one', async () =>
      (await documents('tools-plain')).some((one) => one.message === 'as it is' && one.service === 'plain'),
    );
  });

  test('Powertools for Python: a logger, metrics, an event’s data class', async () => {
    folder.write('py3/index.py', POWERTOOLS_PYTHON);
    cpSync(SITE, join(folder.path, 'py3'), { recursive: true });
    await deploy(
      'pytools',
      '  f: { runtime: python3.11, handler: index.handler, code: ./py3, timeout: 10s, memory: 256MB }\n',
    );
    const answer = await node.request('pytools-f.localhost', {
      method: 'POST',
      path: '/orders',
      headers: { 'content-type': 'application/json', 'x-test': 'yes' },
      body: '{"order":"o-3"}',
    });
    assert.equal(answer.status, 200, answer.body.toString());
    assert.deepEqual(answer.json(), { path: '/orders', header: 'yes' });
    await eventually('its documents are kept', async () => {
      const text = (await lines('pytools-f')).join('\n');
      return text.includes('"message":"an order"') && text.includes('CloudWatchMetrics');
    });
  });
});
