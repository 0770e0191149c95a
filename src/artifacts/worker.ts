/** The thread that hashes, judges, inflates and stores packages: one job at a time, told by message. */
import { parentPort, workerData } from 'node:worker_threads';
import { Fault, GIVE_WAY, giveWay } from '../base/index.ts';
import { admit, type ChunkStore, fetch, type Job } from './jobs.ts';
import type { Reply, WorkerData } from './worker-pool.ts';

const port = parentPort!;
const { cacheDir, imagesDir, url, module } = workerData as WorkerData;
let store: ChunkStore | null = null;

/** Loaded with the first job, so that what is wrong with it is that job's answer. */
function loadStore(): Promise<{ openStore(url: string): ChunkStore }> {
  return module === null ? import('./store-module.ts') : import(module);
}

async function run(job: Job): Promise<Reply> {
  try {
    store ??= (await loadStore()).openStore(url);
    const place = { cacheDir, imagesDir, store };
    const value = job.kind === 'admit' ? await admit(job, place) : await fetch(job.digest, place);
    return { ok: true, value };
  } catch (error) {
    if (error instanceof Fault) {
      return { ok: false, fault: { code: error.code, message: error.message, facts: error.facts } };
    }
    return { ok: false, bug: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

giveWay(GIVE_WAY.packages);
port.on('message', (message: Job | 'end') => {
  if (message === 'end') void (store?.end() ?? Promise.resolve()).finally(() => port.close());
  else void run(message).then((reply) => port.postMessage(reply));
});
