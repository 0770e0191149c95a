/** The machine's own network tools, given their orders on standard input: many at once in one process. */
import { spawn } from 'node:child_process';

/** A tool that has not ended within this long never will; ms. */
const PATIENCE_MS = 30_000;
const MAX_OUTPUT = 4 * 1024 * 1024;

/**
 * @returns what it printed
 * @throws {Error} with what it complained about
 */
export function runTool(words: readonly [string, ...string[]], input: string): Promise<string> {
  const [program, ...args] = words;
  return new Promise((resolve, reject) => {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
    const child = spawn(program, args, { env, stdio: 'pipe', timeout: PATIENCE_MS });
    let printed = '';
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (printed.length < MAX_OUTPUT) printed += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (complaint.length < 2_000) complaint += chunk;
    });
    child.stdin.on('error', () => {}); // it ended early: its status says why
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(printed);
      else reject(new Error(`${program}: ${complaint.trim() || (signal ?? `exit status ${code}`)}`));
    });
    child.stdin.end(input);
  });
}
