/** What the outside meets: the front door and the control listener. */
import { type Api, type ApiOptions, createApi, type Status } from '../api/index.ts';
import { systemClock as clock } from '../base/index.ts';
import { type Control, createControl, functionUrls, type Secrets } from '../control/index.ts';
import { createEventDesk, type EventVolume } from '../events/index.ts';
import { createGateway, type Gateway } from '../gateway/index.ts';
import type { Fleet } from '../instances/index.ts';
import { logReader } from '../logs/index.ts';
import { queueArn } from '../model/index.ts';
import { dropAppDatabase, ensureDatabase } from '../resources/index.ts';
import { linesAfter, provisionedTotals, usageAfter, usageTotals } from '../store/index.ts';
import { isAwsRequest } from '../wire/aws/index.ts';
import { openAws } from './aws.ts';
import type { DataPlane } from './data-plane.ts';
import type { Schedules } from './schedules.ts';
import { openSecrets } from './secrets.ts';
import type { Site } from './site.ts';
import type { State } from './state.ts';

const VERSION = '0.1.0';

interface Interior {
  readonly state: State;
  readonly dataPlane: DataPlane;
  readonly schedules: Schedules;
  readonly lifecycle: { ready: boolean; stop(): Promise<void> };
}

/** The listeners, open when this resolves. The front door opens last and closes first. */
export async function openEdges(site: Site, { state, dataPlane, schedules, lifecycle }: Interior) {
  const { options, building, sandboxes, newId, problem } = site;
  const { invoker, fleet, machine } = dataPlane;
  const secrets = await openSecrets(site, { ...state, fleet });
  const gateway = openGateway(site, { state, dataPlane });
  const aws = openAws(site, { state, dataPlane, schedules, gatewayUrl: () => gateway.url });
  const api: Api = createApi({
    listen: options.control,
    domain: options.domain,
    token: state.keys.token,
    others: [
      (request, response) => aws.links.answers(request, response),
      (request, response) => isAwsRequest(request) && aws.answers(request, response),
    ],
    clock,
    whileDatabaseAnswers: (work) => state.watch.during(work),
    control: openControl(site, { state, fleet, machine, gateway, secrets }),
    secrets,
    keys: state.identity.admin,
    ...{ schedules: schedules.desk, queues: openQueueDesk(state) },
    artifacts: state.artifacts,
    invoker,
    events: dataPlane.events,
    eventDesk: createEventDesk({
      ...{ sql: state.sql, directory: state.registry },
      lookAround: () => dataPlane.events.lookAround(),
    }),
    logs: logReader(
      {
        linesAfter: (page) => linesAfter(state.sql, { ...page, sinceMs: page.sinceMs ?? 0 }),
        usageAfter: (page) => usageAfter(state.sql, { ...page, sinceMs: page.sinceMs ?? 0 }),
      },
      clock,
    ),
    usage: {
      totals: () => usageTotals(state.sql),
      async provisioned() {
        await dataPlane.provisionedMeter.flush();
        return await provisionedTotals(state.sql);
      },
    },
    status: () => ({
      ready: lifecycle.ready,
      version: VERSION,
      driver: sandboxes.driver.name,
      isolation: sandboxes.isolation,
      gateway: gateway.url,
      control: api.url,
      instances: fleet.counts(),
      provisioned: fleet.provisionedCounts(),
      ...fleet.starts(),
      events: eventsStatus(dataPlane.events.volume()),
      pid: process.pid,
    }),
    ready: () => lifecycle.ready,
    shutdown: () => void lifecycle.stop(),
    newRequestId: newId,
    onBug: (error, id) => problem(`a bug in the control API (${id})`)(error),
  });
  await api.start();
  building.defer(() => stopApi(api, state));
  const onBug = problem('a bug in the calls of functions');
  dataPlane.guestCalls.connect({ gateway, ...aws, onBug });
  await gateway.start();
  building.defer(() => gateway.stop());
  return { gateway, api };
}

/** Without waiting for long polls. */
async function stopApi(api: Api, { queues }: State): Promise<void> {
  queues.endWaits();
  await api.stop();
}

function eventsStatus({ oldestAtMs, ...counts }: EventVolume): Status['events'] {
  return { ...counts, oldestAt: oldestAtMs === null ? null : new Date(oldestAtMs).toISOString() };
}

/** Queues as operators see them. */
function openQueueDesk({ registry, queues, queueControl }: State): ApiOptions['queues'] {
  return {
    list: () => registry.current().queues,
    consumers(queue) {
      const source = queueArn(queue);
      const readers = [...registry.current().triggers.values()].filter(
        (trigger) => trigger.source === source,
      );
      return readers.map(({ functionName }) => functionName);
    },
    pause: (name, paused) => queueControl.pause(name, paused),
    messages: queues,
  };
}

/** The front door, not open yet. */
function openGateway(site: Site, { state, dataPlane }: Pick<Interior, 'state' | 'dataPlane'>): Gateway {
  const { options, newId, problem } = site;
  return createGateway({
    invoke: (invocation, signal) => dataPlane.events.invokeOnce(invocation, signal),
    enqueue: (event) => dataPlane.events.enqueue(event),
    secrets: state.safe.vault,
    directory: state.registry,
    authority: state.identity.authority,
    clock,
    domain: options.domain,
    listen: options.gateway,
    trustProxy: options.trustProxy,
    tls: options.tls === null ? undefined : { certPath: options.tls.certFile, keyPath: options.tls.keyFile },
    newRequestId: newId,
    onBug: problem('a bug in the gateway'),
  });
}

interface ControlParts {
  readonly state: State;
  readonly fleet: Fleet;
  readonly machine: DataPlane['machine'];
  readonly gateway: Gateway;
  readonly secrets: Secrets;
}

function openControl({ options }: Site, parts: ControlParts): Control {
  const { sql, artifacts, registry } = parts.state;
  return createControl({
    sql,
    clock,
    artifacts,
    databases: {
      ensure: (wanted) => ensureDatabase(sql, wanted),
      drop: (unwanted) => dropAppDatabase(sql, unwanted),
    },
    registry,
    domain: options.domain,
    accountConcurrency: options.accountConcurrency,
    urlOf: (label) => functionUrls(parts.gateway.url, options.domain)(label),
    instancesOf: (name) => parts.fleet.countOf(name),
    provisioning: parts.fleet,
    secrets: parts.secrets,
    machine: parts.machine,
    roles: parts.state.identity.authority,
  });
}
