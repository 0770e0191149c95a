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

const NEVER_SETTLED =
  'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes';

/**
 * @typedef {{requestId: string, deadlineMs: number, functionArn: string, traceId: string,
 *   clientContext: string, event: string}} Work
 */

/**
 * @param {ReturnType<import('./channel.cjs').openChannel>} channel
 * @param {Function} handler
 * @param {Record<string, string>} constants the parts of the context that never change
 */
function createInvoker(channel, handler, constants) {
  const { sendResult, sendError } = reporter(channel);
  const streaming = isStreaming(handler);
  const isAsync = handler.constructor?.name === 'AsyncFunction';
  /** What to do when the event loop is empty; null while there is no invocation. */
  let onEmpty = null;
  let traceId = '';

  process.on('beforeExit', () => onEmpty?.());

  function end() {
    onEmpty = null;
    output.flush();
    channel.idle();
  }

  function succeed(result) {
    let json;
    try {
      json = JSON.stringify(result) ?? 'null';
    } catch {
      return fail(new Error('Unable to stringify response body'));
    }
    end();
    sendResult(json);
  }

  function fail(error) {
    logError('Invoke Error', error);
    end();
    sendError(TO_HOST.ERROR, error);
  }

  function invokeBuffered(event, context) {
    let settled = false;
    let waits = true;

    function once(action) {
      return (first, second) => {
        if (settled) return;
        settled = true;
        action(first, second);
      };
    }
    function done(error, result) {
      if (error === undefined || error === null) succeed(result);
      else fail(error);
    }
    function callback(error, result) {
      if (error !== undefined && error !== null) fail(error);
      else if (!waits) succeed(result);
      else onEmpty = () => setImmediate(succeed, result);
    }

    context.done = once(done);
    context.succeed = once(succeed);
    context.fail = once((error) => fail(error ?? 'handled'));
    Object.defineProperty(context, 'callbackWaitsForEmptyEventLoop', {
      configurable: true,
      enumerable: true,
      get: () => waits,
      set: (value) => {
        waits = value;
      },
    });
    onEmpty = () => {
      settled = true;
      if (isAsync) fail(new RuntimeError('NodeJsExit', NEVER_SETTLED));
      else succeed(null);
    };

    const answer = handler(event, context, once(callback));
    if (typeof answer?.then === 'function') answer.then(context.succeed, context.fail);
  }

  function invokeStreaming(event, context) {
    const { stream, hasStarted } = responseStream(channel, handler);
    let ended = false;

    function finish(error) {
      if (ended) return;
      ended = true;
      if (error !== null) logError('Invoke Error', error);
      end();
      if (error !== null && !hasStarted()) {
        stream.destroy();
        sendError(TO_HOST.ERROR, error);
      } else if (error !== null) {
        stream.destroy();
        sendError(TO_HOST.STREAM_DONE, error);
      } else {
        channel.sendText(TO_HOST.STREAM_DONE, '');
      }
    }

    context.callbackWaitsForEmptyEventLoop = true;
    onEmpty = () => finish('Response stream is not finished.');
    const failed = (error) => finish(error ?? 'handled');
    let answer;
    try {
      answer = handler(event, stream, context);
    } catch (error) {
      return failed(error);
    }
    if (typeof answer?.then !== 'function') return finish('Streaming does not support non-async handlers.');
    answer.then((result) => {
      if (result !== undefined) console.warn('Streaming handlers ignore return values.');
      if (stream.writableFinished) return finish(null);
      // A handler may leave an unawaited pipeline behind: the end of its stream is the end.
      const closed = () => finish(stream.errored ?? 'Response stream is not finished.');
      if (stream.destroyed) return closed();
      stream.once('finish', () => finish(null));
      stream.once('close', closed);
    }, failed);
  }

  function setTrace(id) {
    if (id === traceId) return;
    traceId = id;
    if (id === '') delete process.env._X_AMZN_TRACE_ID;
    else process.env._X_AMZN_TRACE_ID = id;
  }

  function contextOf(work) {
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

  return {
    /** @param {Work} work */
    invoke(work) {
      output.setRequest(work.requestId);
      setTrace(work.traceId);
      channel.busy();
      onEmpty = () => {};
      try {
        const event = JSON.parse(work.event);
        const context = contextOf(work);
        if (streaming) invokeStreaming(event, context);
        else invokeBuffered(event, context);
      } catch (error) {
        if (onEmpty !== null) fail(error);
      }
    },
    /** Reports what nobody caught. @returns whether there was an invocation to report it for */
    failLast(error) {
      if (onEmpty === null) return false;
      onEmpty = null;
      output.flush();
      sendError(TO_HOST.LAST_ERROR, error);
      return true;
    },
  };
}

module.exports = { createInvoker };
