/** `skein.yaml`: its keys, and how it becomes an App. */
import { Fault } from '../base/index.ts';
import { type App, type IdempotencyRule, LIMITS, type RuntimeName } from '../model/index.ts';
import { checkAcross, reportRepeated } from './across.ts';
import type { AppText, FunctionText } from './app-text.ts';
import { concurrency } from './concurrency.ts';
import { checkLoops, deliveryFields } from './delivery.ts';
import { readDocument } from './document.ts';
import { egress, PUBLIC } from './egress.ts';
import { environment } from './environment.ts';
import { failure, type Located } from './failure.ts';
import * as field from './fields.ts';
import { idempotency } from './idempotency.ts';
import { type ImageText, image } from './image.ts';
import { layers } from './layers.ts';
import { checkQueues, queues, toQueues } from './queues.ts';
import { role, secrets, uses } from './rights.ts';
import { route } from './routes.ts';
import {
  below,
  type JsonSchema,
  kindOf,
  listOf,
  mapOf,
  type Path,
  type Problem,
  record,
  report,
  reportMissing,
  type Spot,
  shown,
  text,
} from './rules.ts';
import { reportSameSchedules, scheduleName } from './schedules.ts';
import { BOOTSTRAP, toApp } from './to-app.ts';
import { triggers } from './triggers.ts';
import { duration, size } from './units.ts';

/** What the packer needs to know about a function's code. */
export interface Source {
  /** Folder or `.zip`, relative to the manifest's folder. */
  readonly code: string;
  /** What `code` is. */
  readonly kind: 'code' | 'image';
  readonly handler: string;
  /** Line of `code` in the manifest, for messages. */
  readonly line: number;
  /** Folder or `.zip` of each layer, in order; null: it is a published one. */
  readonly layers: readonly (string | null)[];
}

export interface Manifest {
  /** Of layers that are still to be packed the artifact is empty. */
  readonly app: App;
  /** By function key. */
  readonly sources: ReadonlyMap<string, Source>;
}

const { described, optional, required } = field;
const code = text({ minLength: 1 }, (value) =>
  value === '' || value.includes('\0') ? `${shown(value)} is not the path of a folder or a .zip file` : null,
);

const functionRule = record<FunctionText>(
  {
    shape: optional(
      described(field.shape, 'How events reach the code.', { default: 'function' }),
      () => 'function',
    ),
    runtime: optional<RuntimeName | null>(
      described(field.runtime, "What runs the code: AWS's identifiers."),
      () => null,
    ),
    handler: optional(described(field.handler, 'file.export inside `code`, as on Lambda.'), () => ''),
    code: optional(described(code, "A folder or a .zip file, relative to the manifest's folder."), () => ''),
    image: optional<ImageText | null>(
      described(
        image,
        'A container image instead of `runtime` and `code`: what "docker save" writes, or an OCI layout.',
      ),
      () => null,
    ),
    memory: optional(
      described(size(LIMITS.memoryMb), 'Memory of an instance.', { default: '128MB' }),
      () => LIMITS.memoryMb.default,
    ),
    timeout: optional(
      described(duration(LIMITS.timeoutMs), 'How long one invocation may run.', { default: '3s' }),
      () => LIMITS.timeoutMs.default,
    ),
    stopAfter: optional(
      described(duration(LIMITS.stopAfterMs), 'An instance unused for this long is stopped.', {
        default: '5m',
      }),
      () => LIMITS.stopAfterMs.default,
    ),
    ephemeral: optional(
      described(size(LIMITS.ephemeralMb), 'Size of /tmp.', { default: '512MB' }),
      () => LIMITS.ephemeralMb.default,
    ),
    environment: optional(described(environment('plain'), 'Environment variables.'), () => ({})),
    concurrency: optional(described(concurrency, 'Limits on instances at once.'), () => ({
      reserved: null,
      provisioned: 0,
    })),
    routes: optional(
      described(
        listOf(route, { max: LIMITS.routesPerFunction, what: 'routes' }),
        'Method and path, e.g. "POST /orders".',
      ),
      () => [],
    ),
    triggers: optional(
      described(triggers, 'What it is given: messages of queues; and when it is called.'),
      () => ({ schedules: [], queues: [] }),
    ),
    database: optional<string | null>(
      described(field.name, 'The database whose URL is DATABASE_URL.'),
      () => null,
    ),
    egress: optional(
      described(egress, 'Where the code may connect to: a word, or a list of host:port and networks.', {
        default: 'public',
      }),
      () => PUBLIC,
    ),
    secrets: optional(described(secrets, 'Secrets that are in the environment, by name.'), () => []),
    uses: optional(described(uses, 'What else the code may call.'), () => []),
    role: optional<string | null>(
      described(role, 'The role of its instances, instead of one of its own.'),
      () => null,
    ),
    layers: optional(
      described(layers, 'What is placed under /opt: folders, .zip files, ARNs of layer versions.'),
      () => [],
    ),
    ...deliveryFields,
    idempotency: optional<IdempotencyRule | null>(
      described(idempotency, 'What says that two deliveries are one: "header NAME" or "jsonpath PATH".'),
      () => null,
    ),
  },
  {
    what: 'a function',
    later: ['command', 'main'],
    refused: {
      snapshot:
        'is not offered: a start-up snapshot of Node.js gives every instance the same ids, and cannot hold code ' +
        'that uses node:http, node:https or ES modules. Leave it out: compiled code is kept for you, and ' +
        '`concurrency: { provisioned: 1 }` has an instance initialised before the first request',
    },
    across: checkCode,
  },
);

const appRule = record<AppText>(
  {
    app: required(described(field.name, "The app's name; a function's full name is <app>-<key>.")),
    hosts: optional(
      described(listOf(field.host, { max: 20, what: 'hosts' }), "More hosts for the app's routes."),
      () => [],
    ),
    databases: optional(
      described(
        mapOf(record({}, { what: 'a map ({} will do)' }), field.named('databases', 10)),
        'PostgreSQL databases of its own.',
      ),
      () => new Map(),
    ),
    queues: optional(described(queues, 'Queues of its own.'), () => new Map()),
    functions: required(mapOf(functionRule, field.named('functions', LIMITS.functionsPerApp))),
  },
  {
    what: 'a manifest',
    later: [
      'buckets',
      'schedules',
      'streams',
      'tables',
      'topics',
      'secrets',
      'workflows',
      'roles',
      'resources',
    ],
    across: (found, spot) => reportRepeated(found.hosts, { ...spot, path: ['hosts'] }),
  },
);

/** Code for a runtime, or an image: one of the two. */
function checkCode(found: FunctionText, spot: Spot): void {
  const wrong = (key: string) =>
    spot.problems.some((problem) => sameField(problem.path, [...spot.path, key]));
  if (found.image === null && !wrong('image')) {
    if (found.runtime === null && !wrong('runtime')) reportMissing(spot, 'runtime');
    if (found.code === '' && !wrong('code')) reportMissing(spot, 'code');
    const needsHandler = found.handler === '' && found.runtime !== 'provided.al2023';
    if (needsHandler && !wrong('handler'))
      reportMissing(spot, 'handler', '; write file.export, such as index.handler');
    return;
  }
  const beside = {
    runtime: found.runtime !== null,
    handler: found.handler !== '',
    code: found.code !== '',
    layers: found.layers.length > 0,
  };
  for (const [key, given] of Object.entries(beside)) {
    if (given)
      report(
        below(spot, key),
        `\`${key}\` and \`image\` exclude each other: an image has all of its code`,
        'key',
      );
  }
}

function sameField(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}

/**
 * Reads and validates a manifest.
 *
 * @param text content of the file; at most LIMITS.manifestBytes
 * @param from.file its name, as messages show it
 * @throws {Fault} `manifest-invalid`; the message has one line for each problem:
 *   `skein.yaml:7:13 functions.orders.memory: what is wrong and what is allowed`
 */
export function parseManifest(text: string, from: { file: string }): Manifest {
  const { file } = from;
  const bytes = Buffer.byteLength(text);
  if (bytes > LIMITS.manifestBytes) {
    const message = `${file} is ${bytes} bytes long; at most ${LIMITS.manifestBytes} are allowed`;
    throw new Fault('manifest-invalid', message, { facts: { file, line: 1 } });
  }
  const document = readDocument(text);
  if (document.errors.length > 0)
    throw failure(
      file,
      document.errors.map((error) => ({ ...error, path: [] })),
    );
  if (document.value === null || document.value === undefined) {
    throw failure(file, [
      { line: 1, column: 1, path: [], message: 'is empty; it needs `app` and `functions`' },
    ]);
  }
  const problems: Problem[] = [];
  const lineOf = (path: Path) => ` on line ${document.placeOf(path, 'value').line}`;
  const found = appRule.read(document.value, { path: [], problems, written: document.written });
  checkWhole(found, problems, lineOf);
  if (problems.length > 0) {
    const located: Located[] = problems.map((one) => ({ ...one, ...document.placeOf(one.path, one.at) }));
    throw failure(file, located);
  }
  const sources = new Map<string, Source>();
  for (const [key, { code, image, handler, layers }] of found.functions) {
    sources.set(key, {
      code: image?.path ?? code,
      kind: image === null ? 'code' : 'image',
      handler: handler || BOOTSTRAP,
      line: document.placeOf(['functions', key, image === null ? 'code' : 'image'], 'value').line,
      layers: layers.map((layer) => ('path' in layer ? layer.path : null)),
    });
  }
  return { app: toApp(found), sources };
}

function checkWhole(found: AppText, problems: Problem[], lineOf: (path: Path) => string): void {
  const spot = { path: [], problems, written: () => undefined };
  if (found.functions.size === 0 && problems.length === 0) {
    report({ ...spot, path: ['functions'] }, `needs at least one function, was ${kindOf(null)}`, 'key');
  }
  const parts = [...found.functions].map(([key, one]) => ({
    at: ['functions', key],
    key,
    database: one.database,
    environment: one.environment,
    routes: one.routes,
    queueTriggers: one.triggers.queues,
    secrets: one.secrets,
    uses: one.uses,
    role: one.role,
  }));
  const databases = [...found.databases.keys()];
  const appQueues = toQueues(found.queues);
  checkQueues({ app: found.app, queues: appQueues }, spot, ({ key }) => key);
  const where = {
    environment: ['environment'],
    database: ['database'],
    secrets: ['secrets'],
    uses: ['uses'],
    triggers: ['triggers'],
  };
  checkLoops(found, spot);
  checkAcross({ app: found.app, databases, queues: appQueues, parts, below: where }, spot, lineOf);
  const schedules = [...found.functions].flatMap(([key, { triggers }]) =>
    triggers.schedules.map(({ at, schedule }, index) => ({
      at: ['functions', key, 'triggers', at],
      name: scheduleName({ app: found.app, key }, schedule.name, index),
    })),
  );
  reportSameSchedules(schedules, spot);
}

/** @returns the JSON Schema (draft 2020-12) of `skein.yaml`, made from the rules that check it */
export function manifestSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'skein.yaml',
    ...appRule.schema,
  };
}
