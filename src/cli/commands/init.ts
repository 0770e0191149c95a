/** `skein init [DIR]`: a manifest and a handler to start from. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Fault } from '../../base/index.ts';
import { NAME_PATTERN, slugOf } from '../../model/index.ts';
import { type Command, type Context, homeOf, text } from '../command.ts';
import { commandName } from '../command-name.ts';
import { print, printJson, quoted, usageFault } from '../output.ts';
import { runningNode } from '../running.ts';

const NODE_HANDLER = `/** Answers GET / and GET /?name=Ada with a greeting. */
export async function handler(event: { queryStringParameters?: Record<string, string> }) {
  const name = event.queryStringParameters?.name ?? 'world';
  console.log('greeting', name);
  return { greeting: \`Hello, \${name}!\` };
}
`;

const PYTHON_HANDLER = `def handler(event, context):
    """Answers GET / and GET /?name=Ada with a greeting."""
    name = (event.get("queryStringParameters") or {}).get("name", "world")
    print("greeting", name)
    return {"greeting": f"Hello, {name}!"}
`;

const STARTERS: Readonly<Record<string, { readonly file: string; readonly content: string }>> = {
  'nodejs24.x': { file: 'hello/index.ts', content: NODE_HANDLER },
  'python3.11': { file: 'hello/index.py', content: PYTHON_HANDLER },
};

export const command: Command = {
  options: { runtime: { type: 'string' } },
  words: { min: 0, max: 1 },
  async run(context) {
    const root = resolve(context.words[0] ?? '.');
    const runtime = text(context, 'runtime') ?? 'nodejs24.x';
    const starter = STARTERS[runtime];
    if (starter === undefined) {
      throw usageFault(
        `--runtime "${runtime}" has no starter. Allowed: ${Object.keys(STARTERS).join(' or ')}.`,
      );
    }
    const app = appName(root);
    const files = [
      { path: join(root, 'skein.yaml'), content: manifest(app, runtime) },
      { path: join(root, starter.file), content: starter.content },
    ];
    for (const { path } of files) refuseOverwriting(path);
    for (const { path, content } of files) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    if (context.json) printJson({ app, files: files.map(({ path }) => path) });
    else {
      const names = files.map(({ path }) => relative(root, path));
      for (const line of nextSteps(root, names, await hasNode(context))) print(line);
    }
    return 0;
  },
};

function manifest(app: string, runtime: string): string {
  return `app: ${app}
functions:
  hello:
    runtime: ${runtime}
    handler: index.handler
    code: ./hello
    routes: [ "GET /" ]
`;
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

function nextSteps(root: string, files: readonly string[], hasNode: boolean): string[] {
  const near = relative(process.cwd(), root);
  const folder = near.startsWith('..') ? root : near;
  const skein = commandName();
  const steps = hasNode ? [] : [`${skein} up --detach`];
  steps.push(`${skein} deploy${folder === '' ? '' : ` ${quoted(folder)}`}`);
  const where = folder === '' ? 'here' : `in ${folder}`;
  return [
    `Wrote ${files.join(' and ')} ${where}.`,
    ...steps.map((step, at) => (at === 0 ? 'Next:  ' : '       ') + step),
  ];
}
