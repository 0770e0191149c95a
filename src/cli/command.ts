/** What a command is: its options, and what it does with them. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { type Environment, resolveHome, thisMachine } from '../config/index.ts';

export interface Command {
  /** Beside `--json`, `--home` and `--help`, which every command has. */
  readonly options: ParseArgsOptionsConfig;
  /** How many words may follow the command. */
  readonly words: { readonly min: number; readonly max: number };
  /** @returns the exit code; nothing means 0 */
  run(context: Context): Promise<number | undefined> | number | undefined;
}

/** One call of a command. */
export interface Context {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly words: readonly string[];
  /** One JSON document for programs, instead of text for people. */
  readonly json: boolean;
  readonly env: Environment;
  /** Everything after the command's name, as it was typed. */
  readonly argv: readonly string[];
}

/** The text of an option, or undefined when it was not given. */
export function text(context: Context, option: string): string | undefined {
  const value = context.values[option];
  return typeof value === 'string' ? value : undefined;
}

/** The home that a command works on. @throws {Fault} `option-invalid` */
export function homeOf(context: Context): string {
  return resolveHome({ flag: text(context, 'home'), env: context.env, machine: thisMachine() });
}
