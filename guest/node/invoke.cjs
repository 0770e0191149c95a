'use strict';
/**
 * One invocation at a time: hands the event to the handler and its outcome to the host.
 *
 * An invocation ends once, by whatever comes first: a settled promise, a callback, `context.done`,
 * the end of its stream, or an event loop with nothing left to do. What a handler does after that
 * is its own affair until the next event.
 */
const output = require('./output.cjs');
const { logError, RuntimeError } = require('./errors.cjs');
const { reporter } = require('./report.cjs');
const { isStreaming, responseStream } = require('./stream.cjs');
const { TO_HOST } = require('./protocol.cjs');
const trace = require('./trace.cjs');

const NEVER_SETTLED =
  'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes';
const NOT_FINISHED = 'Response stream is not finished.';

/**
 * @typedef {{requestId: string, deadlineMs: number, functionArn: string, traceId: string,
 *   clientContext: string, event: string}} Work
 */

class Invoker {
  #channel;
  #handler;
  #constants;
  #report;
  #isStreaming;
  #isAsync;
  /** What to do when the event loop is empty; null while there is no invocation. */
  #onEmpty = null;

  /**
   * @param {InstanceType<typeof import('./channel.cjs')['Channel']>} channel
   * @param {Function} handler
   * @param {Record<string, string>} constants the parts of the context that never change
   */
  constructor(channel, handler, constants) {
    this.#channel = channel;
    this.#handler = handler;
    this.#constants = constants;
    this.#report = reporter(channel);
    this.#isStreaming = isStreaming(handler);
    this.#isAsync = handler.constructor?.name === 'AsyncFunction';
    process.on('beforeExit', () => this.#onEmpty?.());
  }

  /** Whether there is no invocation under way. */
  get isIdle() {
    return this.#onEmpty === null;
  }

  /** @param {Work} work */
  invoke(work) {
    output.setRequest(work.requestId);
    trace.set(work.traceId);
    this.#channel.busy();
    this.#onEmpty = () => {};
    try {
      const event = JSON.parse(work.event);
      const context = contextOf(work, this.#constants);
      if (this.#isStreaming) this.#invokeStreaming(event, context);
      else this.#invokeBuffered(event, context);
    } catch (error) {
      if (this.#onEmpty !== null) this.#fail(error);
    }
  }

  /** Reports what nobody caught, if there is an invocation to report it for. */
  failLast(error) {
    if (this.#onEmpty === null) return;
    this.#onEmpty = null;
    output.flush();
    this.#report.sendError(TO_HOST.LAST_ERROR, error);
  }

  #invokeBuffered(event, context) {
    let settled = false;
    let waits = true;
    const once = (action) => (first, second) => {
      if (settled) return;
      settled = true;
      action(first, second);
    };
    const succeed = (result) => this.#succeed(result);
    const done = (error, result) => {
      if (isGiven(error)) this.#fail(error);
      else this.#succeed(result);
    };
    const callback = (error, result) => {
      if (isGiven(error) || !waits) done(error, result);
      else this.#onEmpty = () => setImmediate(succeed, result);
    };
    context.done = once(done);
    context.succeed = once(succeed);
    context.fail = once((error) => this.#fail(error ?? 'handled'));
    Object.defineProperty(context, 'callbackWaitsForEmptyEventLoop', {
      configurable: true,
      enumerable: true,
      get: () => waits,
      set: (value) => {
        waits = value;
      },
    });
    this.#onEmpty = () => {
      settled = true;
      if (this.#isAsync) this.#fail(new RuntimeError('NodeJsExit', NEVER_SETTLED));
      else this.#succeed(null);
    };
    const answer = this.#handler(event, context, once(callback));
    if (typeof answer?.then === 'function') answer.then(context.succeed, context.fail);
  }

  #invokeStreaming(event, context) {
    const { stream, hasStarted } = responseStream(this.#channel, this.#handler);
    let ended = false;
    const finish = (error) => {
      if (ended) return;
      ended = true;
      this.#finishStream(stream, hasStarted(), error);
    };
    const failed = (error) => finish(error ?? 'handled');
    this.#onEmpty = () => finish(NOT_FINISHED);
    let answer;
    try {
      answer = this.#handler(event, stream, context);
    } catch (error) {
      failed(error);
      return;
    }
    if (typeof answer?.then !== 'function') finish('Streaming does not support non-async handlers.');
    else answer.then((result) => whenWritten(stream, result, finish), failed);
  }

  /** @param {unknown} error null: all is well */
  #finishStream(stream, hasStarted, error) {
    if (error !== null) logError('Invoke Error', error);
    this.#end();
    if (error === null) {
      this.#channel.sendText(TO_HOST.STREAM_DONE, '');
      return;
    }
    stream.destroy();
    this.#report.sendError(hasStarted ? TO_HOST.STREAM_DONE : TO_HOST.ERROR, error);
  }

  #succeed(result) {
    let json;
    try {
      json = JSON.stringify(result) ?? 'null';
    } catch {
      this.#fail(new Error('Unable to stringify response body'));
      return;
    }
    this.#end();
    this.#report.sendResult(json);
  }

  #fail(error) {
    logError('Invoke Error', error);
    this.#end();
    this.#report.sendError(TO_HOST.ERROR, error);
  }

  #end() {
    this.#onEmpty = null;
    output.flush();
    this.#channel.idle();
  }
}

function isGiven(error) {
  return error !== undefined && error !== null;
}

/** Calls `finish` when all is written: a handler may leave an unawaited pipeline behind. */
function whenWritten(stream, result, finish) {
  if (result !== undefined) console.warn('Streaming handlers ignore return values.');
  const closed = () => finish(stream.errored ?? NOT_FINISHED);
  if (stream.writableFinished) finish(null);
  else if (stream.destroyed) closed();
  else {
    stream.once('finish', () => finish(null));
    stream.once('close', closed);
  }
}

/** @param {Work} work @param {Record<string, string>} constants */
function contextOf(work, constants) {
  const { deadlineMs } = work;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: constants.functionVersion,
    functionName: constants.functionName,
    memoryLimitInMB: constants.memoryLimitInMB,
    logGroupName: constants.logGroupName,
    logStreamName: constants.logStreamName,
    clientContext: work.clientContext === '' ? undefined : JSON.parse(work.clientContext),
    identity: undefined,
    invokedFunctionArn: work.functionArn,
    awsRequestId: work.requestId,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
}

module.exports = { Invoker };
