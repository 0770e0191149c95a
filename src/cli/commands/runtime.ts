/** `skein runtime [list]`, `skein runtime add NAME…`: what runs functions on this machine. */
import { RUNTIMES, type RuntimeName } from '../../model/index.ts';
import { type Command, type Context, homeOf, text } from '../command.ts';
import { machineRuntimes } from '../machine-runtimes.ts';
import { note, print, printJson, table, usageFault } from '../output.ts';
import { addRuntime, MAVEN_CENTRAL } from '../runtime-parts.ts';

export const command: Command = {
  options: { maven: { type: 'string' } },
  words: { min: 0, max: 1 + RUNTIMES.length },
  async run(context) {
    const [verb = 'list', ...names] = context.words;
    if (verb === 'list' && names.length === 0) return list(context);
    if (verb === 'add' && names.length > 0) return await add(context, names);
    throw usageFault('Write "skein runtime list", or "skein runtime add NAME…", such as nodejs22.x.');
  },
};

function list(context: Context): undefined {
  const runtimes = machineRuntimes(homeOf(context), context.env);
  if (context.json) printJson({ runtimes });
  else {
    const rows = runtimes.map(({ runtime, path, fix }) => [
      runtime,
      path === null ? 'missing' : 'found',
      path ?? fix ?? '',
    ]);
    print(table(['RUNTIME', '', 'WHERE, OR WHAT BRINGS IT'], rows));
  }
}

async function add(context: Context, names: readonly string[]): Promise<undefined> {
  const wanted = names.map(known);
  const mavenUrl = (text(context, 'maven') ?? context.env.SKEIN_MAVEN ?? MAVEN_CENTRAL).replace(/\/+$/, '');
  const added = [];
  for (const runtime of wanted) {
    const folder = await addRuntime(runtime, { home: homeOf(context), mavenUrl, onProgress: note });
    added.push({ runtime, folder });
    if (!context.json) print(`${runtime} is in ${folder}`);
  }
  if (context.json) printJson({ added });
}

function known(name: string): RuntimeName {
  const found = RUNTIMES.find((runtime) => runtime === name);
  if (found !== undefined) return found;
  throw usageFault(`"${name}" is not a runtime. There are ${RUNTIMES.join(', ')}.`);
}
