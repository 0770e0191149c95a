/** `skein down`: asks the node to stop, and waits until its process has ended. */
import { Fault, sleep, systemClock } from '../../base/index.ts';
import { readNodeFile, removeNodeFile } from '../../config/index.ts';
import { type Command, homeOf } from '../command.ts';
import { connectNode } from '../node-client.ts';
import { print, printJson } from '../output.ts';

/** Requests in flight may finish, so this is longer than any of the node's own graces. */
const WAIT_MS = 60_000;

export const command: Command = {
  options: {},
  words: { min: 0, max: 0 },
  async run(context) {
    const home = homeOf(context);
    const node = readNodeFile(home);
    const wasRunning = node !== null && isAlive(node.pid);
    if (wasRunning) {
      await connectNode(home).call('POST', '/api/v1/shutdown');
      await ended(node.pid);
    } else {
      removeNodeFile(home); // left by a node that was killed
    }
    if (context.json) printJson({ stopped: wasRunning });
    else print(wasRunning ? 'The node has stopped.' : `No node was running in ${home}.`);
    return 0;
  },
};

async function ended(pid: number): Promise<void> {
  const untilMs = systemClock.nowMs() + WAIT_MS;
  // Held by a real timer: sleep() alone does not keep this process alive.
  const hold = setInterval(() => {}, 1_000);
  try {
    while (isAlive(pid)) {
      if (systemClock.nowMs() > untilMs) {
        throw new Fault(
          'shutting-down',
          `The node (process ${pid}) is still stopping after ${WAIT_MS / 1_000} s. "kill ${pid}" asks it once more.`,
          { facts: { pid, waitedMs: WAIT_MS } },
        );
      }
      await sleep(systemClock, 20);
    }
  } finally {
    clearInterval(hold);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
