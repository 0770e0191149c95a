/**
 * The lines of one instance, between its socket and the writer: whose they are, how many of them
 * are kept, and which request they belong to.
 *
 * A runtime that tags its lines says the request itself. For any other, lines wait here until the
 * invocation is settled, which names it; if that takes long they go out under the invocation that
 * has begun. Over its budget an instance's lines are dropped and counted, and one notice says so.
 */
import { TokenBucket } from '../base/index.ts';
import type { LogLine } from '../store/index.ts';
import type { ParsedLine } from './line.ts';
import { LineParser } from './parser.ts';

export interface LogLimits {
  readonly lineBytes: number;
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
}

export interface Owner {
  readonly functionName: string;
  readonly version: number;
  readonly tagsLogs: boolean;
}

/** Lines that wait for their owner or their request; beyond this they are dropped like any flood. */
const MAX_WAITING = 10_000;

export class LogSource {
  readonly #instanceId: string;
  readonly #limits: LogLimits;
  readonly #write: (line: LogLine) => void;
  readonly #parser: LineParser;
  readonly #budget: TokenBucket;
  #owner: Owner | null = null;
  #waiting: ParsedLine[] = [];
  #current: string | null = null;
  #droppedLines = 0;
  #droppedBytes = 0;
  /** When bytes were last read: the budget's time, since a record's own is the guest's word. */
  #readAtMs: number;

  constructor(
    instanceId: string,
    limits: LogLimits,
    { write, nowMs }: { write: (line: LogLine) => void; nowMs: number },
  ) {
    this.#instanceId = instanceId;
    this.#limits = limits;
    this.#write = write;
    this.#readAtMs = nowMs;
    this.#budget = new TokenBucket({ burst: limits.burstBytes, perSecond: limits.bytesPerSecond, nowMs });
    this.#parser = new LineParser(limits.lineBytes, (line) => this.#admit(line));
  }

  get assigned(): boolean {
    return this.#owner !== null;
  }

  /** A blank instance has been given to a function. */
  assign(owner: Owner): void {
    this.#owner = owner;
  }

  push(chunk: Buffer, wallMs: number): void {
    this.#readAtMs = wallMs;
    this.#parser.push(chunk, wallMs);
  }

  begin(requestId: string): void {
    this.#current = requestId;
  }

  /** Every line of this invocation has been read. */
  settle(requestId: string): void {
    this.#release(requestId);
    this.#current = null;
  }

  /** What need not wait any longer goes out. Called a few times a second. */
  tick(wallMs: number): void {
    if (this.#owner === null) return;
    this.#release(this.#current);
    this.#noticeDrops(wallMs);
  }

  end(wallMs: number): void {
    this.#parser.end(wallMs);
    this.tick(wallMs);
  }

  #admit(line: ParsedLine): void {
    const bytes = Buffer.byteLength(line.text);
    if (this.#waiting.length >= MAX_WAITING || !this.#budget.take(bytes + 1, this.#readAtMs)) {
      this.#droppedLines += 1;
      this.#droppedBytes += bytes + line.cutBytes;
      return;
    }
    // Its own time puts a message in order, but nobody prints in the future.
    const dated = { ...line, atMs: Math.min(line.atMs, this.#readAtMs) };
    if (this.#owner?.tagsLogs) this.#send(dated, line.requestId, this.#owner);
    else this.#waiting.push(dated);
  }

  #release(requestId: string | null): void {
    if (this.#owner === null || this.#waiting.length === 0) return;
    for (const line of this.#waiting) this.#send(line, line.requestId ?? requestId, this.#owner);
    this.#waiting = [];
  }

  #send(line: ParsedLine, requestId: string | null, owner: Owner): void {
    const cut =
      line.cutBytes === 0 ? '' : ` … [${line.cutBytes} bytes cut: a line keeps ${this.#limits.lineBytes}]`;
    // PostgreSQL's text has no NUL; U+2400 is the picture of one.
    const message = (line.text + cut).replaceAll('\u0000', '\u2400');
    this.#emit({ requestId, level: line.level, atMs: line.atMs, message, dropped: null }, owner);
  }

  #noticeDrops(wallMs: number): void {
    if (this.#droppedLines === 0 || this.#owner === null) return;
    const { bytesPerSecond, burstBytes } = this.#limits;
    const message =
      `[skein] ${this.#droppedLines} lines (${this.#droppedBytes} bytes) were not kept: ` +
      `an instance may log ${bytesPerSecond} bytes a second, ${burstBytes} at once`;
    this.#emit(
      { requestId: this.#current, level: 'WARN', atMs: wallMs, message, dropped: this.#droppedLines },
      this.#owner,
    );
    this.#droppedLines = 0;
    this.#droppedBytes = 0;
  }

  #emit(
    line: Omit<LogLine, 'functionName' | 'version' | 'instanceId'>,
    { functionName, version }: Owner,
  ): void {
    this.#write({ functionName, version, instanceId: this.#instanceId, ...line });
  }
}
