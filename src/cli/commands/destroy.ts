/** `skein destroy APP [--data]` */
import type { DestroyAnswer } from '../../control/index.ts';
import { type Command, homeOf } from '../command.ts';
import { connectNode } from '../node-client.ts';
import { print, printJson } from '../output.ts';

export const command: Command = {
  options: { data: { type: 'boolean' } },
  words: { min: 1, max: 1 },
  async run(context) {
    const data = context.values.data === true;
    const path = `/api/v1/apps/${encodeURIComponent(context.words[0] ?? '')}?data=${data}`;
    const answer = await connectNode(homeOf(context)).call<DestroyAnswer>('DELETE', path);
    if (context.json) printJson(answer);
    else
      print(`App ${answer.app} is gone${listOf(answer.functions)}.${data ? ` ${fateOfData(answer)}` : ''}`);
    return 0;
  },
};

function listOf(functions: readonly string[]): string {
  return functions.length === 0 ? '' : `: ${functions.join(', ')}`;
}

function fateOfData({ databases, queues }: DestroyAnswer): string {
  const gone = [
    ...(databases.length > 0 ? [`Its databases are gone too: ${databases.join(', ')}.`] : []),
    ...(queues.length > 0 ? [`Its queues are gone too: ${queues.join(', ')}.`] : []),
  ];
  return gone.length === 0 ? 'It had no databases and no queues.' : gone.join(' ');
}
