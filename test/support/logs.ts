import type { RealNode } from './real-node.ts';

export interface LogEntry {
  readonly type: 'START' | 'END' | 'REPORT' | 'line';
  readonly requestId: string | null;
  readonly level: string | null;
  readonly message: string;
  readonly report?: Readonly<Record<string, number | string | null>>;
}

/** Every kept line of a function, as `skein logs --json` prints them. */
export async function logsOf(node: RealNode, name: string): Promise<LogEntry[]> {
  const { stdout } = await node.skein(['logs', name, '--json']);
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogEntry);
}
