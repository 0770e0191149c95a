'use strict';
/** Errors as Lambda's Node.js runtime reports them. */
const { isNativeError } = require('node:util/types');

/** An error of the runtime itself; `name` is its errorType. */
class RuntimeError extends Error {
  /** @param {string} kind @param {string} message */
  constructor(kind, message) {
    super(message);
    this.name = `Runtime.${kind}`;
  }
}

/** @param {any} value @returns {value is Error} */
function looksLikeError(value) {
  return (
    value !== null &&
    typeof value === 'object' &&
    typeof value.name === 'string' &&
    typeof value.message === 'string' &&
    typeof value.stack === 'string'
  );
}

const OURS = `${__dirname}/`;

/** Frames of this runtime say nothing about the function. */
function withoutOurs(lines) {
  return lines.filter((line) => !line.includes(OURS));
}

/**
 * @param {any} error whatever was thrown
 * @returns {{errorType: string, errorMessage: string, trace: string[]}} the object that the caller sees
 */
function describe(error) {
  try {
    if (isNativeError(error) || looksLikeError(error)) {
      return {
        errorType: String(error.name),
        errorMessage: String(error.message),
        trace: withoutOurs(String(error.stack).split('\n')),
      };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch {
    return {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
      trace: [],
    };
  }
}

function forLog(_key, value) {
  if (!(value instanceof Error)) return value;
  const { name, message, code } = /** @type {NodeJS.ErrnoException} */ (value);
  /** @type {Record<string, unknown>} */
  const shown = { errorType: name, errorMessage: message, code, ...value };
  if (typeof value.stack === 'string') shown.stack = withoutOurs(value.stack.split('\n'));
  return shown;
}

/** Prints an error the way Lambda's runtime does: a title, a tab, and the error as JSON. */
function logError(title, error) {
  const subject = error instanceof Error ? error : new Error(String(error));
  let text;
  try {
    text = JSON.stringify(subject, forLog);
  } catch {
    text = JSON.stringify(describe(error));
  }
  console.error(`${title} \t${text}`);
}

/** A promise that nobody handled. */
function unhandledRejection(reason, promise) {
  let message;
  try {
    message = String(reason);
  } catch {
    message = 'the reason cannot be printed';
  }
  const error = new RuntimeError('UnhandledPromiseRejection', message);
  if (reason instanceof Error && typeof reason.stack === 'string') {
    error.stack = `${error.name}: ${message}\n${reason.stack.split('\n').slice(1).join('\n')}`;
  }
  return Object.assign(error, { reason, promise });
}

module.exports = { describe, logError, RuntimeError, unhandledRejection, withoutOurs };
