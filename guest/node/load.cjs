'use strict';
/**
 * From `dir/file.export` to a function, by the rules of Lambda's Node.js runtime: the file as
 * named, then `.js`, `.mjs`, `.cjs`; a `.js` file is an ES module when its nearest package.json
 * says so; failing all of these, a package of node_modules.
 */
const fs = require('node:fs');
const path = require('node:path');
const { RuntimeError, withoutOurs } = require('./errors.cjs');

const FILE_AND_EXPORT = /^([^.]*)\.(.*)$/;

/**
 * @param {string} taskRoot absolute path of the unpacked package
 * @param {string} handler
 * @returns {Promise<Function>}
 * @throws {RuntimeError} with Lambda's names and messages; whatever the module itself throws passes through
 */
async function loadHandler(taskRoot, handler) {
  if (handler.includes('..')) {
    throw new RuntimeError(
      'MalformedHandlerName',
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const base = path.basename(handler);
  const folder = handler.slice(0, handler.indexOf(base));
  const match = FILE_AND_EXPORT.exec(base);
  if (match === null) throw new RuntimeError('MalformedHandlerName', 'Bad handler');

  const loaded = await loadModule(taskRoot, folder, match[1]);
  let found = loaded;
  for (const key of match[2].split('.')) found = found?.[key];
  if (!found) throw new RuntimeError('HandlerNotFound', `${handler} is undefined or not exported`);
  if (typeof found !== 'function') throw new RuntimeError('HandlerNotFound', `${handler} is not a function`);
  return found;
}

async function loadModule(taskRoot, folder, name) {
  try {
    return await loadFile(path.resolve(taskRoot, folder, name), taskRoot, name);
  } catch (error) {
    if (error instanceof SyntaxError) throw syntaxError(error);
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND')
      throw importError(error);
    throw error;
  }
}

async function loadFile(file, taskRoot, name) {
  if (isFile(file)) return require(file);
  const isModule = isFile(`${file}.js`) && inModulePackage(path.dirname(file));
  for (const extension of ['.js', '.mjs', '.cjs']) {
    const candidate = file + extension;
    if (!isFile(candidate)) continue;
    if (isFile(`${candidate}.map`)) process.setSourceMapsEnabled(true);
    if (extension === '.mjs' || (extension === '.js' && isModule)) return importModule(candidate);
    return require(candidate);
  }
  return require(require.resolve(name, { paths: [taskRoot, path.dirname(file)] }));
}

/**
 * `require` of an ES module takes half the time of the first `import()`; only a module that
 * awaits at its top level needs the latter, and has not run when `require` says so. An older Node.js
 * requires no ES module at all.
 */
async function importModule(file) {
  try {
    return require(file);
  } catch (error) {
    if (error?.code !== 'ERR_REQUIRE_ASYNC_MODULE' && error?.code !== 'ERR_REQUIRE_ESM') throw error;
    return import(require('node:url').pathToFileURL(file).href);
  }
}

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

function inModulePackage(folder) {
  for (let at = folder; !at.endsWith('/node_modules'); at = path.dirname(at)) {
    const type = packageType(path.join(at, 'package.json'));
    if (type !== undefined) return type === 'module';
    if (at === path.dirname(at)) return false;
  }
  return false;
}

function packageType(file) {
  let text;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text).type ?? 'commonjs';
  } catch (error) {
    console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
    return 'commonjs';
  }
}

/** Keeps the place: V8 prints file, line and source before the message. */
function syntaxError(error) {
  const wrapped = new RuntimeError('UserCodeSyntaxError', String(error));
  wrapped.stack = [
    `${wrapped.name}: ${wrapped.message}`,
    ...withoutOurs(String(error.stack).split('\n')),
  ].join('\n');
  return wrapped;
}

function importError(error) {
  const message = withoutOurs(String(error).split('\n')).join('\n');
  const wrapped = new RuntimeError('ImportModuleError', message);
  const frames = String(error.stack)
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
  wrapped.stack = [`${wrapped.name}: ${message}`, ...withoutOurs(frames)].join('\n');
  return wrapped;
}

module.exports = { loadHandler };
