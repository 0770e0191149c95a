import { Fault } from '../base/index.ts';
import { announceChange, changeQueues, databaseKeys, destroyApp } from '../store/index.ts';
import type { ControlOptions, DestroyAnswer } from './answers.ts';
import { serve } from './serve.ts';

/**
 * Functions first, then data: no new request finds a function without its database. A request that is
 * still running loses its connections to a database that goes.
 */
export async function destroy(
  options: ControlOptions,
  { app, data }: { readonly app: string; readonly data: boolean },
): Promise<DestroyAnswer> {
  const databases = data ? await databaseKeys(options.sql, app) : [];
  const { result: queues } = await changeQueues(options.sql, (all) =>
    data ? all.ofApp(app) : Promise.resolve([]),
  );
  const functions = await destroyFunctions(options, app, databases.length + queues.length > 0);
  if (queues.length > 0) await dropQueues(options, app);
  for (const key of databases) await options.databases.drop({ app, key });
  if (data) await options.secrets.removeOf(app);
  if (databases.length > 0) await serve(options, await announceChange(options.sql));
  return { app, functions, databases, queues };
}

async function dropQueues(options: ControlOptions, app: string): Promise<void> {
  const { revision } = await changeQueues(options.sql, async (all) => {
    for (const name of await all.ofApp(app)) await all.drop(name);
  });
  if (revision !== null) await serve(options, revision);
}

/** @param hasData whether an app that is gone already has left data to delete, so its absence is no mistake */
async function destroyFunctions(options: ControlOptions, app: string, hasData: boolean): Promise<string[]> {
  try {
    const gone = await destroyApp(options.sql, app);
    await serve(options, gone.revision);
    return gone.functions;
  } catch (error) {
    if (hasData && error instanceof Fault && error.code === 'app-not-found') return [];
    throw error;
  }
}
