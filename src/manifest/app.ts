/** The JSON of an App, as a client of the API sends it: the same rules, other spelling. */
import {
  type App,
  type AppFunction,
  type FunctionConfig,
  LIMITS,
  type ProvisionedPlan,
} from '../model/index.ts';
import { checkAcross, reportRepeated } from './across.ts';
import { checkProvisioned, provisioned, provisionedPlan, reserved } from './concurrency.ts';
import { eventSettingsObject } from './delivery.ts';
import { egressObject, PUBLIC } from './egress.ts';
import { environment } from './environment.ts';
import { failureOfJson } from './failure.ts';
import * as field from './fields.ts';
import { idempotencyObject } from './idempotency.ts';
import { imageObject } from './image.ts';
import { layerObjects } from './layers.ts';
import { queueTriggerObjects } from './queue-triggers.ts';
import { checkQueues, queueObjects } from './queues.ts';
import { role, secrets, uses } from './rights.ts';
import { routeObject } from './routes.ts';
import { listOf, type Problem, type Rule, record, report, type Spot, whole } from './rules.ts';
import { reportSameSchedules, scheduleObjects } from './schedules.ts';

const { optional, required } = field;

/** A value that may also be null. */
function orNull<T>(rule: Rule<T>): Rule<T | null> {
  return { schema: rule.schema, read: (value, spot) => (value === null ? null : rule.read(value, spot)) };
}

/** What only the platform fills in. */
const NOTHING: Rule<never> = {
  schema: { not: {} },
  read(_, spot) {
    report(spot, 'cannot be given here');
    return undefined as never;
  },
};

const configRule = record<FunctionConfig>(
  {
    shape: required(field.shape),
    runtime: required(field.runtime),
    handler: required(field.handler),
    memoryMb: required(whole({ ...LIMITS.memoryMb, what: 'MB' })),
    timeoutMs: required(whole({ ...LIMITS.timeoutMs, what: 'ms' })),
    stopAfterMs: required(whole({ ...LIMITS.stopAfterMs, what: 'ms' })),
    ephemeralMb: required(whole({ ...LIMITS.ephemeralMb, what: 'MB' })),
    environment: required(environment('text')),
    database: required(orNull(field.name)),
    egress: optional(egressObject, () => PUBLIC),
    layers: optional(listOf(NOTHING, { max: 0, what: 'layers' }), () => []),
    role: optional<string | null>(orNull(role), () => null),
    secrets: optional(secrets, () => []),
    uses: optional(uses, () => []),
    image: optional<FunctionConfig['image']>(orNull(imageObject), () => null),
    events: optional<FunctionConfig['events']>(orNull(eventSettingsObject), () => null),
    idempotency: optional<FunctionConfig['idempotency']>(orNull(idempotencyObject), () => null),
  },
  { what: 'a configuration' },
);

const functionRule = record<Required<AppFunction>>(
  {
    key: required(field.name),
    config: required(configRule),
    reserved: required(orNull(reserved)),
    provisioned: required(provisioned),
    provisionedPlan: optional<ProvisionedPlan | undefined>(provisionedPlan, () => undefined),
    routes: required(listOf(routeObject, { max: LIMITS.routesPerFunction, what: 'routes' })),
    schedules: optional(scheduleObjects, () => []),
    queueTriggers: optional(queueTriggerObjects, () => []),
    layers: optional(layerObjects, () => []),
  },
  { what: 'a function', across: checkProvisioned },
);

const appRule = record<Required<App>>(
  {
    app: required(field.name),
    hosts: required(listOf(field.host, { max: 20, what: 'hosts' })),
    databases: required(listOf(field.name, { max: 10, what: 'databases' })),
    queues: optional(queueObjects, () => []),
    functions: required(listOf(functionRule, { max: LIMITS.functionsPerApp, what: 'functions' })),
  },
  { what: 'an app', across: acrossApp },
);

function acrossApp(app: Required<App>, spot: Spot): void {
  checkQueues(app, spot, (_, index) => index);
  reportRepeated(app.hosts, { ...spot, path: ['hosts'] });
  reportRepeated(app.databases, { ...spot, path: ['databases'] });
  reportRepeated(
    app.functions.map(({ key }) => key),
    { ...spot, path: ['functions'] },
  );
  if (app.functions.length === 0) report({ ...spot, path: ['functions'] }, 'needs at least one function');
  const parts = app.functions.map(({ key, config, routes, queueTriggers = [] }, index) => ({
    at: ['functions', index],
    key,
    database: config.database,
    environment: config.environment,
    routes,
    queueTriggers: queueTriggers.map((trigger, at) => ({ at, trigger })),
    secrets: config.secrets,
    uses: config.uses,
    role: config.role,
  }));
  const where = {
    environment: ['config', 'environment'],
    database: ['config', 'database'],
    secrets: ['config', 'secrets'],
    uses: ['config', 'uses'],
    triggers: ['queueTriggers'],
  };
  const schedules = app.functions.flatMap(({ schedules = [] }, index) =>
    schedules.map(({ name }, at) => ({ at: ['functions', index, 'schedules', at], name })),
  );
  reportSameSchedules(schedules, spot);
  const { databases, queues } = app;
  reportRepeated(
    queues.map(({ key }) => key),
    { ...spot, path: ['queues'] },
  );
  checkQueues(app, spot, (_, index) => index);
  checkAcross({ app: app.app, databases, queues, parts, below: where }, spot, () => '');
}

/**
 * Validates the JSON of an App.
 *
 * @param json parsed JSON of any kind
 * @throws {Fault} `manifest-invalid`; one line for each problem: `functions[0].config.memoryMb: …`
 */
export function parseApp(json: unknown): App {
  const problems: Problem[] = [];
  const { queues, ...app } = appRule.read(json, { path: [], problems, written: () => undefined });
  if (problems.length > 0) throw failureOfJson(problems);
  const functions = app.functions.map(
    ({ layers = [], schedules = [], queueTriggers = [], provisionedPlan, ...fn }) => ({
      ...fn,
      ...(layers.length > 0 && { layers }),
      ...(schedules.length > 0 && { schedules }),
      ...(queueTriggers.length > 0 && { queueTriggers }),
      ...(provisionedPlan !== undefined && { provisionedPlan }),
    }),
  );
  return { ...app, ...(queues.length > 0 && { queues }), functions };
}
