/**
 * What apps share: host labels, and routes at hosts. Both are claimed inside the transaction of a
 * deploy, in sorted order, so that two deploys can wait for each other but never in a circle.
 */
import type { TransactionSql } from 'postgres';
import { Fault } from '../base/index.ts';
import { ACCOUNT_ID, type App, fullName, REGION, slugOf, type Webhook } from '../model/index.ts';

interface Label {
  readonly label: string;
  readonly functionName: string | null;
}

/**
 * Claims the host label of the app and of each of its functions.
 *
 * @throws {Fault} `name-taken`, naming the owner
 */
export async function claimLabels(tx: TransactionSql, app: App): Promise<void> {
  const labels: Label[] = [
    { label: slugOf(app.app), functionName: null },
    ...app.functions.map((fn) => {
      const name = fullName(app.app, fn.key);
      return { label: slugOf(name), functionName: name };
    }),
  ];
  for (const wanted of labels.toSorted((a, b) => (a.label < b.label ? -1 : 1))) {
    await tx`
      insert into skein.labels (account_id, region, label, app, function_name)
      values (${ACCOUNT_ID}, ${REGION}, ${wanted.label}, ${app.app}, ${wanted.functionName})
      on conflict do nothing`;
    const [owner] = await tx<Owner[]>`
      select app, function_name from skein.labels
      where account_id = ${ACCOUNT_ID} and region = ${REGION} and label = ${wanted.label}`;
    if (owner!.app === app.app && owner!.function_name === wanted.functionName) continue;
    throw nameTaken(app.app, wanted, owner!);
  }
}

/** Who has a label. `app` null: a function that an API made. */
interface Owner {
  readonly app: string | null;
  readonly function_name: string | null;
}

export function nameTaken(app: string, wanted: Label, owner: Owner): Fault {
  const what = wanted.functionName === null ? `App "${app}"` : `Function "${wanted.functionName}"`;
  const holder =
    owner.function_name === null
      ? `app "${owner.app}"`
      : `function "${owner.function_name}"${owner.app === null ? ', which belongs to no app,' : ` of app "${owner.app}"`}`;
  return new Fault(
    'name-taken',
    `${what} cannot have the host label "${wanted.label}": ${holder} has it. Nothing was changed; choose another name.`,
    { facts: { label: wanted.label, app, owner: owner.app ?? '', ownerFunction: owner.function_name ?? '' } },
  );
}

interface HostRoute {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly normalised: string;
  readonly functionName: string;
  readonly webhook: Webhook | null;
}

/**
 * Makes the app's routes what the plan says, at the app's label and at each of its extra hosts.
 *
 * @throws {Fault} `route-taken`, naming the owner
 */
export async function writeRoutes(tx: TransactionSql, app: App): Promise<void> {
  await tx`
    delete from skein.routes where account_id = ${ACCOUNT_ID} and region = ${REGION} and app = ${app.app}`;
  for (const route of hostRoutes(app)) {
    const written = await tx`
      insert into skein.routes (account_id, region, host, method, normalised, path, app, function_name, webhook)
      values (${ACCOUNT_ID}, ${REGION}, ${route.host}, ${route.method}, ${route.normalised}, ${route.path},
        ${app.app}, ${route.functionName}, ${route.webhook === null ? null : tx.json({ ...route.webhook } as never)})
      on conflict do nothing`;
    if (written.count === 0) throw await routeTaken(tx, app.app, route);
  }
}

function hostRoutes(app: App): HostRoute[] {
  const hosts = [slugOf(app.app), ...app.hosts.map((host) => host.toLowerCase())];
  const routes = app.functions.flatMap((fn) =>
    fn.routes.flatMap(({ method, path, webhook = null }) =>
      hosts.map((host) => ({
        host,
        method,
        path,
        normalised: normalisePath(path),
        functionName: fullName(app.app, fn.key),
        webhook,
      })),
    ),
  );
  const key = (route: HostRoute) => `${route.host} ${route.method} ${route.normalised}`;
  return routes.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** The path without its parameters' names: what makes two routes the same. `/a/{b}/{c+}` → `/a/{}/{+}` */
export function normalisePath(path: string): string {
  return path.replace(/\{[^}]*?(\+?)\}/g, '{$1}');
}

async function routeTaken(tx: TransactionSql, app: string, route: HostRoute): Promise<Fault> {
  const [owner] = await tx<{ app: string; function_name: string; path: string }[]>`
    select app, function_name, path from skein.routes
    where account_id = ${ACCOUNT_ID} and region = ${REGION} and host = ${route.host}
      and method = ${route.method} and normalised = ${route.normalised}`;
  const holder = owner ?? { app: 'another app', function_name: 'a function', path: route.path };
  return new Fault(
    'route-taken',
    `Route "${route.method} ${route.path}" at host "${route.host}" of function "${route.functionName}" is taken by ` +
      `function "${holder.function_name}" of app "${holder.app}" (${route.method} ${holder.path}). ` +
      'Nothing was changed; use another path or another host.',
    { facts: { app, owner: holder.app, host: route.host, method: route.method, path: route.path } },
  );
}
