/**
 * The log thread: reads what instances print, and writes it to PostgreSQL in batches.
 *
 * Owns   one socket per instance, and the lines that wait to be written.
 * Never  stands in a request's way: an instance that floods is read more slowly (it blocks in its
 *        own write), and its lines beyond the budget are dropped and counted.
 */
import { createServer, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { GIVE_WAY, giveWay, periodically, sleep, systemClock } from '../base/index.ts';
import type { LogLine } from '../store/index.ts';
import { connect, insertLines } from '../store/index.ts';
import type { FromThread, ThreadOptions, ToThread } from './messages.ts';
import { LogSource } from './source.ts';
import { Tails } from './tails.ts';
import { TelemetryHub } from './telemetry/hub.ts';
import { telemetryTaker } from './telemetry/instance-telemetry.ts';

/** Rows of one insert. */
const BATCH_LINES = 2_000;
/** A settle reads on while there is something to read, but not for ever. */
const MAX_SETTLE_TURNS = 200;
/** Turns of the event loop without anything new after which there is nothing more. */
const QUIET_TURNS = 5;

interface Connection {
  readonly source: LogSource;
  readonly socket: Socket;
  readThisTick: number;
  /** Bytes ever read: a settle is done when it stands still. */
  readTotal: number;
}

giveWay(GIVE_WAY.records);
const options = workerData as ThreadOptions;
const port = parentPort!;
const sql = connect({ url: options.databaseUrl, max: 1 });
const connections = new Map<string, Connection>();
/** What was said of instances whose socket had not been accepted yet; oldest first. */
const early = new Map<string, Extract<ToThread, { kind: 'assign' | 'begin' }>[]>();
/** An instance that ended before its socket was read leaves its entry behind: beyond this many the oldest goes. */
const MAX_EARLY = 1_000;
/** Instances that ended before they were assigned, which is still on its way; oldest first. */
const closed = new Map<string, { readonly source: LogSource; readonly untilMs: number }>();
/** An instance that ended blank is never assigned. */
const KEEP_CLOSED_MS = 5_000;
const MAX_CLOSED = 1_000;
const tails = new Tails();
const telemetry = new TelemetryHub(systemClock);
const takeTelemetry = telemetryTaker(telemetry, readUp);
/** Instances that are being settled, by id: whoever wants the lines of a request waits for that. */
const settlingNow = new Map<string, Promise<void>>();
let backlog: LogLine[] = [];
/** Lines that are being written. */
let inHand = 0;
let lost = 0;
/** Bytes ever read, of all instances; a new connection counts as one. */
let readTotal = 0;
let writing = Promise.resolve();

const wallMs = () => systemClock.wallMs();
const tell = (message: FromThread) => port.postMessage(message);

function write(line: LogLine, from: 'function' | 'extension'): void {
  tails.add(line);
  telemetry.line(line, from);
  if (backlog.length >= options.backlogLines) {
    backlog.shift();
    lost += 1;
  }
  backlog.push(line);
}

/** The first line of a connection names the instance: `<id>\n`, written by the intake, not by the sandbox. */
function accept(socket: Socket): void {
  readTotal += 1;
  let head = Buffer.alloc(0);
  const readHead = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const newline = head.indexOf(0x0a);
    if (newline === -1) return;
    socket.off('data', readHead);
    const connection = open(head.subarray(0, newline).toString('utf8'), socket);
    socket.on('data', (data) => take(connection, data));
    if (newline + 1 < head.length) take(connection, head.subarray(newline + 1));
  };
  socket.on('data', readHead);
  socket.on('error', () => socket.destroy());
}

function open(instanceId: string, socket: Socket): Connection {
  // What an instance's extensions print comes by a connection of their own, named after the instance.
  const [owner = instanceId, ofExtensions] = instanceId.split('+');
  const from = ofExtensions === undefined ? 'function' : 'extension';
  const source = new LogSource(owner, options.limits, {
    write: (line) => write(line, from),
    nowMs: wallMs(),
  });
  const connection: Connection = { source, socket, readThisTick: 0, readTotal: 0 };
  connections.set(instanceId, connection);
  for (const message of early.get(instanceId) ?? []) tellSource(source, message);
  early.delete(instanceId);
  socket.on('close', () => {
    source.end(wallMs());
    connections.delete(instanceId);
    if (!source.assigned) keepClosed(instanceId, source);
  });
  return connection;
}

function keepClosed(instanceId: string, source: LogSource): void {
  closed.set(instanceId, { source, untilMs: systemClock.nowMs() + KEEP_CLOSED_MS });
  const [oldest] = closed.keys();
  if (closed.size > MAX_CLOSED && oldest !== undefined) closed.delete(oldest);
}

function forgetClosed(nowMs: number): void {
  for (const [instanceId, { untilMs }] of closed) {
    if (nowMs < untilMs) return;
    closed.delete(instanceId);
  }
}

function take(connection: Connection, chunk: Buffer): void {
  connection.source.push(chunk, wallMs());
  connection.readTotal += chunk.length;
  readTotal += chunk.length;
  connection.readThisTick += chunk.length;
  if (connection.readThisTick > options.bytesPerTick) connection.socket.pause();
}

function tick(): void {
  for (const connection of connections.values()) {
    connection.readThisTick = 0;
    if (connection.socket.isPaused()) connection.socket.resume();
    connection.source.tick(wallMs());
  }
  forgetClosed(systemClock.nowMs());
  flush();
}

/** One batch at a time, in order; what fails to be written waits for the next tick. */
function flush(): void {
  writing = writing.then(async () => {
    while (backlog.length > 0) {
      const batch = backlog.slice(0, BATCH_LINES);
      backlog = backlog.slice(batch.length);
      inHand = batch.length;
      try {
        await insertLines(sql, batch);
        inHand = 0;
      } catch {
        inHand = 0;
        backlog = batch.concat(backlog);
        return; // PostgreSQL is away: the backlog is bounded, and the next tick tries again
      }
    }
    if (lost > 0) tell({ kind: 'lost', lines: lost, why: 'PostgreSQL was away for too long' });
    lost = 0;
  });
}

/** Reads until nothing more comes: what the invocation wrote before it answered is in the socket already. */
/** What it has printed so far goes where it is to go, whose request it is of or not. */
async function readUp(instanceId: string): Promise<void> {
  await readOut(instanceId);
  connections.get(instanceId)?.source.tick(wallMs());
}

async function readOut(instanceId: string): Promise<void> {
  let before = -1;
  for (let turn = 0; turn < MAX_SETTLE_TURNS; turn++) {
    const connection = connections.get(instanceId);
    if (connection === undefined && turn > QUIET_TURNS) break; // it has ended, and with it all it had to say
    if (connection !== undefined && connection.readTotal === before) break;
    before = connection?.readTotal ?? -1;
    if (connection?.socket.isPaused()) connection.socket.resume();
    for (let phase = 0; phase < 2; phase++) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function settle({
  instanceId,
  requestId,
  ticket,
}: Extract<ToThread, { kind: 'settle' }>): Promise<void> {
  const read = readOut(instanceId);
  settlingNow.set(instanceId, read);
  await read;
  connections.get(instanceId)?.source.settle(requestId);
  if (settlingNow.get(instanceId) === read) settlingNow.delete(instanceId);
  tell({ kind: 'settled', ticket });
}

/** An instance whose runtime tags its lines is not settled: its socket is read out for this alone. */
async function collect({
  instanceId,
  requestId,
  ticket,
}: Extract<ToThread, { kind: 'collect' }>): Promise<void> {
  if (instanceId !== null) await (settlingNow.get(instanceId) ?? readOut(instanceId));
  tell({ kind: 'collected', ticket, text: tails.take(requestId) });
}

/** What ended processes have written is in their sockets still, and some of these have not been accepted yet. */
async function drain(): Promise<void> {
  let quietTurns = 0;
  for (let turn = 0; turn < MAX_SETTLE_TURNS && quietTurns < QUIET_TURNS; turn++) {
    const before = readTotal;
    for (const { socket } of connections.values()) if (socket.isPaused()) socket.resume();
    for (let phase = 0; phase < 2; phase++) await new Promise((resolve) => setImmediate(resolve));
    quietTurns = readTotal === before ? quietTurns + 1 : 0;
  }
}

async function stop(): Promise<void> {
  endTicking();
  await drain();
  server.close();
  tick();
  await Promise.race([writing, sleep(systemClock, options.stopMs)]); // a server that hangs says nothing
  const left = backlog.length + inHand;
  if (left > 0)
    tell({ kind: 'lost', lines: left, why: 'PostgreSQL did not take them when the node stopped' });
  await sql.end({ timeout: 1 });
  tell({ kind: 'stopped' });
  process.exit(); // of the thread, which a connection that hangs would keep
}

/** To the instance's source, or kept until its socket has been accepted. */
function tellOf(message: Extract<ToThread, { kind: 'assign' | 'begin' }>): void {
  const connection = connections.get(message.instanceId);
  if (connection !== undefined) {
    tellSource(connection.source, message);
    return;
  }
  const ended = closed.get(message.instanceId);
  if (ended !== undefined) {
    tellEnded(ended.source, message);
    return;
  }
  early.set(message.instanceId, [...(early.get(message.instanceId) ?? []), message]);
  const [oldest] = early.keys();
  if (early.size > MAX_EARLY && oldest !== undefined) early.delete(oldest);
}

function tellEnded(source: LogSource, message: Extract<ToThread, { kind: 'assign' | 'begin' }>): void {
  tellSource(source, message);
  if (!source.assigned) return;
  source.tick(wallMs());
  closed.delete(message.instanceId);
}

function tellSource(source: LogSource, message: Extract<ToThread, { kind: 'assign' | 'begin' }>): void {
  if (message.kind === 'assign') source.assign(message);
  else source.begin(message.requestId);
}

const onMessage: { [Kind in ToThread['kind']]: (message: Extract<ToThread, { kind: Kind }>) => void } = {
  assign: tellOf,
  begin: tellOf,
  settle: (message) => void settle(message),
  telemetry: (message) =>
    void takeTelemetry(message).then(() => {
      if (message.act === 'flush') tell({ kind: 'settled', ticket: message.ticket });
    }),
  watch: ({ requestId }) => tails.watch(requestId),
  collect: (message) => void collect(message),
  stop: () => void stop(),
};

port.on('message', (message: ToThread) => (onMessage[message.kind] as (message: ToThread) => void)(message));
const server = createServer(accept);
server.listen(options.socketPath, () => tell({ kind: 'listening' }));
const endTicking = periodically(systemClock, {
  everyMs: options.tickMs,
  task: async () => tick(),
  onProblem: (problem) => {
    throw problem;
  },
});
