import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { Fault } from '../base/index.ts';
import type { Environment } from '../config/index.ts';
import { COMMANDS } from './catalogue.ts';
import type { Command, Context } from './command.ts';
import { asCalled, commandName } from './command-name.ts';
import { helpOf, overview } from './help.ts';
import { exitCodeOf, note, print, printJson, usageFault } from './output.ts';
import { version } from './version.ts';

const EVERYWHERE = {
  json: { type: 'boolean' },
  home: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsOptionsConfig;

/**
 * Runs one command.
 *
 * @param argv what was typed after `skein`
 * @returns the exit code: 0 done, 1 failed, 2 not understood
 */
export async function runCommand(argv: readonly string[], env: Environment): Promise<number> {
  process.stdout.on('error', endQuietly);
  const [name = 'help', ...rest] = argv;
  try {
    if (name === '--version' || name === '-v' || name === 'version') return showVersion(rest);
    if (name === '--help' || name === '-h' || name === 'help') return await showHelp(rest[0]);
    return (await dispatch(name, rest, env)) ?? 0;
  } catch (error) {
    return report(error, rest.includes('--json'));
  }
}

async function dispatch(
  name: string,
  argv: readonly string[],
  env: Environment,
): Promise<number | undefined> {
  const listed = COMMANDS[name];
  if (listed === undefined) throw await unknownCommand(name);
  if (argv.includes('--help') || argv.includes('-h')) return showHelp(name);
  const { command } = await listed.load();
  return command.run(readArguments(name, command, { argv, env }));
}

function readArguments(name: string, command: Command, given: Pick<Context, 'argv' | 'env'>): Context {
  const { values, positionals } = parse(name, command, given.argv);
  const { min, max } = command.words;
  if (positionals.length < min || positionals.length > max) {
    throw usageFault(`Usage: ${commandName()} ${COMMANDS[name]?.usage}`);
  }
  return { ...given, values, words: positionals, json: values.json === true };
}

function parse(name: string, command: Command, argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: { ...EVERYWHERE, ...command.options },
      allowPositionals: true,
      strict: true,
    }) as { values: Record<string, string | boolean | undefined>; positionals: string[] };
  } catch (error) {
    throw usageFault(`${reasonOf(error as Error)}. "skein help ${name}" shows what "skein ${name}" takes.`);
  }
}

/** Node's own words, except where they take three sentences. */
function reasonOf({ message }: Error): string {
  const option = /^Option '(?:-\w, )?(--?[\w-]+)(?: <value>)?' argument is ambiguous/.exec(message)?.[1];
  if (option === undefined) return message.split('. ', 1)[0] ?? message;
  return `${option} needs a value; one that begins with a dash is written ${option}=VALUE`;
}

function showVersion(argv: readonly string[]): number {
  if (argv.includes('--json')) printJson({ version: version() });
  else print(version());
  return 0;
}

async function showHelp(name: string | undefined): Promise<number> {
  if (name === undefined || name.startsWith('-')) print(overview());
  else if (COMMANDS[name] === undefined) throw await unknownCommand(name);
  else print(helpOf(name));
  return 0;
}

/** Loads what compares words only here, so that nobody else waits for it. */
async function unknownCommand(name: string): Promise<Fault> {
  const { nearest } = await import('../manifest/index.ts');
  const meant = nearest(name, Object.keys(COMMANDS));
  const hint = meant === null ? '' : ` Did you mean "${meant}"?`;
  return usageFault(`There is no command "${name}".${hint} "skein help" lists what there is.`);
}

function report(error: unknown, json: boolean): number {
  if (error instanceof Fault) {
    const message = asCalled(error.message);
    if (json) printJson({ error: { code: error.code, message, facts: error.facts } });
    note(`skein: ${message}`);
  } else {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (json) printJson({ error: { code: 'internal', message: String(error), facts: {} } });
    note(`skein: something went wrong inside Skein. Please report this:\n${detail}`);
  }
  return exitCodeOf(error);
}

/** Whoever read our output has seen enough (`skein logs | head`). */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
}
