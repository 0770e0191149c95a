/** For tests: the control API over a node by hand. */
import { buffer } from 'node:stream/consumers';
import { Fault, systemClock } from '../base/index.ts';
import type { Control } from '../control/index.ts';
import type { Invocation, InvokeResult, Report } from '../invoke/index.ts';
import type { ApiOptions } from './options.ts';

export const DIGEST = 'a'.repeat(64);
export const report: Report = {
  outcome: 'ok',
  durationMs: 1.5,
  billedMs: 2,
  initMs: null,
  memoryMb: 128,
  maxMemoryMb: 40,
  queuedMs: 0,
  phases: null,
};

/** A node by hand: remembers what it was asked, answers what the test says. */
export function openNode() {
  const seen = {
    deployed: null as unknown,
    rolledBack: null as unknown,
    destroyed: null as unknown,
    logs: null as unknown,
  };
  const node = {
    seen,
    bugs: [] as unknown[],
    shutdowns: 0,
    stored: new Set<string>(),
    answer: (async () => ({
      kind: 'result',
      executedVersion: 3,
      payload: Buffer.from('{"ok":1}'),
      report,
    })) as (invocation: Invocation, signal: AbortSignal) => Promise<InvokeResult>,
  };
  const control: Control = {
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
      return { app: wanted.app, functions: [], databases: [] };
    },
  };
  const options: ApiOptions = {
    listen: { host: '127.0.0.1', port: 0 },
    domain: 'localhost',
    token: 'secret',
    clock: systemClock,
    whileDatabaseAnswers: (work) => work(),
    control,
    artifacts: {
      has: async (digest) => node.stored.has(digest),
      put: async (zip) => ({ digest: DIGEST, bytes: (await buffer(zip)).length }),
    },
    invoker: { invoke: (invocation, signal) => node.answer(invocation, signal) },
    logs: {
      read: async (wanted) => {
        seen.logs = wanted;
        return { entries: [], cursor: '7' };
      },
    },
    usage: {
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
    },
    status: () => ({
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
      pid: 1,
    }),
    ready: () => node.shutdowns === 0,
    shutdown() {
      node.shutdowns += 1;
    },
    newRequestId: () => 'request-1',
    onBug: (error) => node.bugs.push(error),
  };
  return { node, options };
}
