/** `skein deploy [DIR]` */
import type { Status } from '../../api/index.ts';
import type { DeployAnswer } from '../../control/index.ts';
import type { App } from '../../model/index.ts';
import { type Command, homeOf } from '../command.ts';
import { deployFolder } from '../deploy-folder.ts';
import { connectNode } from '../node-client.ts';
import { curlFor, note, print, printJson, table } from '../output.ts';
import { tryIt } from '../try-it.ts';

export const command: Command = {
  options: {},
  words: { min: 0, max: 1 },
  async run(context) {
    const client = connectNode(homeOf(context));
    const { app, answer } = await deployFolder(
      client,
      context.words[0] ?? '.',
      context.json ? () => {} : note,
    );
    const { driver, isolation } = await client.call<Status>('GET', '/api/v1/status');
    if (context.json) printJson({ ...answer, driver });
    else show({ app, answer, gateway: client.node.gateway, isolation });
    return 0;
  },
};

interface Deployed {
  readonly app: App;
  readonly answer: DeployAnswer;
  readonly gateway: string;
  readonly isolation: string;
}

function show({ app, answer, gateway, isolation }: Deployed): void {
  const rows = answer.functions.map((fn) => [
    fn.name,
    `version ${fn.version}`,
    fn.changed ? 'changed' : 'unchanged',
    fn.url,
  ]);
  print(table(['FUNCTION', 'LIVE', '', 'URL'], rows));
  print(`\n${isolation}`);
  const wanted = tryIt(app, answer);
  if (wanted !== null) print(`\nTry it:  ${curlFor(wanted.url, gateway, wanted.method)}`);
}
