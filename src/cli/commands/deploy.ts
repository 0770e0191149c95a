/** `skein deploy [DIR]` */
import type { DeployAnswer } from '../../control/index.ts';
import { type Command, homeOf } from '../command.ts';
import { deployFolder } from '../deploy-folder.ts';
import { connectNode } from '../node-client.ts';
import { curlFor, note, print, printJson, table } from '../output.ts';

export const command: Command = {
  options: {},
  words: { min: 0, max: 1 },
  async run(context) {
    const client = connectNode(homeOf(context));
    const answer = await deployFolder(client, context.words[0] ?? '.', context.json ? () => {} : note);
    if (context.json) printJson(answer);
    else show(answer, client.node.gateway);
    return 0;
  },
};

function show({ functions }: DeployAnswer, gateway: string): void {
  const rows = functions.map((fn) => [
    fn.name,
    `version ${fn.version}`,
    fn.changed ? 'changed' : 'unchanged',
    fn.url,
  ]);
  print(table(['FUNCTION', 'LIVE', '', 'URL'], rows));
  const [first] = functions;
  if (first !== undefined) print(`\nTry it:  ${curlFor(first.url, gateway)}`);
}
