/** `skein invoke NAME[:QUALIFIER] [--data JSON|@file|-] [--async]`: the answer on stdout, the report on stderr. */

import { LIMITS } from '../../model/index.ts';
import { type Command, type Context, homeOf } from '../command.ts';
import { readEvent } from '../event-data.ts';
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
    const event = readEvent(context, {
      maxBytes: later ? LIMITS.asyncEventBytes : LIMITS.eventBytes,
      fallback: '{}',
    });
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

function show({ payload, report, functionError, executedVersion, requestId }: InvokeAnswer): void {
  print(typeof payload === 'string' ? payload : JSON.stringify(payload, null, 2));
  const init = report.initMs === null ? '' : `, init ${milliseconds(report.initMs)}`;
  const end = functionError === null ? 'ok' : `failed (${functionError})`;
  note(
    `${end}: version ${executedVersion}, ${milliseconds(report.durationMs)}${init}, billed ${report.billedMs} ms, ` +
      `${report.maxMemoryMb} of ${report.memoryMb} MB, request ${requestId}`,
  );
}
