/**
 * What a function's code asks its node, in the name of its role: AWS's APIs, and other functions by name.
 *
 * Who calls is known by the instance's own way here. A signature must be of the instance's own credentials:
 * others, the owner's included, are for the control listener, where they can be kept from functions.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, systemClock as clock, Fault } from '../base/index.ts';
import type { Gateway } from '../gateway/index.ts';
import {
  type Authority,
  functionRoleName,
  type Principal,
  roleArn,
  type SessionAuthority,
  sessionPrincipal,
} from '../identity/index.ts';
import { functionArn, isInternalHost, LIMITS } from '../model/index.ts';
import type { GuestCredentials, Setup } from '../runtimes/index.ts';
import { type AwsEndpoint, type AwsEndpointOptions, BodyRoom, isAwsRequest } from '../wire/aws/index.ts';

/** How long credentials of an instance are good for, s. SDKs fetch new ones minutes before their end. */
const SESSION_SECONDS = 3_600;

type Verify = Authority['verify'];

export interface GuestCalls {
  /** @returns false when it is neither an API's nor another function's */
  call(setup: Setup, request: IncomingMessage, response: ServerResponse): boolean;
  credentials(setup: Setup): GuestCredentials;
  /** Until then everything is refused for the moment: instances can start before the edges are open. */
  connect(to: GuestTargets): void;
}

interface GuestTargets {
  readonly gateway: Pick<Gateway, 'serveInternal'>;
  /** The endpoint of all services, with a verification of one's own. */
  readonly endpointFor: (own: Pick<AwsEndpointOptions, 'verify' | 'roomOfCaller'>) => AwsEndpoint;
  /** Packages, by links that the APIs give out. */
  readonly links: { answers(request: IncomingMessage, response: ServerResponse): boolean };
  readonly onBug: (error: unknown) => void;
}

type Connected = Omit<GuestTargets, 'endpointFor'> & { readonly endpoint: AwsEndpoint };

/** @param timer by which bodies are waited for */
export function createGuestCalls(
  authority: SessionAuthority,
  timer: Pick<Clock, 'after'> = clock,
): GuestCalls {
  /** Whose request an endpoint is at work on: one endpoint for all, so that its bounds are the node's. */
  const caller = new AsyncLocalStorage<Setup>();
  let targets: Connected | null = null;
  /** By instance: one that sends much, or slowly, does not keep the others from it. */
  const rooms = new WeakMap<Setup, BodyRoom>();
  const roomOf = (setup: Setup) => {
    const room = rooms.get(setup) ?? new BodyRoom(LIMITS.instanceBodyBytes);
    rooms.set(setup, room);
    return room;
  };

  return {
    call(setup, request, response) {
      const isInside = isInternalHost(request.headers.host);
      if (!isInside && targets?.links.answers(request, response)) return true;
      if (!isInside && !isAwsRequest(request)) return false;
      endLate(timer, request);
      if (targets === null) notYet(request, response);
      else if (isInside) {
        const { functionName } = setup;
        targets.gateway.serveInternal(request, response, {
          functionName,
          principal: principalOf(authority, setup),
          room: roomOf(setup),
        });
      } else {
        const { endpoint, onBug } = targets;
        caller.run(setup, () => endpoint(request, response)).catch(onBug);
      }
      return true;
    },
    credentials(setup) {
      const roleName = roleOf(setup);
      const { functionName } = setup;
      const wish = { roleName, sessionName: functionName, seconds: SESSION_SECONDS };
      const session = authority.issueSession({ ...wish, functionArn: functionArn(functionName) });
      const { accessKeyId, secretAccessKey, sessionToken: token, expirationMs } = session;
      const role = authority.findRole(roleName) ?? { path: '/', name: roleName };
      return { accessKeyId, secretAccessKey, token, expirationMs, roleArn: roleArn(role) };
    },
    connect({ endpointFor, ...to }) {
      targets = {
        ...to,
        endpoint: endpointFor({
          verify: ownOnly(authority, () => caller.getStore()),
          roomOfCaller: () => roomOf(caller.getStore() as Setup),
        }),
      };
    },
  };
}

/** Only the credentials that this very function was given. */
function ownOnly(authority: Authority, caller: () => Setup | undefined): Verify {
  return async (request, options) => {
    const setup = caller();
    const verified = await authority.verify(request, options);
    const { kind, roleName, session } = verified.principal;
    const isOwn = setup !== undefined && session?.functionArn === functionArn(setup.functionName);
    if (isOwn && kind === 'instance' && roleName === roleOf(setup)) return verified;
    throw new Fault(
      'credentials-unknown',
      'The security token included in the request is invalid. A function calls its node with the credentials of its own role only.',
    );
  };
}

function principalOf(authority: SessionAuthority, setup: Setup): Principal | null {
  const role = authority.findRole(roleOf(setup));
  if (role === null) return null;
  const nowMs = clock.wallMs();
  const session = {
    ...{ issuedAtMs: nowMs, expiresAtMs: nowMs + SESSION_SECONDS * 1_000, policy: null },
    functionArn: functionArn(setup.functionName),
  };
  return sessionPrincipal({ roleName: role.name, roleId: role.id, sessionName: setup.functionName, session });
}

function roleOf({ role = null, functionName }: Setup): string {
  return role ?? functionRoleName(functionName);
}

/** The guests' listener waits for ever, for what is frozen; a body that does not come would hold its room as long. */
function endLate(timer: Pick<Clock, 'after'>, request: IncomingMessage): void {
  if (request.complete) return;
  const late = timer.after(LIMITS.instanceBodyMs, () => {
    if (!request.complete) request.destroy();
  });
  request.once('close', () => late.cancel()).once('end', () => late.cancel());
}

function notYet(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response.writeHead(503, { 'retry-after': '1', 'content-type': 'application/json' });
  response.end('{"message":"The node is starting. Try again."}');
}
