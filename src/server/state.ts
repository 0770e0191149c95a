/** What a node keeps, and the workers that write it. */
import { join } from 'node:path';
import { createArtifacts } from '../artifacts/index.ts';
import { systemClock as clock } from '../base/index.ts';
import { loadNodeKeys } from '../identity/index.ts';
import { startLogIntake } from '../logs/index.ts';
import { startRecorder } from '../metering/index.ts';
import { createRegistry } from '../registry/index.ts';
import {
  connect,
  hasArtifact,
  listenConfiguration,
  loadConfiguration,
  migrate,
  openDatabase,
  putSettingIfAbsent,
  unreachable,
  watchDatabase,
} from '../store/index.ts';
import { openIdentity } from './identity.ts';
import { openQueues } from './queues.ts';
import { openSafe } from './secrets.ts';
import { describe, type Home } from './site.ts';

/** The database, and what is kept in it: keys, configuration, packages, usage, logs. */
export async function openState(home: Home) {
  const { options, hooks, building, folder, problem } = home;
  const database = await openDatabase(options, {
    clock,
    onProgress: hooks.onProgress,
    onEvent: (event) =>
      hooks.onLog(`PostgreSQL ${event.kind}: ${describe('error' in event ? event.error : event)}`),
  });
  building.defer(() => database.stop());
  const sql = connect({ url: database.url });
  building.defer(() => sql.end({ timeout: 2 }));
  await migrate(sql).catch((error) => {
    throw options.databaseUrl === null ? error : unreachable(error, database);
  });
  const watch = watchDatabase({ url: database.url, clock });
  building.defer(() => watch.stop());
  const keys = await loadNodeKeys({
    putIfAbsent: (key, value) => putSettingIfAbsent(sql, key, { ...value }),
  });
  const registry = createRegistry({
    load: (since) => loadConfiguration(sql, since),
    listen: (poke) => listenConfiguration(sql, poke),
    clock,
    onTrouble: problem('the configuration could not be loaded'),
  });
  await registry.start();
  building.defer(() => registry.stop());
  const safe = await openSafe(home, sql);
  const identity = await openIdentity(home, { sql, keys, registry, safe });
  const databaseUrl = database.url;
  const queues = await openQueues(home, { databaseUrl, sql, registry });
  const recorder = startRecorder({ databaseUrl, clock }, (records) =>
    hooks.onLog(`${records} usage records were lost: PostgreSQL was away for too long`),
  );
  building.defer(() => recorder.stop());
  const logs = await startLogIntake({ socketFolder: options.home, databaseUrl }, (lines, why) =>
    hooks.onLog(`${lines} log lines were lost: ${why}`),
  );
  building.defer(() => logs.stop());
  const artifacts = createArtifacts({
    store: { has: (digest) => hasArtifact(sql, digest), url: databaseUrl },
    cacheDir: join(folder.path, 'artifacts'),
    imagesDir: join(options.home, 'images'),
    clock,
    engine: `${process.version}-${process.arch}`,
    onProblem: problem('compiled code could not be kept'),
  });
  await artifacts.start();
  building.defer(() => artifacts.stop());
  return { database, sql, watch, keys, registry, safe, identity, recorder, logs, artifacts, ...queues };
}

export type State = Awaited<ReturnType<typeof openState>>;
