/** The program of the launcher: starts what it is told to, and tells what came of it. See launcher.ts. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Outcome, RunMessage, ToLauncher } from './launcher.ts';

/** What is kept of a program's complaint, and of what it prints. */
const MAX_COMPLAINT = 2_000;
const MAX_PRINTED = 4 * 1024 * 1024;

const held = new Map<number, Map<number, Socket>>();
const running = new Map<number, ChildProcess>();

function run(message: RunMessage): void {
  const { ticket, program, args, cwd, places, input, patienceMs } = message;
  const sockets = held.get(ticket) ?? new Map<number, Socket>();
  held.delete(ticket);
  const given = Array.from({ length: places }, (_, place) => sockets.get(place) ?? ('ignore' as const));
  const child = spawn(program, args, {
    cwd,
    detached: true,
    stdio: stdioOf(message, given),
    ...(patienceMs !== undefined && { timeout: patienceMs, killSignal: 'SIGKILL' }),
  });
  running.set(ticket, child);
  for (const socket of sockets.values()) socket.destroy(); // the program has its own copies
  child.stdin?.on('error', () => {}); // it ended early: its status says why
  child.stdin?.end(input);
  // A sandbox's first process may keep its output for a moment; a tool's is whole only when it is closed.
  report(ticket, child, input === undefined ? 'exit' : 'close');
}

function stdioOf({ blocking, standard, input }: RunMessage, given: (Socket | 'ignore')[]): StdioOptions {
  if (standard) return given.map((socket) => (socket === 'ignore' ? 'pipe' : socket));
  // A socket's descriptors share one mode, and what is standard input is made to block.
  const stdin = blocking === undefined ? 'ignore' : (given[blocking] ?? 'ignore');
  return [input === undefined ? stdin : 'pipe', 'pipe', 'pipe', ...given];
}

function report(ticket: number, child: ChildProcess, end: 'exit' | 'close'): void {
  let complaint = '';
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    if (printed.length < MAX_PRINTED) printed += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = `${complaint}${chunk}`.slice(-MAX_COMPLAINT);
  });
  const tell = (outcome: Outcome) => {
    if (!running.delete(ticket)) return;
    child.stdout?.destroy();
    child.stderr?.destroy();
    process.send?.({ ticket, ...outcome });
  };
  child.once('error', (error) => tell({ complaint: error.message, printed: '' }));
  child.once(end, (code, signal) => {
    if (code === 0) return tell({ complaint: null, printed });
    const words = `${printed} ${complaint}`.trim().slice(-MAX_COMPLAINT);
    tell({ complaint: `${words} (${signal ?? `exit status ${code}`})`, printed });
  });
}

process.on('message', (message: ToLauncher, socket?: Socket) => {
  if (message.kind === 'run') run(message);
  else if (message.kind === 'abort') running.get(message.ticket)?.kill('SIGKILL');
  else if (socket !== undefined) {
    socket.pause(); // what is said on it is not for us
    socket.on('error', () => socket.destroy());
    const sockets = held.get(message.ticket) ?? new Map<number, Socket>();
    held.set(message.ticket, sockets.set(message.place, socket));
  }
});
// The node is gone. What it has started lives on, and is swept by the next.
process.on('disconnect', () => process.exit());
