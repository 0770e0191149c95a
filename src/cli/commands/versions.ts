/** `skein versions NAME` */
import type { VersionsAnswer } from '../../control/index.ts';
import { type Command, homeOf } from '../command.ts';
import { connectNode } from '../node-client.ts';
import { print, printJson, table } from '../output.ts';

export const command: Command = {
  options: {},
  words: { min: 1, max: 1 },
  async run(context) {
    const name = encodeURIComponent(context.words[0] ?? '');
    const path = `/api/v1/functions/${name}/versions`;
    const answer = await connectNode(homeOf(context)).call<VersionsAnswer>('GET', path);
    if (context.json) printJson(answer);
    else print(asTable(answer));
    return 0;
  },
};

function asTable({ versions }: VersionsAnswer): string {
  const rows = versions.map((row) => [
    row.version,
    row.createdAt.replace('T', ' ').slice(0, 19),
    row.artifact.slice(0, 12),
    row.aliases.join(', '),
  ]);
  return table(['VERSION', 'CREATED (UTC)', 'CODE', 'ALIASES'], rows, [0]);
}
