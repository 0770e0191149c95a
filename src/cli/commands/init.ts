/** `skein init [DIR]`: a manifest and a handler to start from. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Fault } from '../../base/index.ts';
import { NAME_PATTERN, slugOf } from '../../model/index.ts';
import { type Command, type Context, homeOf, text } from '../command.ts';
import { commandName } from '../command-name.ts';
import { print, printJson, quoted, usageFault } from '../output.ts';
import { runningNode } from '../running.ts';
import { TEMPLATES, type Template } from '../templates.ts';

export const command: Command = {
  options: { runtime: { type: 'string' }, template: { type: 'string' } },
  words: { min: 0, max: 1 },
  async run(context) {
    const root = resolve(context.words[0] ?? '.');
    const runtime = text(context, 'runtime') ?? 'nodejs24.x';
    const template = chosen(TEMPLATES, 'template', text(context, 'template') ?? 'http');
    const handler = chosen(template.handlers, 'runtime', runtime);
    const app = appName(root);
    const files = [
      { path: join(root, 'skein.yaml'), content: manifest(app, runtime, template) },
      { path: join(root, template.key, handler.file), content: handler.content },
    ];
    for (const { path } of files) refuseOverwriting(path);
    for (const { path, content } of files) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    if (context.json) printJson({ app, files: files.map(({ path }) => path) });
    else {
      const names = files.map(({ path }) => relative(root, path));
      const call = template.call?.(app) ?? null;
      for (const line of nextSteps(root, names, { call, hasNode: await hasNode(context) })) print(line);
    }
    return 0;
  },
};

function chosen<T>(table: Readonly<Record<string, T>>, option: string, wanted: string): T {
  const found = Object.hasOwn(table, wanted) ? table[wanted] : undefined;
  if (found !== undefined) return found;
  throw usageFault(`--${option} "${wanted}" has no starter. Allowed: ${Object.keys(table).join(' or ')}.`);
}

function manifest(app: string, runtime: string, template: Template): string {
  return `app: ${app}
${template.app ?? ''}functions:
  ${template.key}:
    runtime: ${runtime}
    handler: index.handler
    code: ./${template.key}
${template.function}`;
}

/** The folder's name, if an app can be called that. */
function appName(root: string): string {
  const name = slugOf(basename(root)).slice(0, 40).replace(/-+$/, '');
  return NAME_PATTERN.test(name) ? name : 'hello';
}

function refuseOverwriting(path: string): void {
  if (!existsSync(path)) return;
  throw new Fault(
    'option-invalid',
    `${path} is there already, and nothing was written. Choose an empty folder.`,
    {
      facts: { path },
    },
  );
}

/** Whether a node is there to deploy to; what is wrong with a home is not for `init` to say. */
async function hasNode(context: Context): Promise<boolean> {
  try {
    return (await runningNode(homeOf(context))) !== null;
  } catch {
    return false;
  }
}

interface Next {
  /** Words of the command that calls the function. */
  readonly call: readonly string[] | null;
  readonly hasNode: boolean;
}

function nextSteps(root: string, files: readonly string[], { call, hasNode }: Next): string[] {
  const near = relative(process.cwd(), root);
  const folder = near.startsWith('..') ? root : near;
  const skein = commandName();
  const steps = hasNode ? [] : [`${skein} up --detach`];
  steps.push(`${skein} deploy${folder === '' ? '' : ` ${quoted(folder)}`}`);
  if (call !== null) steps.push(`${skein} ${call.map(quoted).join(' ')}`);
  const where = folder === '' ? 'here' : `in ${folder}`;
  return [
    `Wrote ${files.join(' and ')} ${where}.`,
    ...steps.map((step, at) => (at === 0 ? 'Next:  ' : '       ') + step),
  ];
}
