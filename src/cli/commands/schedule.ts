/** `skein schedule list|show|pause|resume|run`: what fires when, held up, fired by hand. */
import type { ScheduleAnswer, ScheduleRunAnswer, SchedulesAnswer } from '../../control/index.ts';
import { type Command, type Context, homeOf, text } from '../command.ts';
import { connectNode, type NodeClient } from '../node-client.ts';
import { print, printJson, table, usageFault } from '../output.ts';

export const command: Command = {
  options: { app: { type: 'string' }, group: { type: 'string' } },
  words: { min: 1, max: 2 },
  async run(context) {
    const [verb = '', name] = context.words;
    const act = VERBS[verb];
    if (act === undefined || (name === undefined) === act.takesName) {
      throw usageFault('Usage: skein schedule list [--app APP] | show|pause|resume|run NAME [--group GROUP]');
    }
    await act.run(context, name ?? '', connectNode(homeOf(context)));
    return 0;
  },
};

interface Verb {
  readonly takesName: boolean;
  run(context: Context, name: string, node: NodeClient): Promise<void>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  list: { takesName: false, run: list },
  show: { takesName: true, run: show },
  pause: { takesName: true, run: pause },
  resume: { takesName: true, run: resume },
  run: { takesName: true, run },
};

async function list(context: Context, _: string, node: NodeClient): Promise<void> {
  const app = text(context, 'app');
  const query = app === undefined ? '' : `?${new URLSearchParams({ app })}`;
  const answer = await node.call<SchedulesAnswer>('GET', `/api/v1/schedules${query}`);
  if (context.json) return printJson(answer);
  if (answer.schedules.length === 0)
    return print('There are no schedules. A function’s `triggers: [ { schedule: … } ]` makes one.');
  const rows = answer.schedules.map((one) => [
    one.group === 'default' ? one.name : `${one.group}/${one.name}`,
    one.timezone === 'UTC' ? one.expression : `${one.expression} ${one.timezone}`,
    one.state === 'active' ? shown(one.nextAt) : one.state,
    shown(one.lastAt),
    one.target.slice(one.target.search(/(function:|[^:]*$)/)).replace('function:', ''),
  ]);
  print(table(['SCHEDULE', 'WHEN', 'NEXT (UTC)', 'LAST (UTC)', 'CALLS'], rows));
}

async function show(context: Context, name: string, node: NodeClient): Promise<void> {
  tell(context, await node.call<ScheduleAnswer>('GET', pathOf(context, name)));
}

async function pause(context: Context, name: string, node: NodeClient): Promise<void> {
  tell(context, await node.call<ScheduleAnswer>('POST', pathOf(context, name, '/pause')));
}

async function resume(context: Context, name: string, node: NodeClient): Promise<void> {
  tell(context, await node.call<ScheduleAnswer>('POST', pathOf(context, name, '/resume')));
}

async function run(context: Context, name: string, node: NodeClient): Promise<void> {
  const answer = await node.call<ScheduleRunAnswer>('POST', pathOf(context, name, '/run'));
  if (context.json) printJson(answer);
  else print(`Schedule ${answer.name} was fired: request ${answer.requestId}`);
}

function tell(context: Context, schedule: ScheduleAnswer): void {
  if (context.json) {
    printJson(schedule);
    return;
  }
  const lines: readonly (readonly [string, string | null])[] = [
    ['schedule', schedule.group === 'default' ? schedule.name : `${schedule.group}/${schedule.name}`],
    ['when', `${schedule.expression} ${schedule.timezone}`],
    ['from', schedule.startAt],
    ['until', schedule.endAt],
    ['within', schedule.jitterMs === 0 ? null : `${schedule.jitterMs / 1_000} s`],
    ['state', schedule.state],
    ['next', schedule.nextAt],
    ['last', schedule.lastAt],
    ['calls', schedule.target],
    ['with', schedule.input],
    ['overlap', schedule.overlap],
    ['missed', schedule.missed],
  ];
  for (const [key, value] of lines) if (value !== null) print(`${key.padEnd(10)}${value}`);
}

function pathOf(context: Context, name: string, verb = ''): string {
  const group = text(context, 'group');
  const query = group === undefined ? '' : `?${new URLSearchParams({ group })}`;
  return `/api/v1/schedules/${encodeURIComponent(name)}${verb}${query}`;
}

function shown(at: string | null): string {
  return at === null ? '-' : at.replace('T', ' ').slice(0, 19);
}
