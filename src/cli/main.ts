/**
 * The `skein` command. Each command is a file of its own, loaded when it is called, so that none
 * pays for another's imports.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Beside the code: a folder in /tmp could be prepared by somebody else.
enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/skein-compile'));

const { runCommand } = await import('./run.ts');
process.exitCode = await runCommand(process.argv.slice(2), process.env);
