/** The AWS APIs: one endpoint for all services, over the same verbs as our own. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { systemClock as clock } from '../base/index.ts';
import { createLambdaControl, functionUrls } from '../control/index.ts';
import { purposeKey } from '../identity/index.ts';
import { ACCOUNT_ID, REGION } from '../model/index.ts';
import { codeBytes, readArtifact } from '../store/index.ts';
import { iamService } from '../wire/aws/iam/index.ts';
import { type AwsEndpointOptions, createAwsEndpoint } from '../wire/aws/index.ts';
import { createPackageLinks, lambdaService } from '../wire/aws/lambda/index.ts';
import { schedulerService } from '../wire/aws/scheduler/index.ts';
import { sqsService } from '../wire/aws/sqs/index.ts';
import { stsService } from '../wire/aws/sts/index.ts';
import type { DataPlane } from './data-plane.ts';
import type { Schedules } from './schedules.ts';
import type { Site } from './site.ts';
import type { State } from './state.ts';

interface Around {
  readonly state: State;
  readonly dataPlane: DataPlane;
  readonly schedules: Pick<Schedules, 'made'>;
  /** Known once the front door is built. */
  readonly gatewayUrl: () => string;
}

/** @returns the endpoint, and the links to packages that its answers name */
export function openAws(site: Site, { state, dataPlane, schedules, gatewayUrl }: Around) {
  const { options, newId, problem } = site;
  const { sql, registry, artifacts, logs, keys, identity } = state;
  const links = createPackageLinks({
    key: purposeKey(keys.signingKey, 'package-link'),
    clock,
    read: (digest) => readArtifact(sql, digest),
    onProblem: problem('a link to a package'),
  });
  const lambda = lambdaService({
    control: createLambdaControl({
      ...{ sql, registry, clock, newId, newUrlId, artifacts },
      accountConcurrency: options.accountConcurrency,
      machine: dataPlane.machine,
      roles: identity.authority,
    }),
    ...{ registry, clock },
    invoke: (invocation, signal) => dataPlane.invoker.invoke(invocation, signal),
    enqueue: (event) => dataPlane.events.enqueue(event),
    tail: (requestId) => logs.tail(requestId),
    hasPackage: (digest) => artifacts.has(digest),
    provisionedOf: (version) => dataPlane.fleet.provisionedOf(version),
    putPackage: (zip) => artifacts.put(Readable.from([zip])),
    urlOf: (label) => functionUrls(gatewayUrl(), options.domain)(label),
    packageUrl: (digest, host) => links.urlOf(digest, host),
    codeBytes: () => codeBytes(sql),
    accountConcurrency: options.accountConcurrency,
  });
  const sqs = sqsService({ registry, queues: state.queues, control: state.queueControl });
  const scheduler = schedulerService({ schedules: schedules.made, roles: identity.authority, clock });
  const services = [lambda, sqs, scheduler, iamService(identity), stsService(identity)];
  const endpointFor = (own: Pick<AwsEndpointOptions, 'verify' | 'roomOfCaller'>) =>
    createAwsEndpoint({
      ...own,
      ...{ services, clock, accountId: ACCOUNT_ID, region: REGION },
      authorize: (question) => identity.authority.authorize(question),
      newRequestId: newId,
      onBug: (error, id) => problem(`a bug in an AWS API (${id})`)(error),
    });
  const endpoint = endpointFor({ verify: (request, wanted) => identity.authority.verify(request, wanted) });
  return {
    endpoint,
    /** The same services, for callers who are verified in another way. */
    endpointFor,
    links,
    /** Takes a request that is for AWS's APIs. */
    answers(request: IncomingMessage, response: ServerResponse): true {
      endpoint(request, response).catch(problem('a bug in an AWS API'));
      return true;
    },
  };
}

/** 32 letters and digits, the first a letter: a host label. */
function newUrlId(): string {
  const digits = 'abcdefghijklmnopqrstuvwxyz234567';
  return Array.from(randomBytes(32), (byte, at) => digits[at === 0 ? byte % 26 : byte % 32]).join('');
}
