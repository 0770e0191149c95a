/** Every command: how it is written, what it does, where it is. */
import type { Command } from './command.ts';

export interface Listed {
  readonly usage: string;
  readonly summary: string;
  /** Options in more words, one line each. */
  readonly details?: readonly string[];
  load(): Promise<{ readonly command: Command }>;
}

export const COMMANDS: Readonly<Record<string, Listed>> = {
  up: {
    usage: 'up [--detach]',
    summary: 'start a node',
    details: ['--detach  return when it is ready; it goes on in the background'],
    load: () => import('./commands/up.ts'),
  },
  down: { usage: 'down', summary: 'stop the node', load: () => import('./commands/down.ts') },
  status: { usage: 'status', summary: 'show how the node is', load: () => import('./commands/status.ts') },
  doctor: {
    usage: 'doctor',
    summary: 'check what a node needs on this machine',
    load: () => import('./commands/doctor.ts'),
  },
  runtime: {
    usage: 'runtime [list] | runtime add NAME… [--maven URL]',
    summary: 'show which runtimes this machine has, or add one (nodejs22.x, java17, …)',
    details: ['--maven  a mirror of Maven Central, where the Java client comes from'],
    load: () => import('./commands/runtime.ts'),
  },
  image: {
    usage: 'image add PATH',
    summary: 'store a container image on the node, and print the name that AWS’s APIs know it by',
    load: () => import('./commands/image.ts'),
  },
  init: {
    usage: 'init [DIR] [--template http|queue|schedule] [--runtime nodejs24.x|python3.11]',
    summary: 'write a small app to start from',
    load: () => import('./commands/init.ts'),
  },
  deploy: {
    usage: 'deploy [DIR]',
    summary: 'publish the app whose skein.yaml is in DIR (default: here)',
    load: () => import('./commands/deploy.ts'),
  },
  invoke: {
    usage: 'invoke NAME[:QUALIFIER] [--data JSON|@FILE|-] [--async]',
    summary: 'run a function and print its answer',
    details: [
      '--data   the event: JSON, @FILE, or - for stdin (default {})',
      '--async  only keep the event: it is run later, again if it fails, and nobody waits',
    ],
    load: () => import('./commands/invoke.ts'),
  },
  events: {
    usage:
      'events list [--failed] | show ID | edit ID --data JSON | redrive ID…|--all | pause NAME | resume NAME',
    summary: 'show what waits and what failed, and let it run again',
    details: [
      '--failed    those that failed for good; else those that wait or run',
      '--function  only the events of one function',
      '--limit     at most so many lines (default 100)',
      '--data      the new payload: JSON, @FILE, or - for stdin',
      '--all       redrive all that failed and that nobody was told of',
      '--rate      so many a second (5/s) or a minute (30/m), not all at once',
      'pause       keep the events of a function, and run none until resume',
    ],
    load: () => import('./commands/events.ts'),
  },
  list: {
    usage: 'list',
    summary: 'show the functions of the node',
    load: () => import('./commands/list.ts'),
  },
  logs: {
    usage: 'logs NAME [-f] [--since TIME] [--limit N]',
    summary: 'print what a function logged',
    details: [
      '-f, --follow  go on printing new lines',
      '--since       a duration such as 10m, or a date such as 2026-01-31T12:00:00Z',
      '--limit       only the last N lines',
    ],
    load: () => import('./commands/logs.ts'),
  },
  usage: {
    usage: 'usage',
    summary: 'show what functions have used',
    load: () => import('./commands/usage.ts'),
  },
  versions: {
    usage: 'versions NAME',
    summary: 'show the versions of a function',
    load: () => import('./commands/versions.ts'),
  },
  rollback: {
    usage: 'rollback NAME [--to N]',
    summary: 'go back to the version that was live before, or to version N',
    load: () => import('./commands/rollback.ts'),
  },
  secret: {
    usage: 'secret set NAME [VALUE|@FILE|-] | list | rm NAME | rotate',
    summary: 'keep values that functions get in their environment, encrypted',
    details: [
      'set       without a value it is read from stdin',
      'rotate    make a new key, and encrypt everything under it',
      '--app     the secret of one app; it comes before one of all apps',
      '--force   remove a secret that functions name',
    ],
    load: () => import('./commands/secret.ts'),
  },
  key: {
    usage: 'key create USER [--policy ARN|NAME,…] | list | rotate ID [--keep] | revoke ID',
    summary: 'make and end access keys of users, for AWS clients',
    details: [
      'create    makes the user too, if new; the secret is shown once',
      'rotate    a new key in place of this one; --keep: beside it, until it is revoked',
      '--policy  managed policies that the user gets, such as AWSLambda_FullAccess',
    ],
    load: () => import('./commands/key.ts'),
  },
  schedule: {
    usage: 'schedule list [--app APP] | show NAME | pause NAME | resume NAME | run NAME',
    summary: 'show what fires when; hold a schedule up, or fire it now',
    details: [
      'pause    it does not fire until it is resumed; what it leaves out is not made up for',
      'run      now, whatever its times',
      '--group  of a schedule that AWS’s API made in a group',
    ],
    load: () => import('./commands/schedule.ts'),
  },
  queue: {
    usage:
      'queue list | show NAME | peek NAME [--limit N] | send NAME --data TEXT|@FILE|- | pause NAME | resume NAME | purge NAME | redrive NAME [--to QUEUE] [--rate N]',
    summary: 'look into queues, send, pause and empty them, move dead letters back',
    details: [
      'peek      messages, oldest first; they stay where they are',
      'send      --group and --dedup for a queue that keeps the order, --delay 30s',
      'pause     hand nothing out until resume; what is sent is kept',
      'redrive   dead letters go back where they came from, or --to a queue; --rate a second; --stop ends it',
    ],
    load: () => import('./commands/queue.ts'),
  },
  destroy: {
    usage: 'destroy APP [--data]',
    summary: 'delete an app',
    details: ['--data  delete its databases and queues too; they cannot be brought back'],
    load: () => import('./commands/destroy.ts'),
  },
  start: {
    usage: 'start',
    summary: 'start a node, deploy the bakery example and place an order (npm start)',
    load: () => import('./commands/start.ts'),
  },
};
