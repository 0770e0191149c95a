/** `skein status` */
import type { Status } from '../../api/index.ts';
import { type Command, homeOf } from '../command.ts';
import { connectNode } from '../node-client.ts';
import { print, printJson } from '../output.ts';

export const command: Command = {
  options: {},
  words: { min: 0, max: 0 },
  async run(context) {
    const status = await connectNode(homeOf(context)).call<Status>('GET', '/api/v1/status');
    if (context.json) {
      printJson(status);
      return 0;
    }
    const { starting, idle, busy, frozen } = status.instances;
    print(`Skein ${status.version} is ${status.ready ? 'ready' : 'not ready'} (process ${status.pid}).`);
    print(`  functions  ${status.gateway}`);
    print(`  control    ${status.control}`);
    print(`  driver     ${status.driver}: ${status.isolation}`);
    print(`  instances  ${busy} busy, ${idle} idle, ${frozen} frozen, ${starting} starting`);
    const { wanted, ready } = status.provisioned;
    if (wanted > 0) print(`  provisioned  ${ready} of ${wanted} stand ready`);
    const { waiting, oldestAt } = status.events;
    if (waiting > 0)
      print(`  events     ${waiting} waiting or running, the oldest since ${oldestAt ?? 'just now'}`);
    return 0;
  },
};
