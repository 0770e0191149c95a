/** The system's own tools for file systems, run to their end. */
import { execFile } from 'node:child_process';

/** A tool that has not ended within this long never will; ms. */
const PATIENCE_MS = 30_000;
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/**
 * @returns what it printed
 * @throws {Error} with what it complained about
 */
export function runTool(program: string, args: readonly string[]): Promise<string> {
  const options = { env: ENVIRONMENT, timeout: PATIENCE_MS, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const complaint = stderr.trim().split('\n').slice(-3).join(' ') || error.message;
      reject(new Error(`${program}: ${complaint}`, { cause: error }));
    });
  });
}
