/**
 * The Extensions API, version 2020-01-01, for one instance: requests in, extensions.ts asked, AWS's answers out.
 *
 * Never  believes an extension beyond its table of states: what it may not do now is 403 with AWS's body, and
 *        harms nobody else.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ACCOUNT_ID, versionLabel } from '../../../model/index.ts';
import { TARGET } from './extension-state.ts';
import {
  type Extension,
  type ExtensionEvent,
  type Extensions,
  MAX_EXTENSIONS,
  type Refusal,
} from './extensions.ts';

/** The function whose instance it is. */
export interface ExtensionFacts {
  readonly functionName: string;
  readonly version: number;
  readonly handler: string;
}

/** Takes an extension's subscription to logs or telemetry; see logs/. */
export type Subscribe = (request: {
  readonly api: 'logs' | 'telemetry';
  readonly name: string;
  readonly body: string;
}) => { readonly status: number; readonly body: unknown };

export interface ExtensionsApiOptions {
  readonly extensions: Extensions;
  /** Null while the instance has no function. */
  facts(): ExtensionFacts | null;
  readonly subscribe: Subscribe;
}

const PREFIX = '/2020-01-01/extension/';
const SUBSCRIPTIONS: Readonly<Record<string, 'logs' | 'telemetry'>> = {
  '/2020-08-15/logs': 'logs',
  '/2022-07-01/telemetry': 'telemetry',
};
const ID = 'lambda-extension-identifier';
const ID_PATTERN = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** A registration and a subscription are short. */
const MAX_BODY_BYTES = 64 * 1024;
const EVENTS: ReadonlySet<string> = new Set(['INVOKE', 'SHUTDOWN']);

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** @returns takes a request; false: not one of its paths */
export function extensionsApi(options: ExtensionsApiOptions) {
  const { extensions } = options;
  const routes: Record<string, Handler> = {
    [`POST ${PREFIX}register`]: (request, response) => register(options, request, response),
    [`GET ${PREFIX}event/next`]: known(extensions, (extension, request, response) => {
      request.resume();
      next(extensions, extension, response);
    }),
    [`POST ${PREFIX}init/error`]: known(extensions, reporting(extensions, 'initError')),
    [`POST ${PREFIX}exit/error`]: known(extensions, reporting(extensions, 'exitError')),
  };
  for (const [path, api] of Object.entries(SUBSCRIPTIONS))
    routes[`PUT ${path}`] = known(extensions, subscribing(options, api));
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = (request.url ?? '').replace(/\/$/, '');
    const handler = routes[`${request.method} ${path}`];
    handler?.(request, response);
    return handler !== undefined;
  };
}

async function register(
  { extensions, facts }: ExtensionsApiOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const name = headerOf(request, 'lambda-extension-name');
  const body = await bodyOf(request);
  if (body === null) return void response.destroy();
  if (name === '') return refuse(response, 'Extension.InvalidExtensionName', 'Empty extension name');
  const events = eventsOf(body);
  if (typeof events === 'string') return refuse(response, 'InvalidRequestFormat', events);
  const wrong = wrongEvent(events, extensions.isProgram(name));
  if (wrong !== null) return refuse(response, 'Extension.InvalidEventType', wrong);
  const found = facts();
  if (found === null) return refuse(response, ...REFUSALS.closed(name));
  const extension = extensions.register(name, events as ExtensionEvent[]);
  if (typeof extension === 'string') return refuse(response, ...REFUSALS[extension](name));
  const features = headerOf(request, 'lambda-extension-accept-feature').split(',');
  const wantsAccount = features.some((feature) => feature.trim() === 'accountId');
  send(response, {
    status: 200,
    headers: { 'Lambda-Extension-Identifier': extension.id },
    body: {
      ...(wantsAccount && { accountId: ACCOUNT_ID }),
      functionName: found.functionName,
      functionVersion: versionLabel(found.version),
      handler: found.handler,
    },
  });
}

const REFUSALS: Readonly<Record<Refusal, (name: string) => [type: string, message: string]>> = {
  closed: () => ['Extension.RegistrationClosed', 'Extension registration closed already'],
  'too-many': () => ['Extension.TooManyExtensions', `Extension limit (${MAX_EXTENSIONS}) reached`],
  'not-allowed': () => ['Extension.InvalidExtensionState', 'Extension with this name already registered'],
};

/** @returns the events, or what is wrong with the body */
function eventsOf(text: string): string[] | string {
  try {
    const { events = [], configurationKeys = [] } = JSON.parse(text) as Record<string, unknown[]>;
    if (!Array.isArray(events) || !events.every((event) => typeof event === 'string'))
      return 'events is not a list of strings';
    return configurationKeys.length === 0
      ? (events as string[])
      : 'configurationKeys are deprecated; use environment variables instead';
  } catch (error) {
    return (error as Error).message;
  }
}

function wrongEvent(events: readonly string[], isExternal: boolean): string | null {
  const unknown = events.find((event) => !EVENTS.has(event));
  if (unknown !== undefined) return `${unknown}: ErrorInvalidEventType`;
  if (isExternal || !events.includes('SHUTDOWN')) return null;
  return 'SHUTDOWN: ShutdownEventNotSupportedForInternalExtension';
}

function next(extensions: Extensions, extension: Extension, response: ServerResponse): void {
  const before = extension.state;
  const poll = (event: object) =>
    send(response, {
      status: 200,
      headers: { 'Lambda-Extension-Event-Identifier': randomUUID() },
      body: event,
    });
  if (!extensions.next(extension, poll)) refuseStep(response, { extension, before, step: 'next' });
  else response.once('close', () => extensions.pollLost(extension, poll));
}

/** A handler for whoever shows the identifier that it was given. */
function known(
  extensions: Extensions,
  handle: (extension: Extension, request: IncomingMessage, response: ServerResponse) => void,
): Handler {
  return (request, response) => {
    const id = headerOf(request, ID);
    const extension = extensions.find(id.toLowerCase());
    if (extension !== undefined) return handle(extension, request, response);
    request.resume();
    if (id === '')
      refuse(response, 'Extension.MissingExtensionIdentifier', 'Missing Lambda-Extension-Identifier header');
    else if (!ID_PATTERN.test(id))
      refuse(response, 'Extension.InvalidExtensionIdentifier', 'Invalid Lambda-Extension-Identifier');
    else refuse(response, 'Extension.UnknownExtensionIdentifier', `Unknown extension ${id}`);
  };
}

function reporting(extensions: Extensions, step: 'initError' | 'exitError') {
  return (extension: Extension, request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    const errorType = headerOf(request, 'lambda-extension-function-error-type');
    if (errorType === '')
      return refuse(response, 'Extension.MissingHeader', 'Lambda-Extension-Function-Error-Type not found');
    const before = extension.state;
    if (!extensions.report(extension, step, errorType))
      return refuseStep(response, { extension, before, step });
    send(response, { status: 202, body: { status: 'OK' } });
  };
}

function subscribing({ subscribe }: ExtensionsApiOptions, api: 'logs' | 'telemetry') {
  return async ({ name }: Extension, request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request);
    if (body === null) return void response.destroy();
    send(response, subscribe({ api, name, body }));
  };
}

interface RefusedStep {
  readonly extension: Extension;
  readonly before: Extension['state'];
  readonly step: keyof typeof TARGET;
}

function refuseStep(response: ServerResponse, { extension, before, step }: RefusedStep): void {
  const what = `State transition from ${before} to ${TARGET[step]} failed for extension ${extension.id}`;
  refuse(response, 'Extension.InvalidExtensionState', `${what}. Error: State transition is not allowed`);
}

function refuse(response: ServerResponse, errorType: string, errorMessage: string): void {
  send(response, { status: 403, body: { errorMessage, errorType } });
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  const text = `${JSON.stringify(body)}\n`;
  const about = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
  response.writeHead(status, { ...about, ...headers }).end(text);
}

function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

/** @returns null when it is longer than any that means something, or was cut off */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) return null;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch {
    return null;
  }
}
