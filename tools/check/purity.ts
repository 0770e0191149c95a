/**
 * What only some rooms may do: read the time or chance, read the environment, speak SQL, and
 * what none may: export a default.
 */
import { type Finding, isNode, type Node, type Source, walk } from './source.ts';

const OWNERS_OF_TIME = /^src\/(base|config|cli)\/|\.test\.ts$|\/testing\.ts$|-(fixture|for-tests)\.ts$/;
const OWNER_OF_SQL = /^src\/store\/|\.test\.ts$/;
const TIMERS = ['setTimeout', 'setInterval'];
const MEMBERS = ['Date.now', 'Math.random', 'process.env', 'performance.now'];
const SQL_START =
  /^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|GRANT|REVOKE|LISTEN|NOTIFY)\s/;

/** Exceptions, each with its reason: `path#what`. */
export const ALLOWED: Readonly<Record<string, string>> = {};

export function checkPurity(source: Source, allowed: Readonly<Record<string, string>> = ALLOWED): Finding[] {
  if (!source.path.startsWith('src/')) return [];
  const findings: Finding[] = [];
  walk(source.program, (node, parent) => {
    const found = forbidden(source.path, node, parent);
    if (found === null || `${source.path}#${found.what}` in allowed) return;
    const line = source.lineOf(node.start);
    findings.push({ path: source.path, line, message: `${found.what}: ${found.instead}` });
  });
  return findings;
}

function forbidden(path: string, node: Node, parent: Node | null): { what: string; instead: string } | null {
  if (node.type === 'ExportDefaultDeclaration') {
    return { what: 'export default', instead: 'export it by its name' };
  }
  if (!OWNERS_OF_TIME.test(path)) {
    const what = timeOrChance(node, parent);
    if (what === 'process.env') return { what, instead: 'take an option; config/ reads the environment' };
    if (what !== null) return { what, instead: 'take a Clock or a Random (src/base)' };
  }
  if (!OWNER_OF_SQL.test(path) && node.type === 'TaggedTemplateExpression' && isSql(node)) {
    return { what: 'SQL', instead: 'write the query in src/store and call it' };
  }
  return null;
}

function timeOrChance(node: Node, parent: Node | null): string | null {
  if (node.type === 'CallExpression' && isNode(node.callee) && TIMERS.includes(String(node.callee.name))) {
    return String(node.callee.name);
  }
  if (node.type === 'NewExpression' && isNode(node.callee) && node.callee.name === 'Date') {
    return (node.arguments as Node[]).length === 0 ? 'new Date()' : null;
  }
  if (node.type !== 'MemberExpression' || !isNode(node.object) || !isNode(node.property)) return null;
  const name = `${String(node.object.name)}.${String(node.property.name)}`;
  return MEMBERS.includes(name) && parent?.type !== 'TSTypeQuery' ? name : null;
}

function isSql(node: Node): boolean {
  const quasi = node.quasi as Node;
  const [first] = quasi.quasis as { value: { raw: string } }[];
  return SQL_START.test(first?.value.raw ?? '');
}
