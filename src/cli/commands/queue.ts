/** `skein queue list|show|peek|send|pause|resume|purge|redrive`: what lies in queues, and what to do about it. */
import { readFileSync } from 'node:fs';
import type {
  MessageAnswer,
  MessagesAnswer,
  PurgedAnswer,
  QueueAnswer,
  QueuePausedAnswer,
  QueueSummary,
  QueuesAnswer,
  RedriveAnswer,
  SentAnswer,
} from '../../api/index.ts';
import { type Command, type Context, homeOf, text } from '../command.ts';
import { commandName } from '../command-name.ts';
import { connectNode, type NodeClient } from '../node-client.ts';
import { print, printJson, quoted, table, usageFault } from '../output.ts';

const USAGE =
  'Usage: skein queue list | show NAME | peek NAME [--limit N] | send NAME --data TEXT|@FILE|- | pause NAME | resume NAME | purge NAME | redrive NAME [--to QUEUE] [--rate N] [--stop]';

/** How much of a body `peek` shows of each message; all of it with --json. */
const BODY_SHOWN = 100;

export const command: Command = {
  options: {
    data: { type: 'string', short: 'd' },
    delay: { type: 'string' },
    dedup: { type: 'string' },
    group: { type: 'string' },
    limit: { type: 'string' },
    rate: { type: 'string' },
    stop: { type: 'boolean' },
    to: { type: 'string' },
  },
  words: { min: 1, max: 2 },
  async run(context) {
    const [verb = '', name] = context.words;
    const act = VERBS[verb];
    if (act === undefined || (name === undefined) !== (verb === 'list')) throw usageFault(USAGE);
    const path = `/api/v1/queues${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
    await act({ context, name: name ?? '', path, node: connectNode(homeOf(context)) });
    return 0;
  },
};

interface Asked {
  readonly context: Context;
  readonly name: string;
  /** Of the queue, or of all of them. */
  readonly path: string;
  readonly node: NodeClient;
}

const VERBS: Readonly<Record<string, (asked: Asked) => Promise<void>>> = {
  ...{ list, show, peek, send, purge, redrive },
  pause: (asked) => pause(asked, 'pause'),
  resume: (asked) => pause(asked, 'resume'),
};

async function list({ context, path, node }: Asked): Promise<void> {
  const answer = await node.call<QueuesAnswer>('GET', path);
  if (context.json) return printJson(answer);
  if (answer.queues.length === 0) {
    return print('There are no queues. A manifest makes them (queues: { jobs: {} }), or an AWS client does.');
  }
  const rows = answer.queues.map((queue) => [
    queue.name,
    ...[queue.visible, queue.inFlight, queue.delayed].map((count) => count.toLocaleString('en')),
    deadLetterOf(queue),
    queue.paused ? 'paused' : 'open',
  ]);
  print(table(['QUEUE', 'WAITING', 'IN FLIGHT', 'DELAYED', 'DEAD LETTERS', 'STATE'], rows, [1, 2, 3]));
}

function deadLetterOf({ deadLetter }: QueueSummary): string {
  return deadLetter === null ? '-' : `${deadLetter.queue}, after ${deadLetter.maxReceiveCount}`;
}

async function show({ context, path, node }: Asked): Promise<void> {
  const queue = await node.call<QueueAnswer>('GET', path);
  if (context.json) return printJson(queue);
  const { settings, consumers, deadLettersOf, redrives } = queue;
  const lines = [
    ['queue', `${queue.name}${queue.fifo ? ' (in order)' : ''}${queue.paused ? ', paused' : ''}`],
    ['messages', `${queue.visible} waiting, ${queue.inFlight} in flight, ${queue.delayed} delayed`],
    ['oldest', queue.oldestAt ?? '-'],
    ['goes to', consumers.join(', ') || 'nobody yet: a function with triggers: [ { queue: … } ]'],
    ['dead letters', deadLetterOf(queue)],
    ['dead letters of', deadLettersOf.join(', ') || '-'],
    ['out of sight', `${settings.visibilityTimeoutSeconds} s once received`],
    ['kept', `${settings.retentionSeconds} s`],
    ['delay', `${settings.delaySeconds} s`],
    ['largest', `${settings.maxMessageBytes} bytes`],
    ...redrives.map((task) => ['redrive', redriveLine(task)]),
  ];
  for (const [what = '', value = ''] of lines) print(`${what.padEnd(16)}${value}`);
}

async function peek({ context, name, path, node }: Asked): Promise<void> {
  const limit = numberOf(context, 'limit', 1_000) ?? 10;
  const answer = await node.call<MessagesAnswer>('GET', `${path}/messages?limit=${limit}`);
  if (context.json) return printJson(answer);
  if (answer.messages.length === 0) return print(`${name} is empty.`);
  for (const message of answer.messages) {
    print(headOf(message));
    print(`  ${cut(message.body)}`);
  }
}

function headOf(message: MessageAnswer): string {
  const received = message.receiveCount === 0 ? '' : `, received ${message.receiveCount} times`;
  const group = message.groupId === null ? '' : `, group ${message.groupId}`;
  const from = message.deadLetterSource === null ? '' : `, from ${message.deadLetterSource}`;
  return `${message.messageId}  ${message.sentAt}  ${message.state}${received}${group}${from}`;
}

function cut(body: string): string {
  const line = body.replace(/\s+/g, ' ');
  return line.length > BODY_SHOWN ? `${line.slice(0, BODY_SHOWN)}…` : line;
}

async function send({ context, name, path, node }: Asked): Promise<void> {
  const data = text(context, 'data');
  if (data === undefined)
    throw usageFault('Say what to send: --data TEXT, --data @FILE, or --data - for stdin.');
  const group = text(context, 'group');
  const deduplicationId = text(context, 'dedup');
  const delaySeconds = secondsOf(text(context, 'delay'));
  const sent = await node.call<SentAnswer>('POST', `${path}/messages`, {
    body: bodyOf(data),
    ...(group !== undefined && { group }),
    ...(deduplicationId !== undefined && { deduplicationId }),
    ...(delaySeconds !== undefined && { delaySeconds }),
  });
  if (context.json) return printJson(sent);
  print(`Sent to ${name}: message ${sent.messageId}`);
}

function bodyOf(data: string): string {
  if (data === '-') return readFileSync(0, 'utf8');
  if (!data.startsWith('@')) return data;
  try {
    return readFileSync(data.slice(1), 'utf8');
  } catch (error) {
    throw usageFault(`--data ${data} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** `30s`, `15m` */
function secondsOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const [, count, unit] = /^(\d{1,4})(s|m)$/.exec(value) ?? [];
  const seconds = Number(count) * (unit === 'm' ? 60 : 1);
  if (unit === undefined || seconds > 900) {
    throw usageFault(`--delay "${value}" is not a duration such as 30s, up to 15m.`);
  }
  return seconds;
}

async function pause({ context, name, path, node }: Asked, verb: 'pause' | 'resume'): Promise<void> {
  const answer = await node.call<QueuePausedAnswer>('POST', `${path}/${verb}`);
  if (context.json) return printJson(answer);
  print(
    answer.paused
      ? `${name} hands nothing out; what is sent is kept. Go on with: ${commandName()} queue resume ${quoted(name)}`
      : `${name} hands messages out again.`,
  );
}

async function purge({ context, name, path, node }: Asked): Promise<void> {
  const answer = await node.call<PurgedAnswer>('DELETE', `${path}/messages`);
  if (context.json) return printJson(answer);
  print(`${answer.deleted.toLocaleString('en')} messages of ${name} are deleted.`);
}

async function redrive({ context, name, path, node }: Asked): Promise<void> {
  if (context.values.stop === true) return await stopRedrive({ context, name, path, node });
  const to = text(context, 'to');
  const perSecond = numberOf(context, 'rate', 500);
  const task = await node.call<RedriveAnswer>('POST', `${path}/redrives`, {
    ...(to !== undefined && { to }),
    ...(perSecond !== undefined && { perSecond }),
  });
  if (context.json) return printJson(task);
  print(redriveLine(task));
  print(
    `How far it is: ${commandName()} queue show ${quoted(name)}. Stop it: ${commandName()} queue redrive ${quoted(name)} --stop`,
  );
}

async function stopRedrive({ context, name, path, node }: Asked): Promise<void> {
  const { redrives } = await node.call<QueueAnswer>('GET', path);
  const running = redrives.find(({ status }) => status === 'running');
  if (running === undefined) {
    if (context.json) return printJson({ id: null, moved: 0 });
    return print(`Nothing is being moved out of ${name}.`);
  }
  const answer = await node.call<{ moved: number }>('DELETE', `${path}/redrives/${running.id}`);
  if (context.json) return printJson(answer);
  print(`Stopped, after ${answer.moved} of ${running.toMove} messages.`);
}

function redriveLine({ status, moved, toMove, destination, maxPerSecond, failure }: RedriveAnswer): string {
  const where = destination === null ? 'back to where they came from' : `to ${destination}`;
  const rate = maxPerSecond === null ? '' : `, at most ${maxPerSecond} a second`;
  return `${status}: ${moved} of ${toMove} messages ${where}${rate}${failure === null ? '' : `: ${failure}`}`;
}

function numberOf(context: Context, option: string, max: number): number | undefined {
  const value = text(context, option);
  if (value === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(value) && Number(value) <= max) return Number(value);
  throw usageFault(`--${option} "${value}" is not a whole number from 1 to ${max}.`);
}
