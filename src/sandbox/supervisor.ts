/**
 * The first process of a sandbox with more than one program: a shell that starts the companions, then the
 * main program when it is told to, and says how each of them ended.
 *
 * A runtime and its extensions are ended one after the other, each in its own time, so nobody but a
 * process that outlives them all can be process 1. It is a shell because every instance has one: a process
 * of one megabyte, of which there is one more for each program.
 *
 * It has a socket to its node as descriptor 4; a program's own descriptors are 3 (the channel, of the main
 * program alone), 5 and 6 (their output). What it says, a line each:
 *
 *     ready            the sandbox stands, the companions are about to start
 *     missing          there is no main program, or it may not be run
 *     begun 57         the main program has begun; its process number, as the sandbox counts
 *     gone 2 137       the second companion has ended, with this status
 *     Killed           in the shell's own words: the main program was ended by a signal
 *     ended 137        the main program has ended, with this status
 *
 * What it is told: `begin`, and `signal KILL 57`. When the node's end is closed it ends everything.
 */
import type { Duplex } from 'node:stream';
import { type Ending, endingOf, MAX_REPORT } from './ending.ts';
import type { CompanionControl, CompanionEnd, Companions } from './sandbox.ts';

const SCRIPT = `exec </dev/null >&4 2>&4
shell=$1 hidden=$2 count=$3 number=0
shift 3
eval "main=\\\${$((count + 1))}"
case $main in
  */*) [ -f "$main" ] && [ -x "$main" ] ;;
  *) command -v "$main" >/dev/null ;;
esac || { echo missing; exit 127; }
echo ready
while [ $number -lt $count ]; do
  number=$((number + 1))
  ( (unset $hidden; exec "$1" </dev/null >&6 2>&6 3>&- 4>&- 5>&- 6>&-); echo "gone $number $?" ) 2>/dev/null &
  shift
done
while read -r word name number <&4; do
  case $word in
    begin) ( (exec $shell -c 'echo begun $$; exec "$@" >&5 2>&5 4>&- 5>&- 6>&-' sh "$@"); echo "ended $?" ) & ;;
    signal) kill -s "$name" "$number" 2>/dev/null ;;
  esac
done
kill -s KILL 0`;

/** Where only the standard descriptors were passed on: they are those sockets. */
const MOVED = 'exec 4<&0 5>&1 6>&2\n';

export interface ShellStart {
  /** How a shell is started in the sandbox; words without blanks. */
  readonly shell: readonly string[];
  /** Whether the sockets are where they belong; else they are descriptors 0, 1 and 2. */
  readonly inherits: boolean;
}

export const HOST_SHELL: readonly string[] = ['/bin/sh'];

/**
 * @returns the arguments with which a sandbox starts, for this main program
 */
export function supervisorArgs(
  argv: readonly string[],
  { programs, hidden }: Companions,
  { shell, inherits }: ShellStart = { shell: HOST_SHELL, inherits: true },
): string[] {
  const facts = [shell.join(' '), hidden.join(' '), String(programs.length)];
  return [...shell, '-c', inherits ? SCRIPT : MOVED + SCRIPT, 'sh', ...facts, ...programs, ...argv];
}

/** What the supervisor has said so far. */
export class SupervisorReport {
  #left = '';
  #bytes = 0;
  #words = '';
  #control: Duplex | null = null;
  #mainPid: string | null = null;
  #pending: string[] = [];
  readonly #gone: CompanionEnd[] = [];
  #listener: (end: CompanionEnd) => void = () => {};
  ready = false;
  missing = false;
  ending: Ending | null = null;

  take(chunk: string): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_REPORT) return;
    const lines = (this.#left + chunk).split('\n');
    this.#left = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  get ended(): Ending {
    return this.ending ?? { code: null, signal: 'SIGKILL' };
  }

  /** The companions of a sandbox that stands, over this socket. */
  control(socket: Duplex): CompanionControl {
    this.#control = socket;
    return {
      begin: () => this.#say('begin'),
      signal: (signal) => {
        const word = signal.slice('SIG'.length);
        if (this.#mainPid === null) this.#pending.push(word);
        else if (this.ending === null) this.#say(`signal ${word} ${this.#mainPid}`);
      },
      onGone: (listener) => {
        this.#listener = listener;
        for (const end of this.#gone) listener(end);
      },
    };
  }

  #say(line: string): void {
    if (this.#control?.writable) this.#control.write(`${line}\n`);
  }

  #line(line: string): void {
    const [word, first = '', second = ''] = line.split(' ');
    if (word === 'ready' && !this.ready) this.ready = true;
    else if (word === 'missing' && !this.ready) this.missing = true;
    else if (word === 'begun') {
      this.#mainPid = first;
      for (const signal of this.#pending.splice(0)) this.#say(`signal ${signal} ${first}`);
    } else if (word === 'gone') {
      const end = { index: Number(first) - 1, status: Number(second) };
      this.#gone.push(end);
      this.#listener(end);
    } else if (word === 'ended') this.ending ??= endingOf(Number(first), this.#words !== '');
    else this.#words = line;
  }
}
