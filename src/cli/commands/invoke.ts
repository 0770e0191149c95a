/** `skein invoke NAME[:QUALIFIER] [--data JSON|@file|-] [--async]`: the answer on stdout, the report on stderr. */
import { readFileSync } from 'node:fs';
import { Fault } from '../../base/index.ts';
import { LIMITS } from '../../model/index.ts';
import { type Command, type Context, homeOf, text } from '../command.ts';
import { connectNode } from '../node-client.ts';
import { milliseconds, note, print, printJson, usageFault } from '../output.ts';

interface InvokeAnswer {
  readonly functionError: string | null;
  readonly payload: unknown;
  readonly requestId: string;
  readonly executedVersion: string;
  readonly report: {
    readonly durationMs: number;
    readonly billedMs: number;
    readonly initMs: number | null;
    readonly memoryMb: number;
    readonly maxMemoryMb: number;
  };
}

export const command: Command = {
  options: { data: { type: 'string', short: 'd' }, async: { type: 'boolean' } },
  words: { min: 1, max: 1 },
  async run(context) {
    const later = context.values.async === true;
    const event = readEvent(context, later ? LIMITS.asyncEventBytes : LIMITS.eventBytes);
    const [name, qualifier] = targetOf(context.words[0] ?? '');
    const query = new URLSearchParams({
      ...(qualifier !== undefined && { qualifier }),
      ...(later && { async: 'true' }),
    });
    const path = `/api/v1/functions/${encodeURIComponent(name)}/invocations${query.size > 0 ? `?${query}` : ''}`;
    if (later) return await invokeLater(context, path, event);
    const answer = await connectNode(homeOf(context)).call<InvokeAnswer>('POST', path, event);
    if (context.json) printJson(answer);
    else show(answer);
    return answer.functionError === null ? 0 : 1;
  },
};

/** Nobody waits: the answer is that the event is kept. */
async function invokeLater(context: Context, path: string, event: string): Promise<number> {
  const kept = await connectNode(homeOf(context)).call<{ requestId: string }>('POST', path, event);
  if (context.json) printJson(kept);
  else print(`Kept, to be run: request ${kept.requestId}`);
  return 0;
}

/** @throws {Fault} `option-invalid` */
function targetOf(word: string): [name: string, qualifier: string | undefined] {
  const [name = '', qualifier, ...more] = word.split(':');
  if (name !== '' && qualifier !== '' && more.length === 0) return [name, qualifier];
  throw usageFault(`"${word}" is not NAME or NAME:QUALIFIER, such as bakery-orders:3 or bakery-orders:live.`);
}

/**
 * @returns JSON text
 * @throws {Fault} `option-invalid` when it is none; `payload-too-large`, before the node would hang up on it
 */
function readEvent(context: Context, maxBytes: number): string {
  const data = text(context, 'data') ?? '{}';
  const event =
    data === '-' ? readFileSync(0, 'utf8') : data.startsWith('@') ? readFile(data.slice(1)) : data;
  const bytes = Buffer.byteLength(event);
  if (bytes > maxBytes) {
    const message = `--data is ${bytes} bytes; an event has at most ${maxBytes} (${maxBytes / 2 ** 20} MB).`;
    throw new Fault('payload-too-large', message, { facts: { bytes, maxBytes } });
  }
  try {
    JSON.parse(event);
    return event;
  } catch (error) {
    throw usageFault(
      `--data is not JSON: ${(error as Error).message}. Quote it for your shell, as in --data '{"name":"Ada"}', or use --data @event.json.`,
    );
  }
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usageFault(`--data @${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function show({ payload, report, functionError, executedVersion, requestId }: InvokeAnswer): void {
  print(typeof payload === 'string' ? payload : JSON.stringify(payload, null, 2));
  const init = report.initMs === null ? '' : `, init ${milliseconds(report.initMs)}`;
  const end = functionError === null ? 'ok' : `failed (${functionError})`;
  note(
    `${end}: version ${executedVersion}, ${milliseconds(report.durationMs)}${init}, billed ${report.billedMs} ms, ` +
      `${report.maxMemoryMb} of ${report.memoryMb} MB, request ${requestId}`,
  );
}
