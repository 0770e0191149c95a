/** How commands print. Documents and tables go to stdout; progress and troubles to stderr. */
import { Fault } from '../base/index.ts';

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(document: unknown): void {
  print(JSON.stringify(document));
}

/** For people only: what is going on, and what went wrong. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A line of a node's own log: on stderr, which is node.log for a detached node. */
export function nodeLog(line: string): void {
  note(`${new Date().toISOString()} ${line}`);
}

/**
 * Columns, each as wide as its widest cell.
 *
 * @param right columns that are aligned to the right (numbers)
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (right.includes(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(line).join('\n');
}

/** `0.84 ms`, `12.3 ms`, `1,204 ms` */
export function milliseconds(ms: number): string {
  const digits = ms < 10 ? 2 : ms < 100 ? 1 : 0;
  return `${ms.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })} ms`;
}

/** `12.3 KB`, with 1 KB = 1024 bytes. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const kb = count / 1024;
  return kb < 1024 ? `${kb.toFixed(1)} KB` : `${(kb / 1024).toFixed(1)} MB`;
}

/**
 * A call that can be tried on any machine: not every system resolves `*.localhost`, so the request
 * goes to the gateway's address and names its host.
 */
export function curlFor(url: string, gateway: string, method = 'GET'): string {
  const { host, pathname } = new URL(url);
  const { host: address, origin } = new URL(gateway);
  const curl = method === 'GET' ? 'curl' : `curl -X ${method}`;
  return host === address ? `${curl} ${url}` : `${curl} -H 'Host: ${host}' '${origin}${pathname}'`;
}

/** A word for a shell: as it is where that is safe, else in single quotes. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What was asked for cannot be understood. Exit code 2. */
export function usageFault(message: string): Fault {
  return new Fault('option-invalid', message);
}

/** 2 for what the caller typed or wrote in a manifest, 1 for everything else. */
export function exitCodeOf(error: unknown): 1 | 2 {
  const code = error instanceof Fault ? error.code : '';
  return code === 'option-invalid' || code === 'manifest-invalid' ? 2 : 1;
}
