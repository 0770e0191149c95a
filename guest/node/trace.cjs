'use strict';
/**
 * `process.env._X_AMZN_TRACE_ID`, which changes with every invocation.
 *
 * A real change of the environment is a call into the C library, which keeps every value it was ever
 * given: a busy function would lose 100 bytes of its memory to each request. So the value is kept
 * here, and the environment that user code sees answers with it.
 */
const NAME = '_X_AMZN_TRACE_ID';

let current = '';

function install() {
  /** @type {any} */
  const real = process.env;
  process.env = new Proxy(real, {
    get: (_, name) => (name === NAME ? current || undefined : real[name]),
    has: (_, name) => (name === NAME ? current !== '' : name in real),
    set(_, name, value) {
      if (name === NAME) current = String(value);
      else real[name] = value;
      return true;
    },
    deleteProperty(_, name) {
      if (name === NAME) current = '';
      return delete real[name];
    },
    ownKeys: () => (current === '' ? Reflect.ownKeys(real) : [...Reflect.ownKeys(real), NAME]),
    getOwnPropertyDescriptor(_, name) {
      if (name !== NAME) return Reflect.getOwnPropertyDescriptor(real, name);
      if (current === '') return undefined;
      return { value: current, writable: true, enumerable: true, configurable: true };
    },
  });
}

/** @param {string} id of the invocation's trace; empty: none */
function set(id) {
  current = id;
}

module.exports = { install, set };
