/**
 * Who may import whom. Imports go down only, types included; rooms on one level never import each
 * other; a room is entered by its index.ts; and no two files import each other in a circle.
 */
import { posix } from 'node:path';
import { type Finding, isNode, type Node, type Source, walk } from './source.ts';

/** From the top down. What is one step of the list is one level. */
export const LAYERS: readonly (readonly string[])[] = [
  ['cli'],
  ['server'],
  ['api', 'wire', 'gateway', 'telemetry'],
  ['manifest', 'control', 'sources'],
  ['events'],
  ['invoke'],
  ['instances'],
  ['runtimes', 'sandbox'],
  ['registry', 'metering', 'logs', 'identity', 'cluster', 'artifacts', 'resources'],
  ['store'],
  ['config'],
  ['model'],
  ['base'],
];

/** Rooms whose inner files are for anybody's tests: fakes, contracts, databases. */
const TEST_DOORS = /^(fake-clock|testing|contract|fake|.*-fixture|.*-for-tests)\.ts$/;

interface Import {
  readonly from: string;
  readonly to: string;
  readonly line: number;
}

export function checkLayers(sources: readonly Source[]): Finding[] {
  return sources
    .filter((source) => source.path.startsWith('src/'))
    .flatMap(importsOf)
    .flatMap((edge) => {
      const message = complaint(edge);
      return message === null ? [] : [{ path: edge.from, line: edge.line, message }];
    });
}

/** @returns one finding per circle of files that import each other when the program runs */
export function checkCycles(sources: readonly Source[]): Finding[] {
  const graph = new Map<string, string[]>();
  for (const source of sources)
    graph.set(
      source.path,
      importsOf(source).map((edge) => edge.to),
    );
  const findings: Finding[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const at = trail.indexOf(path);
    if (at !== -1) {
      const circle = [...trail.slice(at), path].join(' → ');
      findings.push({ path, line: 1, message: `imports itself in a circle: ${circle}` });
      return;
    }
    if (done.has(path)) return;
    trail.push(path);
    for (const next of graph.get(path) ?? []) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return findings;
}

function complaint({ from, to }: Import): string | null {
  const [room, target] = [roomOf(from), roomOf(to)];
  if (room === target) return null;
  const isTest = from.endsWith('.test.ts');
  const [above, below] = [levelOf(room), levelOf(target)];
  if (above === -1) return `the room "${room}" has no place in tools/check/layers.ts; give it one`;
  if (!to.startsWith('src/')) return to.startsWith('guest/') ? null : `src/ may not import ${to}`;
  if (below === -1) return `the room "${target}" has no place in tools/check/layers.ts; give it one`;
  if (below <= above && !isTest) {
    const how = below === above ? 'a neighbour' : 'a room above';
    return `${room} imports ${target}, ${how}: declare the few methods it needs, and meet in server.ts`;
  }
  const file = posix.basename(to);
  const door = file === 'index.ts' || to === 'src/server.ts';
  if (door || isForTests(from, file)) return null;
  return `imports ${to} past its door: use ${posix.join('src', target, 'index.ts')}`;
}

/** Test support may be used by tests and by other test support, never by the product. */
function isForTests(from: string, file: string): boolean {
  const supports = from.endsWith('.test.ts') || TEST_DOORS.test(posix.basename(from));
  return supports && TEST_DOORS.test(file);
}

function levelOf(room: string): number {
  return LAYERS.findIndex((level) => level.includes(room));
}

function roomOf(path: string): string {
  const [, room = ''] = path.split('/');
  return room.replace(/\.ts$/, '');
}

function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  walk(source.program, (node) => {
    const specifier = specifierOf(node);
    if (specifier === null || !specifier.startsWith('.')) return;
    const to = posix.join(posix.dirname(source.path), specifier);
    found.push({ from: source.path, to, line: source.lineOf(node.start) });
  });
  return found;
}

function specifierOf(node: Node): string | null {
  const imports = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression'];
  if (!imports.includes(node.type) || !isNode(node.source)) return null;
  return typeof node.source.value === 'string' ? node.source.value : null;
}
