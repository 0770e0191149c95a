/** Checks across the parts of an app: the same for a manifest and for the JSON of a deploy. */
import { type AppQueue, fullName, type Use } from '../model/index.ts';
import { nearest } from './nearest.ts';
import { type RouteKey, reportDuplicates } from './routes.ts';
import { below, type Path, report, type Spot, shown } from './rules.ts';
import type { PlacedQueueTrigger } from './triggers.ts';

/** AWS: a function's name has at most 64 characters. */
const MAX_FULL_NAME = 64;

/** One function, as far as the checks across an app care. */
export interface Part {
  readonly at: Path;
  readonly key: string;
  readonly database: string | null;
  readonly environment: Readonly<Record<string, string>>;
  readonly routes: readonly RouteKey[];
  readonly queueTriggers: readonly PlacedQueueTrigger[];
  readonly secrets: readonly string[];
  readonly uses: readonly Use[];
  readonly role: string | null;
}

export interface Whole {
  readonly app: string;
  readonly databases: readonly string[];
  readonly queues: readonly Pick<AppQueue, 'key' | 'fifo'>[];
  readonly parts: readonly Part[];
  /** Where the parts of `Part` are below its `at`. */
  readonly below: {
    readonly environment: Path;
    readonly database: Path;
    readonly secrets: Path;
    readonly uses: Path;
    readonly triggers: Path;
  };
}

/** @param lineOf for messages that name a second place: ` on line 12`, or empty */
export function checkAcross(app: Whole, spot: Spot, lineOf: (path: Path) => string): void {
  for (const part of app.parts) checkPart(part, app, spot);
  const routes = app.parts.flatMap((part) =>
    part.routes.map((key, index) => ({ at: [...part.at, 'routes', index], key })),
  );
  reportDuplicates(routes, spot, lineOf);
}

function checkPart(part: Part, app: Whole, spot: Spot): void {
  const name = fullName(app.app, part.key);
  const here = part.at.reduce<Spot>(below, spot);
  if (app.app !== '' && name.length > MAX_FULL_NAME) {
    report(
      here,
      `the full name ${name} has ${name.length} characters; at most ${MAX_FULL_NAME} are allowed`,
      'key',
    );
  }
  checkSecrets(part, app, here);
  checkUses(part, app, here);
  checkQueueTriggers(part, app, here);
  if (part.database !== null && part.database !== '')
    checkDatabase({ ...part, database: part.database }, app, here);
}

function checkDatabase(part: Part & { readonly database: string }, app: Whole, here: Spot): void {
  if (!app.databases.includes(part.database)) {
    const meant = nearest(part.database, app.databases);
    const hint = meant === null ? 'declare it under `databases`' : `did you mean \`${meant}\`?`;
    report(
      app.below.database.reduce<Spot>(below, here),
      `no database ${shown(part.database)} in this app; ${hint}`,
    );
  }
  if (Object.hasOwn(part.environment, 'DATABASE_URL')) {
    const spotOfUrl = [...app.below.environment, 'DATABASE_URL'].reduce<Spot>(below, here);
    report(spotOfUrl, '`DATABASE_URL` is set by `database`; take one of the two out', 'key');
  }
}

/** A variable has one value: it is a secret, or it is written down. */
function checkSecrets({ secrets, environment, database }: Part, app: Whole, here: Spot): void {
  const spot = app.below.secrets.reduce<Spot>(below, here);
  reportRepeated(secrets, spot);
  for (const [index, name] of secrets.entries()) {
    if (Object.hasOwn(environment, name)) {
      report(below(spot, index), `${shown(name)} is in \`environment\`, too; take it out there`);
    } else if (name === 'DATABASE_URL' && database !== null) {
      report(below(spot, index), '`DATABASE_URL` is set by `database`; take one of the two out');
    }
  }
}

function checkUses({ uses, role }: Part, app: Whole, here: Spot): void {
  const spot = app.below.uses.reduce<Spot>(below, here);
  if (role !== null && uses.length > 0) {
    report(
      spot,
      `says what the function's own role may do, but its role is ${shown(role)}; write a policy for that`,
      'key',
    );
  }
  for (const [index, use] of uses.entries()) {
    const [kind, name] = nameOf(use);
    const at = below(below(spot, index), kind);
    const known = namesOf(kind, app);
    if (uses.findIndex((other) => nameOf(other).join() === `${kind},${name}`) < index) {
      report(at, `${shown(name)} is there twice`);
    } else if (name.startsWith(`${app.app}-`) && !known.has(name.replace(/\.fifo$/, ''))) {
      const meant = nearest(name, [...known]);
      const hint = meant === null ? '' : `; did you mean \`${meant}\`?`;
      report(at, `no ${kind} ${shown(name)} in this app${hint}`);
    }
  }
}

function checkQueueTriggers({ queueTriggers }: Part, app: Whole, here: Spot): void {
  const spot = app.below.triggers.reduce<Spot>(below, here);
  const seen = new Set<string>();
  for (const { at: index, trigger } of queueTriggers) {
    const at = below(spot, index);
    const queue = app.queues.find(({ key }) => key === trigger.queue);
    if (trigger.queue !== '' && queue === undefined) {
      const meant = nearest(
        trigger.queue,
        app.queues.map(({ key }) => key),
      );
      const hint = meant === null ? 'declare it under `queues`' : `did you mean \`${meant}\`?`;
      report(below(at, 'queue'), `no queue ${shown(trigger.queue)} in this app; ${hint}`);
    }
    if (seen.has(trigger.queue)) report(below(at, 'queue'), `${shown(trigger.queue)} is there twice`);
    seen.add(trigger.queue);
    if (queue?.fifo !== true) continue;
    if (trigger.batch > 10) report(below(at, 'batch'), 'a FIFO queue gives at most 10 messages at once');
    if (trigger.windowMs > 0)
      report(below(at, 'window'), 'a FIFO queue does not wait for a batch to be full; leave it out', 'key');
  }
}

function nameOf(use: Use): [kind: 'function' | 'queue', name: string] {
  return 'queue' in use ? ['queue', use.queue] : ['function', use.function];
}

/** What the app has of a kind, by key and by full name. */
function namesOf(kind: 'function' | 'queue', app: Whole): Set<string> {
  const keys = (kind === 'queue' ? app.queues : app.parts).map(({ key }) => key);
  return new Set([...keys, ...keys.map((key) => fullName(app.app, key))]);
}

/** Reports every repetition in a list of words. */
export function reportRepeated(words: readonly string[], spot: Spot): void {
  for (const [index, word] of words.entries()) {
    if (word !== '' && words.indexOf(word) < index)
      report(below(spot, index), `${shown(word)} is there twice`);
  }
}
