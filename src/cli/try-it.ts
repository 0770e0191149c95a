import type { DeployAnswer } from '../control/index.ts';
import type { App } from '../model/index.ts';

/** A request that a person may send to see a new app answer. */
export interface TryIt {
  readonly method: string;
  readonly url: string;
}

/**
 * What to try first: a route that answers a plain GET; else any route, with something in the place of
 * its parameters; else the first function's own URL.
 *
 * A webhook takes only what its sender has signed, and its function answers nobody else.
 *
 * @returns null when the app has no other function
 */
export function tryIt(app: App, answer: DeployAnswer): TryIt | null {
  const routes = app.functions
    .flatMap((fn) => fn.routes)
    .filter(({ webhook }) => webhook === undefined)
    .map(({ method, path }) => ({ method: method === 'ANY' ? 'GET' : method, path }));
  const gets = routes.filter(({ method }) => method === 'GET');
  const route = gets.find(({ path }) => !path.includes('{')) ?? gets[0] ?? routes[0];
  if (route !== undefined) {
    const path = route.path.replaceAll(/\{[^}]*\}/g, '1');
    return { method: route.method, url: new URL(path, answer.url).href };
  }
  const first = answer.functions.find(
    (_, at) => app.functions[at]?.routes.every(({ webhook }) => webhook === undefined) === true,
  );
  return first === undefined ? null : { method: 'GET', url: first.url };
}
