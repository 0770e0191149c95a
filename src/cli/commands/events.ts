/** `skein events list|show|edit|redrive|pause|resume`: what waits, what failed, and what is done about it. */
import type { EventAnswer, EventLine, EventsAnswer, PausedAnswer, RedrivenAnswer } from '../../api/index.ts';
import { LIMITS } from '../../model/index.ts';
import { type Command, type Context, homeOf, text } from '../command.ts';
import { readEvent } from '../event-data.ts';
import { connectNode, type NodeClient } from '../node-client.ts';
import { milliseconds, print, printJson, table, usageFault } from '../output.ts';

const USAGE =
  'Usage: skein events list [--failed] [--function NAME] [--limit N] | show ID | edit ID --data JSON|@FILE|- | redrive ID… [--rate N/s] | redrive --all [--function NAME] [--rate N/s] | pause NAME | resume NAME';

export const command: Command = {
  options: {
    failed: { type: 'boolean' },
    function: { type: 'string' },
    limit: { type: 'string' },
    data: { type: 'string' },
    all: { type: 'boolean' },
    rate: { type: 'string' },
  },
  words: { min: 1, max: 1_001 },
  async run(context) {
    const [verb = '', ...words] = context.words;
    const act = VERBS[verb];
    if (act === undefined || words.length < act.words.min || words.length > act.words.max)
      throw usageFault(USAGE);
    await act.run(context, words, () => connectNode(homeOf(context)));
    return 0;
  },
};

interface Verb {
  readonly words: { readonly min: number; readonly max: number };
  /** @param connect only called once what was typed is understood */
  run(context: Context, words: readonly string[], connect: () => NodeClient): Promise<void>;
}

const ONE = { min: 1, max: 1 };

const VERBS: Readonly<Record<string, Verb>> = {
  list: { words: { min: 0, max: 0 }, run: list },
  show: { words: ONE, run: show },
  edit: { words: ONE, run: edit },
  redrive: { words: { min: 0, max: 1_000 }, run: redrive },
  pause: {
    words: ONE,
    run: (context, [name = ''], connect) => hold(context, { name, paused: true }, connect),
  },
  resume: {
    words: ONE,
    run: (context, [name = ''], connect) => hold(context, { name, paused: false }, connect),
  },
};

async function list(context: Context, _: readonly string[], connect: () => NodeClient): Promise<void> {
  const failed = context.values.failed === true;
  const limit = text(context, 'limit');
  if (limit !== undefined && !/^[1-9]\d{0,3}$/.test(limit))
    throw usageFault('--limit is a number from 1 to 1000.');
  const query = new URLSearchParams({
    failed: String(failed),
    ...(text(context, 'function') !== undefined && { function: text(context, 'function') as string }),
    ...(limit !== undefined && { limit }),
  });
  const answer = await connect().call<EventsAnswer>('GET', `/api/v1/events?${query}`);
  if (context.json) return printJson(answer);
  const { events, paused } = answer;
  for (const one of paused) print(`Events of ${one.function} are held up since ${one.pausedAt}.`);
  if (events.length === 0) return print(failed ? 'No event has failed.' : 'No event waits.');
  print(failed ? failedTable(events) : waitingTable(events));
}

function failedTable(events: readonly EventLine[]): string {
  const rows = events.map((one) => [
    one.id,
    one.function,
    one.failedAt ?? '',
    String(one.attempts),
    one.reason ?? '',
    one.told.map(lastPart).join(', ') || 'nobody',
  ]);
  return table(['EVENT', 'FUNCTION', 'FAILED', 'ATTEMPTS', 'REASON', 'TOLD'], rows, [3]);
}

function waitingTable(events: readonly EventLine[]): string {
  const rows = events.map((one) => [
    one.id,
    one.function,
    one.state,
    one.acceptedAt,
    String(one.attempts),
    one.state === 'waiting' ? (one.dueAt ?? '') : '',
  ]);
  return table(['EVENT', 'FUNCTION', 'STATE', 'ACCEPTED', 'ATTEMPTS', 'NEXT'], rows, [4]);
}

function lastPart(arn: string): string {
  return arn.split(':').slice(5).join(':');
}

async function show(
  context: Context,
  [id = '']: readonly string[],
  connect: () => NodeClient,
): Promise<void> {
  const event = await connect().call<EventAnswer>('GET', `/api/v1/events/${encodeURIComponent(id)}`);
  if (context.json) return printJson(event);
  const facts = [
    ['Event', event.id],
    ['Function', event.qualifier === null ? event.function : `${event.function}:${event.qualifier}`],
    ['State', event.reason === null ? event.state : `${event.state}: ${event.reason}`],
    ['Told', event.state === 'failed' ? event.told.join(', ') || 'nobody' : ''],
    ['Accepted', event.acceptedAt],
    ['Failed', event.failedAt ?? ''],
    ['Next', event.state === 'waiting' ? (event.dueAt ?? '') : ''],
    ['Trace', event.traceId ?? ''],
    ['Chain', event.hops > 1 ? `event ${event.hops} of a chain` : ''],
  ];
  const shown = facts.filter(([, value]) => value !== '');
  print(shown.map(([name = '', value = '']) => `${`${name}:`.padEnd(10)} ${value}`).join('\n'));
  print(`\nPayload:\n${pretty(event.payload)}`);
  print(`\n${failuresOf(event)}`);
  print(`\n${differencesOf(event)}`);
}

function failuresOf({ failures, attempts, lastAnswer }: EventAnswer): string {
  if (attempts === 0) return 'It was never run.';
  const rows = failures.map((one) => [
    one.at,
    one.outcome,
    one.version,
    milliseconds(one.durationMs),
    one.attemptId,
    `${one.errorType}: ${one.errorMessage}`.replaceAll('\n', ' ').slice(0, 120),
  ]);
  const head = `Attempts that failed (${failures.length} of ${attempts}):`;
  const answer = lastAnswer === null ? '' : `\n\nLast answer:\n${pretty(lastAnswer)}`;
  return `${head}\n${table(['AT', 'OUTCOME', 'VERSION', 'TOOK', 'ATTEMPT', 'ERROR'], rows, [3])}${answer}`;
}

function differencesOf({ differences }: EventAnswer): string {
  if (differences === null) return 'Its payload is not JSON.';
  const { compared, added, missing, changed } = differences;
  if (compared === 0)
    return 'No event of this function has succeeded lately, so there is nothing to compare with.';
  const lines = [
    ...changed.map(({ path, type, before }) => `  ${path} is ${type}, was ${before}`),
    ...missing.map(({ path, type }) => `  ${path} (${type}) is missing; all others have it`),
    ...added.map(({ path, type }) => `  ${path} (${type}) is new; no other has it`),
  ];
  const head = `Compared with ${compared} form${compared === 1 ? '' : 's'} of events that succeeded`;
  return lines.length === 0 ? `${head}: of the same form.` : `${head}:\n${lines.join('\n')}`;
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

async function edit(
  context: Context,
  [id = '']: readonly string[],
  connect: () => NodeClient,
): Promise<void> {
  const event = readEvent(context, { maxBytes: LIMITS.asyncEventBytes, fallback: null });
  const answer = await connect().call('PUT', `/api/v1/events/${encodeURIComponent(id)}/payload`, event);
  if (context.json) printJson(answer);
  else print(`Event ${id} has a new payload. "skein events redrive ${id}" runs it again.`);
}

async function redrive(context: Context, ids: readonly string[], connect: () => NodeClient): Promise<void> {
  const all = context.values.all === true;
  const functionName = text(context, 'function');
  if (all === ids.length > 0 || (!all && functionName !== undefined)) throw usageFault(USAGE);
  const perSecond = rateOf(text(context, 'rate'));
  const wanted = {
    ...(!all && { ids }),
    ...(functionName !== undefined && { function: functionName }),
    ...(perSecond !== undefined && { perSecond }),
  };
  const answer = await connect().call<RedrivenAnswer>('POST', '/api/v1/events/redrive', wanted);
  if (context.json) return printJson(answer);
  const pace = perSecond === undefined ? '' : `, ${perSecond} a second`;
  print(`${answer.redriven} event${answer.redriven === 1 ? ' runs' : 's run'} again${pace}.`);
}

/** @returns events a second; undefined: all at once */
function rateOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const [, count = '', unit = 's'] = /^(\d+(?:\.\d+)?)(?:\/(s|m))?$/.exec(given) ?? [];
  const perSecond = Number(count) / (unit === 'm' ? 60 : 1);
  if (count !== '' && perSecond >= 0.001 && perSecond <= 10_000) return perSecond;
  throw usageFault(
    `--rate ${given} cannot be read; write how many a second, such as 5/s, or a minute, such as 30/m.`,
  );
}

interface Holding {
  readonly name: string;
  readonly paused: boolean;
}

async function hold(context: Context, { name, paused }: Holding, connect: () => NodeClient): Promise<void> {
  const path = `/api/v1/functions/${encodeURIComponent(name)}/events/pause`;
  const answer = await connect().call<PausedAnswer>(paused ? 'PUT' : 'DELETE', path);
  if (context.json) return printJson(answer);
  if (!answer.changed)
    return print(`Events of ${name} ${paused ? 'are held up already' : 'were not held up'}.`);
  print(
    paused
      ? `Events of ${name} are kept and wait. "skein events resume ${name}" lets them go on.`
      : `Events of ${name} go on.`,
  );
}
