/** `skein rollback NAME [--to N]` */
import type { RollbackAnswer } from '../../control/index.ts';
import { type Command, homeOf, text } from '../command.ts';
import { connectNode } from '../node-client.ts';
import { print, printJson, usageFault } from '../output.ts';

export const command: Command = {
  options: { to: { type: 'string' } },
  words: { min: 1, max: 1 },
  async run(context) {
    const to = versionOf(text(context, 'to'));
    const name = encodeURIComponent(context.words[0] ?? '');
    const answer = await connectNode(homeOf(context)).call<RollbackAnswer>(
      'POST',
      `/api/v1/functions/${name}/rollback`,
      to === null ? {} : { to },
    );
    if (context.json) printJson(answer);
    else if (answer.from === answer.version) print(`${answer.name} is already at version ${answer.version}.`);
    else print(`${answer.name} is at version ${answer.version} (before: ${answer.from}).`);
    return 0;
  },
};

function versionOf(value: string | undefined): number | null {
  if (value === undefined) return null;
  if (!/^[1-9]\d{0,8}$/.test(value)) throw usageFault(`--to "${value}" is not a version number, such as 3.`);
  return Number(value);
}
