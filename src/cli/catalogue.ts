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
  init: {
    usage: 'init [DIR] [--runtime nodejs24.x|python3.11]',
    summary: 'write a small app to start from',
    load: () => import('./commands/init.ts'),
  },
  deploy: {
    usage: 'deploy [DIR]',
    summary: 'publish the app whose skein.yaml is in DIR (default: here)',
    load: () => import('./commands/deploy.ts'),
  },
  invoke: {
    usage: 'invoke NAME[:QUALIFIER] [--data JSON|@FILE|-]',
    summary: 'run a function and print its answer',
    details: ['--data  the event: JSON, @FILE, or - for stdin (default {})'],
    load: () => import('./commands/invoke.ts'),
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
  destroy: {
    usage: 'destroy APP [--data]',
    summary: 'delete an app',
    details: ['--data  delete its databases too; they cannot be brought back'],
    load: () => import('./commands/destroy.ts'),
  },
  start: {
    usage: 'start',
    summary: 'start a node, deploy the bakery example and place an order (npm start)',
    load: () => import('./commands/start.ts'),
  },
};
