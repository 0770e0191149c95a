/**
 * How long things may get: a file 400 lines, a function 50 lines and 3 positional parameters.
 *
 * A function that holds others (a factory: state, and the closures over it) is to them what a class
 * is to its methods. Their lines count as theirs, and the whole may have 150.
 */
import { type Finding, isNode, type Node, type Source, walk } from './source.ts';

const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 50;
const MAX_FACTORY_LINES = 150;
const MAX_PARAMETERS = 3;

/** Exceptions, each with its reason. Keys are `path` or `path#function`. */
export const ALLOWED: Readonly<Record<string, string>> = {
  'src/server.ts#startNode':
    'the composition root: one list of objects, in the order in which they are built',
};

/** Made by a tool, read by nobody from top to bottom: what AWS's models say, as types. */
const GENERATED = /^src\/wire\/aws\/models\/[\w-]+\.types\.ts$/;

const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];

export function checkSizes(source: Source, allowed: Readonly<Record<string, string>> = ALLOWED): Finding[] {
  if (GENERATED.test(source.path)) return [];
  const findings: Finding[] = [];
  const lines = source.text.trimEnd().split('\n').length;
  const isTest = /\.test\.(ts|js|mjs)$/.test(source.path);
  if (lines > MAX_FILE_LINES && !(source.path in allowed)) {
    findings.push({
      path: source.path,
      line: 1,
      message: `${lines} lines; at most ${MAX_FILE_LINES}: split it`,
    });
  }
  walk(source.program, (node, parent) => {
    if (!FUNCTIONS.includes(node.type)) return;
    const name = nameOf(node, parent);
    if (`${source.path}#${name}` in allowed) return;
    const line = source.lineOf(node.start);
    const length = source.lineOf(node.end) - line + 1;
    const own = length - linesOfInner(node, source);
    // a test's suite is a function only by its form
    if (!isTest && !isSuite(parent) && (own > MAX_FUNCTION_LINES || length > MAX_FACTORY_LINES)) {
      const message =
        own > MAX_FUNCTION_LINES
          ? `${name} has ${own} lines of its own; at most ${MAX_FUNCTION_LINES}: give parts of it names`
          : `${name} has ${length} lines; a function that holds others at most ${MAX_FACTORY_LINES}: split it`;
      findings.push({ path: source.path, line, message });
    }
    const parameters = (node.params as Node[]).filter(
      (parameter) => parameter.type !== 'TSParameterProperty',
    );
    if (parameters.length > MAX_PARAMETERS && !isCallback(parent)) {
      const message = `${name} takes ${parameters.length} parameters; at most ${MAX_PARAMETERS}: pass an object`;
      findings.push({ path: source.path, line, message });
    }
  });
  return findings;
}

function nameOf(node: Node, parent: Node | null): string {
  const names = [node.id, parent?.id, parent?.key];
  for (const name of names) if (isNode(name) && typeof name.name === 'string') return name.name;
  return 'a function';
}

/** Given to somebody else's function, which decides what it is called with. */
function isCallback(parent: Node | null): boolean {
  return parent?.type === 'CallExpression';
}

/** `suite('…', () => {…})`, also in the contract suites that are not test files themselves. */
function isSuite(parent: Node | null): boolean {
  if (parent?.type !== 'CallExpression' || !isNode(parent.callee)) return false;
  return ['suite', 'describe', 'test'].includes(String(parent.callee.name));
}

/** Lines of the functions right inside a function that have a name (or are a test) and more than one line. */
function linesOfInner(outer: Node, source: Source): number {
  let lines = 0;
  let skipUntil = -1;
  walk(outer, (node, parent) => {
    if (node === outer || node.start < skipUntil || !FUNCTIONS.includes(node.type)) return;
    const length = source.lineOf(node.end) - source.lineOf(node.start) + 1;
    if (length === 1 || (nameOf(node, parent) === 'a function' && !isSuite(parent))) return;
    lines += length;
    skipUntil = node.end;
  });
  return lines;
}
