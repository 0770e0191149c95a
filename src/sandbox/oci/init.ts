/**
 * The first process of every sandbox: a shell that runs the program and writes down how it ended.
 *
 * A sandbox is nobody's child (its runtime has ended by then), so nobody is told its exit status;
 * and a parent per sandbox that waits would cost a process for each of a thousand. So the shell,
 * process 1 of the sandbox, tells it on descriptor 4, which only it has:
 *
 *     ready            the sandbox stands, the program is about to start
 *     missing          there is no such program, or it may not be run
 *     Killed           in the shell's own words: the program was ended by a signal
 *     137              its exit status, which for a signal is 128 and its number
 *
 * An end without a status means that the sandbox was killed, process 1 with it; the kernel then ends
 * all of its processes. The shell also takes in every orphan of the program.
 *
 * A runtime that passes on no descriptor but the standard ones gives it those sockets as 0 and 1, and it
 * moves them to where they are expected.
 */
import { type Ending, endingOf, MAX_REPORT } from '../ending.ts';
import { HOST_SHELL, type ShellStart } from '../supervisor.ts';

/**
 * Descriptor 3 is the channel, 5 becomes the program's output. What the runtime is called with as its
 * own output is let go of at once: its errors are ours, not the function's.
 */
const SCRIPT = `exec >&4 2>&4
case $1 in
  */*) [ -f "$1" ] && [ -x "$1" ] ;;
  *) command -v "$1" >/dev/null ;;
esac || { echo missing; exit 127; }
echo ready
(exec "$@" >&5 2>&5 4>&- 5>&-)
echo $?`;

const MOVED = 'exec 4<&0 5>&1 </dev/null\n';

/**
 * @returns the arguments with which a sandbox starts, for this program
 */
export function initArgs(
  argv: readonly string[],
  { shell, inherits }: ShellStart = { shell: HOST_SHELL, inherits: true },
): string[] {
  return [...shell, '-c', inherits ? SCRIPT : MOVED + SCRIPT, 'sh', ...argv];
}

const KILLED: Ending = { code: null, signal: 'SIGKILL' };

/** What descriptor 4 has said so far. */
export class InitReport {
  #text = '';

  take(chunk: string): void {
    if (this.#text.length < MAX_REPORT) this.#text += chunk;
  }

  get ready(): boolean {
    return this.#text.startsWith('ready\n');
  }

  get missing(): boolean {
    return this.#text.startsWith('missing\n');
  }

  /** @returns how the program ended; null while it has not been said */
  get ending(): Ending | null {
    const match = /^ready\n(.*\n)?(\d+)\n$/s.exec(this.#text);
    if (match === null) return null;
    return endingOf(Number(match[2]), match[1] !== undefined);
  }

  /** @returns the ending, or what silence at the end means */
  get ended(): Ending {
    return this.ending ?? KILLED;
  }
}
