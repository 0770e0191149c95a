/** Handlers as they are written for Lambda: every kind that must run as it is. */

const MANIFEST = `
app: lambda
functions:
  callback: { runtime: nodejs24.x, handler: callback.handler, code: ./js }
  async: { runtime: nodejs24.x, handler: async.handler, code: ./js, environment: { STAGE: test, AWS_REGION_HINT: none } }
  stream: { runtime: nodejs24.x, handler: stream.handler, code: ./js, timeout: 30s }
  typed: { runtime: nodejs24.x, handler: src/typed.handler, code: ./ts }
  module: { runtime: nodejs24.x, handler: index.handler, code: ./esm }
  logger: { runtime: nodejs24.x, handler: logger.handler, code: ./js }
  python: { runtime: python3.11, handler: app.lambda_handler, code: ./py, timeout: 10s }
  shell: { runtime: provided.al2023, handler: function.handler, code: ./sh, timeout: 30s }
  reply: { runtime: provided.al2023, handler: function.stream, code: ./sh, timeout: 30s }
`;

/** The bootstrap of AWS's tutorial on custom runtimes, which sources a script and calls a function of it. */
const BOOTSTRAP = `#!/bin/sh
set -eu
. "$LAMBDA_TASK_ROOT/$(echo "$_HANDLER" | cut -d. -f1).sh"
API="http://\${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation"
while true
do
  HEADERS="$(mktemp)"
  EVENT_DATA=$(curl -sS -LD "$HEADERS" "$API/next")
  REQUEST_ID=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
  "$(echo "$_HANDLER" | cut -d. -f2)" "$EVENT_DATA"
done
`;

const SHELL = `
handler() {
  echo "Processing $1" 1>&2
  curl -sS "$API/$REQUEST_ID/response" -d "Echoing request: '$1'" >/dev/null
}
stream() {
  GATE=$(printf %s "$1" | sed 's/.*"rawQueryString":"\\([^"]*\\)".*/\\1/')
  { printf 'first;'; curl -sS "$GATE"; printf ';last'; } | curl -sS -X POST -T - \\
    -H 'Transfer-Encoding: chunked' -H 'Lambda-Runtime-Function-Response-Mode: streaming' \\
    -H 'Content-Type: application/octet-stream' "$API/$REQUEST_ID/response" >/dev/null
}
`;

/** An app of one function for each kind of code, by path. */
export const LAMBDA_APP = {
  'skein.yaml': MANIFEST,
  'js/callback.js': `
    exports.handler = function (event, context, callback) {
      context.callbackWaitsForEmptyEventLoop = false;
      setInterval(() => {}, 1000);
      if (event.fail) callback(new Error('Cake not found'));
      else callback(null, { hello: event.name });
    };`,
  'js/async.js': `
    const fs = require('fs');
    const note = require('path').join(require('os').tmpdir(), 'note');
    exports.handler = async (event, context) => {
      fs.writeFileSync(note, 'kept');
      const { functionName, functionVersion, invokedFunctionArn, memoryLimitInMB, awsRequestId, logGroupName } = context;
      const names = ['AWS_LAMBDA_FUNCTION_NAME', 'AWS_LAMBDA_FUNCTION_VERSION', 'AWS_LAMBDA_FUNCTION_MEMORY_SIZE', 'AWS_REGION',
        'AWS_EXECUTION_ENV', '_HANDLER', 'TZ', 'STAGE', 'AWS_LAMBDA_RUNTIME_API'];
      return {
        context: { functionName, functionVersion, invokedFunctionArn, memoryLimitInMB, awsRequestId, logGroupName },
        remainingMs: context.getRemainingTimeInMillis(),
        env: Object.fromEntries(names.map((name) => [name, process.env[name] ?? null])),
        cwdIsTaskRoot: process.cwd() === process.env.LAMBDA_TASK_ROOT && __dirname === process.env.LAMBDA_TASK_ROOT,
        note: fs.readFileSync(note, 'utf8'),
      };
    };`,
  'js/stream.js': `
    exports.handler = awslambda.streamifyResponse(async (event, responseStream, context) => {
      const http = awslambda.HttpResponseStream.from(responseStream, {
        statusCode: 201, headers: { 'Content-Type': 'text/plain', 'X-Cake': 'cheese' }, cookies: ['a=1'] });
      http.write('first;');
      const go = await fetch(event.rawQueryString);
      http.write(await go.text());
      http.end(';last');
    });`,
  'js/logger.js': `
    exports.handler = async (event, context) => {
      console.log('plain for %s', event.who);
      console.error(new Error('worse'));
      console.warn(JSON.stringify({ level: 'warn', cake: 'lemon', slices: 8 }));
      process.stdout.write('straight to stdout\\n');
      process.stderr.write('straight to stderr\\n');
      return context.awsRequestId;
    };`,
  'ts/src/typed.ts': `
    import { findCake } from './cakes.ts';
    interface Order { readonly cake: string }
    export const handler = async (order: Order): Promise<string> => findCake(order.cake);
    `,
  'ts/src/cakes.ts': `
    export type Cake = 'lemon' | 'cheese';


    export function findCake(name: string): string {
      if (name !== 'lemon') throw new TypeError(\`no cake named \${name}\`);
      return name;
    }
    `,
  'esm/package.json': '{"type":"module"}',
  'esm/index.js': `
    import { setTimeout as later } from 'node:timers/promises';
    const ready = await later(5, 'baked before the first order');
    export const handler = async () => ready;`,
  'py/app.py': `
import json, logging, os, sys
logger = logging.getLogger()
logger.setLevel(logging.INFO)

def lambda_handler(event, context):
    if event.get("fail"):
        raise ValueError("no such cake")
    print("printed by python")
    print("to stderr", file=sys.stderr)
    logger.info("logged by python")
    print(json.dumps({"cake": "lemon", "slices": 8}))
    return {
        "remaining": context.get_remaining_time_in_millis(),
        "id": context.aws_request_id,
        "name": context.function_name,
        "arn": context.invoked_function_arn,
        "region": os.environ["AWS_REGION"],
    }
`,
  'sh/bootstrap': BOOTSTRAP,
  'sh/function.sh': SHELL,
};
