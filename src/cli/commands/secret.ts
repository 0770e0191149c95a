/** `skein secret set|list|rm|rotate`: values go in, and never come out. */
import { readFileSync } from 'node:fs';
import type { RemovedAnswer, RotateAnswer, SecretsAnswer, SetAnswer } from '../../control/index.ts';
import { type Command, type Context, homeOf, text } from '../command.ts';
import { connectNode, type NodeClient } from '../node-client.ts';
import { print, printJson, table, usageFault } from '../output.ts';

export const command: Command = {
  options: { value: { type: 'string' }, app: { type: 'string' }, force: { type: 'boolean' } },
  words: { min: 1, max: 3 },
  async run(context) {
    const [verb = '', ...words] = context.words;
    const act = VERBS[verb];
    if (act === undefined || words.length < act.words.min || words.length > act.words.max) {
      throw usageFault('Usage: skein secret set NAME [VALUE|@FILE|-] | list | rm NAME | rotate');
    }
    await act.run(context, words, () => connectNode(homeOf(context)));
    return 0;
  },
};

interface Verb {
  readonly words: { readonly min: number; readonly max: number };
  /** @param connect only called once what was typed is understood */
  run(context: Context, words: readonly string[], connect: () => NodeClient): Promise<void>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  set: { words: { min: 1, max: 2 }, run: set },
  list: { words: { min: 0, max: 0 }, run: list },
  rm: { words: { min: 1, max: 1 }, run: remove },
  rotate: { words: { min: 0, max: 0 }, run: rotate },
};

async function set(context: Context, words: readonly string[], connect: () => NodeClient): Promise<void> {
  const [name = '', word] = words;
  const flag = text(context, 'value');
  if (word !== undefined && flag !== undefined)
    throw usageFault('Give the value once: as a word, or by --value.');
  const value = readValue(word ?? flag ?? '-');
  const answer = await connect().call<SetAnswer>('PUT', pathOf(context, name), { value });
  if (context.json) return printJson(answer);
  print(
    answer.changed
      ? `Secret ${name}${ofApp(answer.app)} is set. New instances get it.`
      : `Secret ${name}${ofApp(answer.app)} has this value already.`,
  );
}

/** One line break at the end of a file or of what is typed is not part of the value. */
function readValue(given: string): string {
  if (given !== '-' && !given.startsWith('@')) return given;
  const path = given.slice(1);
  try {
    return readFileSync(given === '-' ? 0 : path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const what = given === '-' ? 'Standard input' : `@${path}`;
    throw usageFault(`${what} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

async function list(context: Context, _: readonly string[], connect: () => NodeClient): Promise<void> {
  const { secrets } = await connect().call<SecretsAnswer>('GET', '/api/v1/secrets');
  const app = text(context, 'app');
  const shown = app === undefined ? secrets : secrets.filter((secret) => secret.app === app);
  if (context.json) return printJson({ secrets: shown });
  if (shown.length === 0) return print('There are no secrets. "skein secret set NAME" sets one.');
  const rows = shown.map((secret) => [
    secret.name,
    secret.app ?? 'all',
    secret.updatedAt,
    secret.functions.join(', ') || 'none',
  ]);
  print(table(['SECRET', 'APP', 'SET', 'FUNCTIONS'], rows));
}

async function remove(context: Context, words: readonly string[], connect: () => NodeClient): Promise<void> {
  const query = { ...(context.values.force === true && { force: 'true' }) };
  const answer = await connect().call<RemovedAnswer>('DELETE', pathOf(context, words[0] ?? '', query));
  if (context.json) return printJson(answer);
  print(`Secret ${answer.name}${ofApp(answer.app)} is gone.`);
}

async function rotate(context: Context, _: readonly string[], connect: () => NodeClient): Promise<void> {
  const answer = await connect().call<RotateAnswer>('POST', '/api/v1/secrets/rotation');
  if (context.json) return printJson(answer);
  print(
    `There is a new key; what was encrypted under the old one (${answer.resealed}) is encrypted under it.`,
  );
}

function pathOf(context: Context, name: string, more: Readonly<Record<string, string>> = {}): string {
  const app = text(context, 'app');
  const query = new URLSearchParams({ ...(app !== undefined && { app }), ...more }).toString();
  return `/api/v1/secrets/${encodeURIComponent(name)}${query === '' ? '' : `?${query}`}`;
}

function ofApp(app: string | null): string {
  return app === null ? '' : ` of app ${app}`;
}
