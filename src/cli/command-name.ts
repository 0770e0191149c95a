/** Hints are written with `skein …` and shown with the command as it was called, which can be pasted. */
import { delimiter, isAbsolute, join, relative } from 'node:path';
import type { Environment } from '../config/index.ts';
import { quoted } from './output.ts';

/**
 * @param env SKEIN_COMMAND is the path of the launcher, which it sets itself
 * @returns `skein` where that is on PATH (or nobody said how it was called), else a path such as `bin/skein`
 */
export function commandName(env: Environment = process.env, folder: string = process.cwd()): string {
  const called = env.SKEIN_COMMAND;
  if (called === undefined || !isAbsolute(called)) return 'skein';
  const onPath = (env.PATH ?? '').split(delimiter).some((entry) => join(entry, 'skein') === called);
  if (onPath) return 'skein';
  const near = relative(folder, called);
  if (near.startsWith('..')) return quoted(called);
  return quoted(near.includes('/') ? near : `./${near}`);
}

/** A message with its hints (`"skein list"`) as the command was called (`"bin/skein list"`). */
export function asCalled(message: string): string {
  return message.replaceAll('"skein ', () => `"${commandName()} `);
}
