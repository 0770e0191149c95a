/** `--data`: an event, as text, from a file or from stdin. */
import { readFileSync } from 'node:fs';
import { Fault } from '../base/index.ts';
import { type Context, text } from './command.ts';
import { usageFault } from './output.ts';

/**
 * @param fallback what it is when it is not given; null: it must be
 * @returns JSON text
 * @throws {Fault} `option-invalid` when it is none; `payload-too-large`, before the node would hang up on it
 */
export function readEvent(
  context: Context,
  { maxBytes, fallback }: { maxBytes: number; fallback: string | null },
) {
  const data = text(context, 'data') ?? fallback;
  if (data === null)
    throw usageFault('Say with --data what the event is to be: JSON, @FILE, or - for stdin.');
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
