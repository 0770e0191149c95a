/** `skein usage` */
import type { UsageAnswer } from '../../api/index.ts';
import { type Command, homeOf } from '../command.ts';
import { connectNode } from '../node-client.ts';
import { milliseconds, print, printJson, table } from '../output.ts';

export const command: Command = {
  options: {},
  words: { min: 0, max: 0 },
  async run(context) {
    const answer = await connectNode(homeOf(context)).call<UsageAnswer>('GET', '/api/v1/usage');
    if (context.json) printJson(answer);
    else if (answer.functions.length === 0) print('Nothing has run yet.');
    else print(asTable(answer));
    return 0;
  },
};

function asTable({ functions }: UsageAnswer): string {
  const head = [
    'NAME',
    'INVOCATIONS',
    'ERRORS',
    'THROTTLES',
    'COLD STARTS',
    'DURATION',
    'BILLED',
    'GB-S',
    'PROVISIONED GB-S',
  ];
  const rows = functions.map((fn) => [
    fn.name,
    ...[fn.invocations, fn.errors, fn.throttles, fn.coldStarts].map((count) => count.toLocaleString('en-US')),
    milliseconds(fn.durationMs),
    `${fn.billedMs.toLocaleString('en-US')} ms`,
    fn.gbSeconds.toFixed(4),
    fn.provisionedGbSeconds.toFixed(4),
  ]);
  return table(head, rows, [1, 2, 3, 4, 5, 6, 7, 8]);
}
