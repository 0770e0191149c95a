/** `skein list` */
import type { ListAnswer } from '../../control/index.ts';
import { type Command, homeOf } from '../command.ts';
import { asCalled } from '../command-name.ts';
import { connectNode } from '../node-client.ts';
import { print, printJson, table } from '../output.ts';

export const command: Command = {
  options: {},
  words: { min: 0, max: 0 },
  async run(context) {
    const answer = await connectNode(homeOf(context)).call<ListAnswer>('GET', '/api/v1/functions');
    if (context.json) printJson(answer);
    else if (answer.functions.length === 0)
      print(asCalled('Nothing is deployed yet. "skein init" writes an app to start from.'));
    else print(asTable(answer));
    return 0;
  },
};

function asTable({ functions }: ListAnswer): string {
  const rows = functions.map((fn) => [
    fn.name,
    fn.shape,
    fn.version,
    String(fn.instances),
    readyOf(fn),
    fn.url,
  ]);
  return table(['NAME', 'SHAPE', 'VERSION', 'INSTANCES', 'PROVISIONED', 'URL'], rows, [2, 3, 4]);
}

/** `3 of 5`; nothing for a function without provisioned instances. */
function readyOf({ provisioned: { wanted, ready } }: ListAnswer['functions'][number]): string {
  return wanted === 0 ? '-' : `${ready} of ${wanted}`;
}
