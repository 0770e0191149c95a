/**
 * One endpoint for all AWS services.
 *
 * Owns   the way of a request: which service and operation, how large it may be, who sent it, what it says,
 *        and how answer and refusal go back.
 * Asks   the services' models for the first and the last, identity who and whether, an operation what to do.
 * Never  knows what any operation means.
 *
 * In AWS's order: a body that is too large is refused before it is read, a wrong signature before the
 * operation is known to exist, and that before the input is read. What goes wrong is answered in the form
 * of the service that was meant.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { Fault } from '../../base/index.ts';
import {
  carriesSignature,
  type Question,
  type SignedRequest,
  type VerifiedRequest,
  type VerifyOptions,
} from '../../identity/index.ts';
import { LIMITS } from '../../model/index.ts';
import {
  BOUNDLESS,
  type Body,
  BodyRoom,
  CallerGone,
  checkDeclared,
  declaredBytes,
  dropRest,
  type Room,
  readWhole,
} from './body.ts';
import {
  AwsError,
  type AwsRequest,
  type AwsResponse,
  type Located,
  lighten,
  locate,
  readInput,
  writeError,
  writeResponse,
} from './protocol/index.ts';
import { bugError, errorFor, notServed } from './refusals.ts';
import { respond } from './respond.ts';
import type { AwsCall, AwsService } from './service.ts';
import { type Head, type ServiceTable, scopeOf, serviceTable } from './service-table.ts';

export interface AwsEndpointOptions {
  readonly services: readonly AwsService[];
  readonly accountId: string;
  readonly region: string;
  /** Identity's: who signed a request. */
  readonly verify: (request: SignedRequest, options: VerifyOptions) => Promise<VerifiedRequest>;
  /** Identity's: throws `access-denied`. */
  readonly authorize: (question: Question) => void;
  readonly clock: { wallMs(): number };
  /** How much of its bodies the caller of the moment may have held here; default: as much as all together. */
  readonly roomOfCaller?: () => Room;
  readonly newRequestId: () => string;
  /** An error that is a bug: goes to the node's own log under `id`, which is all the caller is told. */
  readonly onBug: (error: unknown, id: string) => void;
}

export type AwsEndpoint = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const AWS_PATH = /^\/20\d\d-\d\d-\d\d\//;

/** Whether a request speaks to an AWS API: it is signed, or has a path, a header or a form that only they have. */
export function isAwsRequest({ url = '/', headers, method }: IncomingMessage): boolean {
  if (carriesSignature({ authorization: headers.authorization, url })) return true;
  if (AWS_PATH.test(url) || headers['x-amz-target'] !== undefined) return true;
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  return method === 'POST' && isForm && /^\/(\?|$)/.test(url);
}

/** Bodies of operations that say nothing of their own. */
const DEFAULT_BODY_BYTES = LIMITS.eventBytes;
/** A larger body is not read before the head has been looked at: its key, its scope, its time. */
const SMALL_BODY_BYTES = 64 * 1024;

export function createAwsEndpoint(options: AwsEndpointOptions): AwsEndpoint {
  const shared = { options, table: serviceTable(options.services), room: new BodyRoom(LIMITS.awsBodyBytes) };
  return (request, response) => new Exchange(shared, request, response).run();
}

interface Shared {
  readonly options: AwsEndpointOptions;
  readonly table: ServiceTable;
  readonly room: BodyRoom;
}

/** One request and its answer. */
class Exchange {
  readonly #shared: Shared;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #head: Head;
  readonly #requestId: string;
  /** The share of the room that its caller may take. */
  readonly #own: Room;
  readonly #gone = new AbortController();
  /** The service whose words are used; known from the head, or the most likely one. */
  #service: AwsService;
  #operation: string | null = null;
  #heldBytes = 0;

  constructor(shared: Shared, request: IncomingMessage, response: ServerResponse) {
    this.#shared = shared;
    this.#request = request;
    this.#response = response;
    this.#head = headOf(request);
    this.#own = shared.options.roomOfCaller?.() ?? BOUNDLESS;
    this.#requestId = shared.options.newRequestId();
    this.#service = shared.table.likely(this.#head);
    response.once('close', () => {
      if (!response.writableFinished) this.#gone.abort(new CallerGone('the caller went away'));
    });
  }

  async run(): Promise<void> {
    try {
      await this.#send(await this.#answer());
    } catch (error) {
      if (error instanceof CallerGone || this.#gone.signal.aborted) return this.#leave();
      await this.#send(this.#refusal(error));
    } finally {
      this.#shared.room.give(this.#heldBytes);
      this.#own.give(this.#heldBytes);
    }
  }

  async #answer(): Promise<AwsResponse> {
    const { options, table } = this.#shared;
    const service = table.find(this.#head);
    if (service === null) {
      const scope = scopeOf(this.#head);
      if (scope === null) throw signatureMissing();
      throw notServed(
        scope,
        options.services.map(({ model }) => model.signingName),
      );
    }
    this.#service = service;
    const early = this.#locateEarly();
    if (early instanceof Error || !early.operation.streamsInput) {
      const { principal, body } = await this.#readSigned();
      return this.#perform(principal, { located: early, body: body.bytes });
    }
    if (this.#head.headers['x-amz-content-sha256'] === undefined) {
      // signed without a word of what the body will be, as boto3 does: it has to be read to be verified
      const { principal, body } = await this.#readSigned();
      return this.#perform(principal, { located: early, body: Readable.from([body.bytes]) });
    }
    const { principal, bodyCheck } = await this.#verify(null);
    const stream = bodyCheck === null ? this.#request : this.#request.pipe(bodyCheck());
    return this.#perform(principal, { located: early, body: stream });
  }

  /** The operation, where the head says it; what is wrong with the head is said after the signature is checked. */
  #locateEarly(): Located | AwsError {
    try {
      const located = locate(this.#service.model, { ...this.#head, body: null });
      this.#operation = located.operation.name;
      return located;
    } catch (error) {
      if (error instanceof AwsError) return error;
      throw error;
    }
  }

  async #readSigned(): Promise<{ principal: VerifiedRequest['principal']; body: Body }> {
    const bounds = {
      declaredBytes: declaredBytes(this.#request),
      maxBytes: this.#service.maxBodyBytes?.(this.#operation ?? '') ?? DEFAULT_BODY_BYTES,
      operation: this.#service.bodyOf?.(this.#operation ?? '') ?? this.#operation ?? 'requested',
      take: (bytes: number) => this.#take(bytes),
    };
    checkDeclared(bounds);
    // of a request that claims no signature no byte is read: nothing in its body could make it anybody's
    const { authorization } = this.#head.headers;
    if (authorization === undefined && !carriesSignature({ authorization, url: this.#head.url }))
      throw signatureMissing();
    const claimed = this.#head.headers['x-amz-content-sha256'] ?? '';
    if (claimed.startsWith('STREAMING-')) {
      const { principal, bodyCheck } = await this.#verify(null);
      const stream: Readable = bodyCheck === null ? this.#request : this.#request.pipe(bodyCheck());
      return { principal, body: await readWhole(stream, bounds) };
    }
    if ((bounds.declaredBytes ?? Number.POSITIVE_INFINITY) > SMALL_BODY_BYTES)
      await this.#verify(null, { headOnly: true });
    const body = await readWhole(this.#request, bounds);
    const { principal } = await this.#verify(body.sha256);
    return { principal, body };
  }

  #take(bytes: number): boolean {
    if (!this.#own.take(bytes)) return false;
    const taken = this.#shared.room.take(bytes);
    if (taken) this.#heldBytes += bytes;
    else this.#own.give(bytes);
    return taken;
  }

  #verify(bodySha256: string | null, more: Pick<VerifyOptions, 'headOnly'> = {}): Promise<VerifiedRequest> {
    const { verify, clock } = this.#shared.options;
    const { method, url } = this.#head;
    const signed = { method, url, rawHeaders: this.#request.rawHeaders, bodySha256 };
    return verify(signed, {
      ...{ services: [this.#service.model.signingName], nowMs: clock.wallMs() },
      ...more,
    });
  }

  async #perform(
    principal: VerifiedRequest['principal'],
    { located: early, body }: { readonly located: Located | AwsError; readonly body: AwsRequest['body'] },
  ): Promise<AwsResponse> {
    const { model, operations } = this.#service;
    const request = bodyIsPayload(early) ? { ...this.#head, body } : await this.#lightened(body);
    const located = early instanceof Error ? locate(model, request) : early;
    const { name } = located.operation;
    this.#operation = name;
    const perform = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (perform === undefined) throw missing(model.metadata.protocol, name);
    const input = readInput(model, request, located);
    const output = await perform(input as never, this.#call(principal));
    const { requestId, failureOf } = {
      requestId: this.#requestId,
      failureOf: (error: unknown) => this.#told(error),
    };
    return writeResponse(model, { operation: name, output, requestId, failureOf });
  }

  /** Large JSON is made small before it is parsed, so that no request holds up the others. */
  async #lightened(body: AwsRequest['body']): Promise<AwsRequest> {
    const { protocol } = this.#service.model.metadata;
    if (!Buffer.isBuffer(body) || (protocol !== 'rest-json' && protocol !== 'json'))
      return { ...this.#head, body };
    const { body: light, taken } = await lighten(body, `${this.#requestId}#`);
    return { ...this.#head, body: light, longTexts: taken };
  }

  #call(principal: VerifiedRequest['principal']): AwsCall {
    const { accountId, region, authorize } = this.#shared.options;
    const sourceIp = this.#request.socket.remoteAddress ?? '';
    const ours = {
      'aws:SourceIp': sourceIp.replace(/^::ffff:/, ''),
      'aws:SecureTransport': String('encrypted' in this.#request.socket),
      'aws:UserAgent': this.#head.headers['user-agent'] ?? '',
    };
    return {
      requestId: this.#requestId,
      operation: this.#operation ?? '',
      principal,
      accountId,
      region,
      host: this.#head.headers.host ?? '',
      sourceIp: ours['aws:SourceIp'],
      headers: this.#head.headers,
      signal: this.#gone.signal,
      async authorize(action, resource, { context, ...more } = {}) {
        authorize({ principal, action, resource, context: { ...ours, ...context }, ...more });
      },
    };
  }

  #refusal(error: unknown): AwsResponse {
    const refused = { operation: this.#operation, error: this.#told(error), requestId: this.#requestId };
    return writeError(this.#service.model, refused);
  }

  #told(error: unknown): AwsError {
    const told = errorFor(error, this.#service, this.#operation);
    if (told !== null) return told;
    this.#shared.options.onBug(error, this.#requestId);
    return bugError(this.#service.model, this.#requestId);
  }

  async #send(answer: AwsResponse): Promise<void> {
    if (!this.#request.complete) this.#response.setHeader('connection', 'close');
    await respond(this.#response, answer, this.#request.method !== 'HEAD');
    dropRest(this.#request);
  }

  #leave(): void {
    this.#response.destroy();
  }
}

function signatureMissing(): Fault {
  return new Fault('signature-missing', 'Missing Authentication Token');
}

function missing(protocol: string, name: string): AwsError {
  if (protocol === 'query' || protocol === 'ec2') {
    return new AwsError('InvalidAction', `The operation ${name} is not supported here.`, { status: 400 });
  }
  return new AwsError('UnknownOperationException', `The operation ${name} is not supported here.`, {
    status: 404,
  });
}

function headOf({ method = 'GET', url = '/', headers }: IncomingMessage): Head {
  const flat = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : value,
  ]);
  return { method, url, headers: Object.fromEntries(flat) };
}

/** Whether the body is one member as it is, such as an event, and not a document of members. */
function bodyIsPayload(located: Located | AwsError): boolean {
  return !(located instanceof Error) && located.operation.input?.traits.payload !== undefined;
}
