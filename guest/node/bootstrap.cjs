'use strict';
/**
 * Lambda's Node.js runtime, inside a sandbox: says hello, waits for its code, runs it.
 *
 * Hello comes before everything that can wait: a booted process must be known as early as possible,
 * and while it waits for its code there is time to load the rest.
 */
const { Channel } = require('./channel.cjs');
const { PROTOCOL, FROM_HOST, TO_HOST } = require('./protocol.cjs');

const UNCAUGHT_EXCEPTION = 129;
const UNHANDLED_REJECTION = 128;

/** @type {InstanceType<typeof import('./invoke.cjs')['Invoker']> | null} */
let invoker = null;

/** For this process alone: the code's environment is Lambda's. */
const { SKEIN_CHANNEL: callTo } = process.env;
delete process.env.SKEIN_CHANNEL;

const channel = new Channel((kind, payload) => {
  if (kind === FROM_HOST.INVOKE && invoker !== null) invoker.invoke(readWork(payload));
  else if (kind === FROM_HOST.SETUP && invoker === null) setUp(JSON.parse(payload.toString()));
  else throw new Error(`a frame of kind ${kind} is not in the protocol`);
}, callTo);
channel.sendText(TO_HOST.HELLO, JSON.stringify({ protocol: PROTOCOL, runtime: 'nodejs24.x' }));

const compileCache = require('./compile-cache.cjs');
const output = require('./output.cjs');
const errors = require('./errors.cjs');
const { loadHandler } = require('./load.cjs');
const { Invoker } = require('./invoke.cjs');
const stream = require('./stream.cjs');
const { reporter } = require('./report.cjs');
const trace = require('./trace.cjs');

/** Header: deadline (8), length of the texts (4), texts separated by newlines; then the event. */
function readWork(payload) {
  const end = 12 + payload.readUInt32BE(8);
  const texts = payload.toString('utf8', 12, end);
  const first = texts.indexOf('\n');
  const second = texts.indexOf('\n', first + 1);
  const third = texts.indexOf('\n', second + 1);
  return {
    deadlineMs: payload.readDoubleBE(0),
    requestId: texts.slice(0, first),
    functionArn: texts.slice(first + 1, second),
    traceId: texts.slice(second + 1, third),
    clientContext: texts.slice(third + 1),
    event: payload.toString('utf8', end),
  };
}

async function setUp(setup) {
  output.install();
  stream.install();
  process.on('uncaughtException', (error) => end('Uncaught Exception', error, UNCAUGHT_EXCEPTION));
  process.on('unhandledRejection', (reason, promise) => {
    const error = errors.unhandledRejection(reason, promise);
    end('Unhandled Promise Rejection', error, UNHANDLED_REJECTION);
  });
  process.on('exit', sayGoodbye);
  channel.busy();
  let loadMs = 0;
  let compiled = compileCache.open(null);
  try {
    process.chdir(setup.taskRoot);
    Object.assign(process.env, setup.environment);
    trace.install();
    compiled = compileCache.open(setup.compileCache);
    const beganMs = performance.now();
    const handler = await loadHandler(setup.taskRoot, setup.handler);
    loadMs = performance.now() - beganMs;
    compiled.send(channel, loadMs);
    invoker = new Invoker(channel, handler, contextConstants(setup.environment));
  } catch (error) {
    end('Uncaught Exception', error, UNCAUGHT_EXCEPTION);
  }
  output.flush();
  channel.idle();
  channel.sendText(TO_HOST.READY, loadMs.toFixed(3));
  compiled.clear();
}

/** What a handler leaves behind may end the process after its answer; the next event may be on its way by then. */
function sayGoodbye() {
  if (invoker?.isIdle) channel.sendText(TO_HOST.GOODBYE, '');
}

function contextConstants(environment) {
  return {
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
  };
}

/** After what nobody caught, nothing the process holds can be trusted: it reports and ends. */
function end(title, error, exitCode) {
  errors.logError(title, error);
  if (invoker === null) reporter(channel).sendError(TO_HOST.INIT_ERROR, error);
  else invoker.failLast(error);
  process.exit(exitCode);
}
