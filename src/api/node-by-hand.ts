/** For tests: the control API over a node by hand. */
import { buffer } from 'node:stream/consumers';
import { Fault, systemClock } from '../base/index.ts';
import type { Control } from '../control/index.ts';
import type { Invocation, InvokeResult, Report } from '../invoke/index.ts';
import type { ApiOptions, Status } from './options.ts';
import { queuesByHand } from './queues-by-hand.ts';

export const DIGEST = 'a'.repeat(64);
export const FAILED_ID = '019a5b6e-0000-7000-8000-000000000001';
export const report: Report = {
  outcome: 'ok',
  durationMs: 1.5,
  billedMs: 2,
  initMs: null,
  memoryMb: 128,
  maxMemoryMb: 40,
  queuedMs: 0,
  phases: null,
  instanceId: 'i-1',
};

const made = { userName: 'ada', accessKeyId: 'AKIAAAAAAAAAAAAAAAAA', secretAccessKey: 's', createdAtMs: 0 };
const key = { id: made.accessKeyId, sealed: 'sealed', active: true, createdAtMs: 0 };
const ada = {
  ...{ name: 'ada', path: '/', id: 'AIDA', createdAtMs: 0, tags: {}, inline: {}, keys: [key] },
  attached: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
};
const keysByHand: ApiOptions['keys'] = {
  grantKey: async () => made,
  rotateKey: async () => made,
  removeKey: async () => {},
  users: () => [ada],
  user: () => ada,
  owner: () => ada,
};

/** Secrets by hand: tells what it was asked. */
function secretsByHand(seen: { secret: unknown }): ApiOptions['secrets'] {
  const tell = (secret: unknown) => {
    seen.secret = secret;
  };
  return {
    async set({ app, name, value }) {
      tell({ app, name, value });
      return { app, name, changed: true };
    },
    list: async () => ({ secrets: [] }),
    async remove({ app, name, force }) {
      tell({ app, name, force });
      return { app, name, removed: true };
    },
    removeOf: async () => {},
    missing: () => [],
    rotate: async () => ({ resealed: 0 }),
    reseal: async () => 0,
  };
}

/** Schedules by hand: tells what it was asked. */
function schedulesByHand(seen: { schedule: unknown }): ApiOptions['schedules'] {
  const tell = (verb: string) => async (key: unknown) => {
    seen.schedule = { verb, key };
    return null as never;
  };
  return {
    list: async (app) => {
      seen.schedule = { verb: 'list', app };
      return { schedules: [] };
    },
    ...{ show: tell('show'), pause: tell('pause'), resume: tell('resume'), run: tell('run') },
  };
}

const USAGE: ApiOptions['usage'] = {
  totals: async () =>
    ['b', 'a', 'a'].map((functionName) => ({
      functionName,
      invocations: 1,
      errors: 0,
      throttles: 0,
      coldStarts: 1,
      durationMs: 1.5,
      billedMs: 2,
      gbSeconds: 0.25,
    })),
  provisioned: async () => [{ functionName: 'c', gbSeconds: 0.5 }],
};

const STATUS: Status = {
  ready: true,
  version: '0.1.0',
  driver: 'process',
  isolation: 'none',
  gateway: 'g',
  control: 'c',
  instances: { starting: 0, idle: 0, busy: 0, frozen: 0 },
  provisioned: { wanted: 0, ready: 0 },
  prewarmed: { started: 0, used: 0, wasted: 0 },
  firsts: { asked: 0, missed: 0 },
  events: { waiting: 0, bytes: 0, oldestAt: null },
  pid: 1,
};

/** Keeps what it is given. */
const eventsByHand = (kept: Invocation[]): ApiOptions['events'] => ({
  enqueue: async (invocation) => {
    kept.push(invocation);
    return { requestId: invocation.requestId };
  },
});

/** Has none that wait, one that failed, and tells what it was asked. */
function eventDeskByHand(seen: { events: unknown[] }): ApiOptions['eventDesk'] {
  const tell = (...asked: unknown[]) => void seen.events.push(asked);
  const times = { acceptedAtMs: 0, failedAtMs: 1_000 };
  const who = { id: FAILED_ID, functionName: 'orders', qualifier: null, attempts: 1, ...times };
  const failed = { ...who, reason: 'RetriesExhausted', told: [] };
  const context = { traceId: null, clientContext: null, hops: 1 };
  const rest = {
    lane: 'orders',
    payload: '{"n":1}',
    context,
    terms: null,
    trail: [],
    failure: null,
    dueAtMs: null,
  };
  return {
    waiting: async () => [],
    failed: async () => [failed],
    async show(id) {
      if (id !== FAILED_ID) throw new Fault('event-not-found', 'There is none.');
      return { ...failed, ...rest, state: 'failed', differences: null };
    },
    edit: async (...asked) => tell('edit', ...asked),
    async redrive(wanted) {
      tell('redrive', wanted);
      return { redriven: 1 };
    },
    pauses: async () => [{ functionName: 'mail', pausedAtMs: 0 }],
    async pause(name) {
      tell('pause', name);
      return true;
    },
    async resume(name) {
      tell('resume', name);
      return false;
    },
  };
}

/** Takes any package for one and the same. */
const artifactsByHand = (stored: Set<string>): ApiOptions['artifacts'] => ({
  has: async (digest) => stored.has(digest),
  put: async (zip) => ({ digest: DIGEST, bytes: (await buffer(zip)).length }),
});

/** The verbs by hand: tell what they were asked. */
function controlByHand(seen: { deployed: unknown; rolledBack: unknown; destroyed: unknown }): Control {
  return {
    deploy: async (app, artifacts) => {
      seen.deployed = { app, artifacts };
      return { app: app.app, url: 'u', functions: [] };
    },
    rollback: async (wanted) => {
      seen.rolledBack = wanted;
      return { name: wanted.name, from: '2', version: '1' };
    },
    versions: async (name) => {
      if (name === 'bug') throw new TypeError('secret inner detail');
      throw new Fault('function-not-found', `There is no function "${name}" here.`, { facts: { name } });
    },
    list: () => ({ functions: [] }),
    destroy: async (wanted) => {
      seen.destroyed = wanted;
      return { app: wanted.app, functions: [], databases: [], queues: [] };
    },
  };
}

/** A node by hand: remembers what it was asked, answers what the test says. */
export function openNode() {
  const seen = {
    deployed: null as unknown,
    rolledBack: null as unknown,
    destroyed: null as unknown,
    logs: null as unknown,
    secret: null as unknown,
    queue: null as unknown,
    ...{ events: [] as unknown[], schedule: null as unknown },
  };
  const node = {
    seen,
    bugs: [] as unknown[],
    shutdowns: 0,
    kept: [] as Invocation[],
    stored: new Set<string>(),
    answer: (async () => ({
      kind: 'result',
      executedVersion: 3,
      payload: Buffer.from('{"ok":1}'),
      report,
    })) as (invocation: Invocation, signal: AbortSignal) => Promise<InvokeResult>,
  };
  const options: ApiOptions = {
    listen: { host: '127.0.0.1', port: 0 },
    domain: 'localhost',
    token: 'secret',
    others: [],
    clock: systemClock,
    whileDatabaseAnswers: (work) => work(),
    control: controlByHand(seen),
    secrets: secretsByHand(seen),
    keys: keysByHand,
    ...{ schedules: schedulesByHand(seen), queues: queuesByHand(seen) },
    artifacts: artifactsByHand(node.stored),
    events: eventsByHand(node.kept),
    eventDesk: eventDeskByHand(seen),
    invoker: { invoke: (invocation, signal) => node.answer(invocation, signal) },
    logs: {
      read: async (wanted) => {
        seen.logs = wanted;
        return { entries: [], cursor: '7' };
      },
    },
    usage: USAGE,
    status: () => STATUS,
    ready: () => node.shutdowns === 0,
    shutdown: () => void node.shutdowns++,
    newRequestId: () => 'request-1',
    onBug: (error) => node.bugs.push(error),
  };
  return { node, options };
}
