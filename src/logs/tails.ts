/**
 * The last lines of requests whose caller waits for them (`LogType=Tail`), held in memory until they are taken.
 *
 * A request is watched before it runs, so that no line is missed. At most `MAX_WATCHED` are watched at once;
 * beyond that the oldest is forgotten, and its caller gets an answer without lines.
 */
import type { LogLine } from '../store/index.ts';

/** What a caller gets of its request's log, in bytes (AWS: 4 KB). */
export const TAIL_BYTES = 4_096;
const MAX_WATCHED = 1_000;

export class Tails {
  readonly #watched = new Map<string, { lines: string[]; bytes: number }>();

  watch(requestId: string): void {
    this.#watched.set(requestId, { lines: [], bytes: 0 });
    const [oldest] = this.#watched.keys();
    if (this.#watched.size > MAX_WATCHED && oldest !== undefined) this.#watched.delete(oldest);
  }

  add(line: Pick<LogLine, 'requestId' | 'level' | 'atMs' | 'message'>): void {
    if (this.#watched.size === 0 || line.requestId === null) return;
    const tail = this.#watched.get(line.requestId);
    if (tail === undefined) return;
    const text = printed(line, line.requestId);
    tail.lines.push(text);
    tail.bytes += text.length;
    // Counted in characters: a text has at least as many bytes.
    while (tail.lines.length > 1 && tail.bytes - tail.lines[0]!.length > TAIL_BYTES)
      tail.bytes -= tail.lines.shift()!.length;
  }

  /** @returns its lines, oldest first, each with its newline; and watches no more */
  take(requestId: string): string {
    const tail = this.#watched.get(requestId);
    this.#watched.delete(requestId);
    return tail?.lines.join('') ?? '';
  }
}

/** As the line stands in Lambda's own log: what a runtime knows the level of has time, request and level before it. */
function printed({ level, atMs, message }: Pick<LogLine, 'level' | 'atMs' | 'message'>, requestId: string) {
  if (level === null) return `${message}\n`;
  return `${new Date(atMs).toISOString()}\t${requestId}\t${level}\t${message}\n`;
}

/** The last bytes of a text, never beginning within a character. */
export function tailOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  let from = Math.max(0, bytes.length - TAIL_BYTES);
  while (from < bytes.length && (bytes[from]! & 0xc0) === 0x80) from += 1;
  return bytes.subarray(from);
}
