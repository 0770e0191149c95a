/** `skein doctor`: what a node needs on this machine, and whether it is there. */
import type { Command } from '../command.ts';
import { checkMachine } from '../doctor.ts';
import { print, printJson } from '../output.ts';
import { nodeOptions, optionsOf } from './up.ts';

export const command: Command = {
  options: nodeOptions,
  words: { min: 0, max: 0 },
  async run(context) {
    const checks = await checkMachine(optionsOf(context), context.env);
    const ok = checks.every((check) => check.ok || !check.required);
    if (context.json) {
      printJson({ ok, checks });
    } else {
      const width = Math.max(...checks.map(({ name }) => name.length));
      for (const check of checks) {
        const mark = check.ok ? 'ok     ' : check.required ? 'MISSING' : 'without';
        const fix = check.fix === null ? '' : `; ${check.fix}`;
        print(`${mark}  ${check.name.padEnd(width)}  ${check.detail}${fix}`);
      }
    }
    return ok ? 0 : 1;
  },
};
