/** `skein up`: a node in this process, or with `--detach` in one of its own. */
import { flushCompileCache } from 'node:module';
import type { ParseArgsOptionsConfig } from 'node:util';
import { NODE_FLAGS, type NodeFlag, type Options, parseOptions, thisMachine } from '../../config/index.ts';
import type { Command, Context } from '../command.ts';
import { startDetached } from '../detach.ts';
import { nodeLog, note, print, printJson } from '../output.ts';
import { runningNode } from '../running.ts';
import { stopOnSignals } from '../signals.ts';
import { type Ready, reportToStarter } from '../starter.ts';

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
      const running = await runningNode(options.home);
      if (running !== null) {
        announce({ ...running, isolation: null }, { json: context.json, state: 'already running' });
        return 0;
      }
      const ready = await startDetached(options.home, context.argv);
      announce(ready, { json: context.json, state: 'ready' });
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
    const { gatewayUrl: gateway, controlUrl: control, isolation } = node;
    const ready = { gateway, control, pid: process.pid, isolation };
    if (starter === null) announce(ready, { json, state: 'ready' });
    else starter.ready(ready);
    flushCompileCache(); // a node that is killed would write nothing for the next
    await node.closed;
    signals.release();
    return 0;
  } catch (error) {
    starter?.failed(error);
    throw error;
  }
}

/** Takes only these of a node: its file holds its keys too. */
function announce(
  { gateway, control, pid, isolation }: Ready,
  { json, state }: { json: boolean; state: 'ready' | 'already running' },
): void {
  if (json) {
    printJson({ ready: true, gateway, control, pid });
    return;
  }
  print(`Skein is ${state} (process ${pid}).`);
  print(`  functions  ${gateway}`);
  print(`  control    ${control}`);
  if (isolation !== null) print(`  isolation  ${isolation}`);
}
