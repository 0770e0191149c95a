import { globSync, readFileSync } from 'node:fs';
import { parseSync } from 'oxc-parser';

/** A node of a syntax tree (ESTree). Only what the checks look at. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** One file of the project, parsed once for all checks. */
export interface Source {
  /** Relative to the project's folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly program: Node;
  lineOf(offset: number): number;
}

/** Something that a check has found: where, and what to do about it. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** Every TypeScript and JavaScript file that is ours, by the patterns given. */
export function readSources(root: string, patterns: readonly string[]): Source[] {
  const paths = globSync([...patterns], { cwd: root, exclude: (path) => /node_modules|\/dist\//.test(path) });
  return paths.sort().map((path) => sourceOf(path, readFileSync(`${root}/${path}`, 'utf8')));
}

/** @throws when the text cannot be parsed */
export function sourceOf(path: string, text: string): Source {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const lineOf = (offset: number) => {
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return { path, text, program: program as unknown as Node, lineOf };
}

/** Calls `visit` for every node below `node`, parents first. */
export function walk(node: Node, visit: (node: Node, parent: Node | null) => void): void {
  const step = (current: Node, parent: Node | null): void => {
    visit(current, parent);
    for (const value of Object.values(current)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (isNode(child)) step(child, current);
      }
    }
  };
  step(node, null);
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}
