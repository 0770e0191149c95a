/**
 * The launcher: a small process that starts programs for the node: runtimes, and the machine's tools.
 *
 * Starting a program copies the page tables of whoever starts it, who does nothing else meanwhile: with
 * the memory of a busy node that is 10 to 30 ms of its main loop each, and was three fifths of all it did
 * while a hundred sandboxes were started. The launcher has next to no memory to copy.
 *
 * Owns   that process: one for all of the node, made when it is first needed and anew when it has died;
 *        what it was doing then has failed. It ends with the node.
 * Never  keeps a socket: a program has its own copy of what it is given, and the launcher drops its own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';

export interface LaunchOrder {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Become descriptors 3 and following; null: closed. The caller may destroy them once there is an outcome. */
  readonly sockets: readonly (Socket | null)[];
  /** Which of the sockets a shell in it reads: its descriptor blocks, as a shell needs it. Default: none. */
  readonly blocking?: number;
  /** The sockets become descriptors 0, 1 and 2 instead; null: its complaints are heard there. Default: no. */
  readonly standard?: boolean;
  /** For its standard input. Default: none. */
  readonly input?: string;
  /** It is ended when it takes longer, in ms. Default: never. */
  readonly patienceMs?: number;
}

export interface Outcome {
  /** Null: it ended well; else what it complained about. */
  readonly complaint: string | null;
  /** Its standard output, up to 4 MB. */
  readonly printed: string;
}

export interface Launch {
  /** Resolves when the program has ended. Never rejects. */
  readonly outcome: Promise<Outcome>;
  /** Ends the program, if it hangs. */
  abort(): void;
}

export interface RunMessage extends Omit<LaunchOrder, 'sockets'> {
  readonly kind: 'run';
  readonly ticket: number;
  /** How many sockets there are places for. */
  readonly places: number;
}

export type ToLauncher =
  | RunMessage
  /** Comes with a socket: the one of this place. */
  | { readonly kind: 'socket'; readonly ticket: number; readonly place: number }
  | { readonly kind: 'abort'; readonly ticket: number };

export interface FromLauncher extends Outcome {
  readonly ticket: number;
}

/** Enough for a program that passes messages on. */
const FLAGS = ['--max-old-space-size=64', '--max-semi-space-size=1'];

let current: ChildProcess | null = null;
const waiting = new Map<number, (outcome: Outcome) => void>();
let lastTicket = 0;

export function launch({ sockets, ...order }: LaunchOrder): Launch {
  const launcher = theLauncher();
  const ticket = ++lastTicket;
  const { promise: outcome, resolve } = Promise.withResolvers<Outcome>();
  waiting.set(ticket, resolve);
  launcher.channel?.ref(); // while something is waited for, the node does not end
  const tell = (message: ToLauncher, socket?: Socket) =>
    void launcher.send(message, socket, { keepOpen: true }, (error) => {
      if (error !== null) settle(ticket, { complaint: error.message, printed: '' });
    });
  sockets.forEach((socket, place) => {
    if (socket !== null) tell({ kind: 'socket', ticket, place }, socket);
  });
  tell({ kind: 'run', ticket, ...order, places: sockets.length });
  return { outcome, abort: () => tell({ kind: 'abort', ticket }) };
}

/** A tool that has not ended within this long never will; ms. */
const TOOL_PATIENCE_MS = 30_000;

/**
 * Runs one of the machine's tools to its end.
 *
 * @returns what it printed
 * @throws {Error} with what it complained about
 */
export async function runTool(words: readonly [string, ...string[]], input = ''): Promise<string> {
  const [program, ...args] = words;
  const order = { program, args, cwd: '/', sockets: [], input, patienceMs: TOOL_PATIENCE_MS };
  const { complaint, printed } = await launch(order).outcome;
  if (complaint !== null) throw new Error(`${program}: ${complaint}`);
  return printed;
}

function settle(ticket: number, outcome: Outcome): void {
  waiting.get(ticket)?.(outcome);
  waiting.delete(ticket);
  if (waiting.size === 0) current?.channel?.unref();
}

function theLauncher(): ChildProcess {
  if (current?.connected) return current;
  const made = fork(new URL('./launch-worker.ts', import.meta.url), {
    detached: true, // Ctrl-C at the node's terminal is not for it
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    execArgv: FLAGS,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  made.on('message', ({ ticket, ...outcome }: FromLauncher) => settle(ticket, outcome));
  const died = () => {
    if (current !== made) return;
    current = null;
    const complaint = 'the process that starts programs has ended';
    for (const ticket of [...waiting.keys()]) settle(ticket, { complaint, printed: '' });
  };
  made.once('exit', died).once('error', died);
  made.unref();
  current = made;
  return made;
}
