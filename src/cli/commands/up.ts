/** `skein up`: a node in this process, or with `--detach` in one of its own. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { NODE_FLAGS, type NodeFlag, type Options, parseOptions, thisMachine } from '../../config/index.ts';
import type { Command, Context } from '../command.ts';
import { startDetached } from '../detach.ts';
import { nodeLog, note, print, printJson } from '../output.ts';
import { stopOnSignals } from '../signals.ts';
import { reportToStarter } from '../starter.ts';

const flags = Object.keys(NODE_FLAGS) as NodeFlag[];

/** parseArgs's form of every node flag. */
export const nodeOptions: ParseArgsOptionsConfig = Object.fromEntries(
  flags.map((flag) => [flag, { type: 'string' as const }]),
);

export const command: Command = {
  options: { ...nodeOptions, detach: { type: 'boolean', short: 'd' } },
  words: { min: 0, max: 0 },
  async run(context) {
    const options = optionsOf(context);
    if (context.values.detach === true) {
      const ready = await startDetached(options.home, context.argv);
      announce(ready, context.json);
      return 0;
    }
    return runHere(options, context.json);
  },
};

/** @throws {Fault} `option-invalid` */
export function optionsOf({ values, env }: Context): Options {
  const given = Object.fromEntries(flags.map((flag) => [flag, values[flag] as string | undefined]));
  return parseOptions({ flags: given, env, machine: thisMachine() });
}

async function runHere(options: Options, json: boolean): Promise<number> {
  const starter = reportToStarter();
  try {
    const { startNode } = await import('../../server.ts');
    const onProgress = (line: string) => (starter === null ? note(line) : starter.progress(line));
    const signals = stopOnSignals();
    const node = await startNode(options, { onProgress, onLog: nodeLog });
    signals.stopWith(() => node.stop());
    const ready = { gateway: node.gatewayUrl, control: node.controlUrl, pid: process.pid };
    if (starter === null) announce(ready, json);
    else starter.ready(ready);
    await node.closed;
    signals.release();
    return 0;
  } catch (error) {
    starter?.failed(error);
    throw error;
  }
}

function announce(ready: { gateway: string; control: string; pid: number }, json: boolean): void {
  if (json) {
    printJson({ ready: true, ...ready });
    return;
  }
  print(`Skein is ready (process ${ready.pid}).`);
  print(`  functions  ${ready.gateway}`);
  print(`  control    ${ready.control}`);
}
