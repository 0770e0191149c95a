/**
 * Which service a request means: by the scope of its signature, else its host, else its target header,
 * else a path that only one service has, else the operation that its form names.
 */
import { type Located, locate, type ServiceModel } from './protocol/index.ts';
import type { AwsService } from './service.ts';

/** A request before its body. */
export interface Head {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface ServiceTable {
  /** @returns null when none of the services is meant */
  find(head: Head): AwsService | null;
  /** The service in whose form a request that means none is refused. */
  likely(head: Head): AwsService;
}

export function serviceTable(services: readonly AwsService[]): ServiceTable {
  const byName = new Map(services.map((service) => [service.model.signingName, service]));
  const [first] = services;
  if (first === undefined) throw new Error('an endpoint needs a service');
  const find = (head: Head): AwsService | null => {
    const scoped = byName.get(scopeOf(head) ?? '');
    // a scope of another service at what is one's own is that one's to refuse, as a wrong signature
    const found =
      scoped ??
      byHost(head, byName) ??
      byTarget(head, services) ??
      byPath(head, services) ??
      byAction(head, services);
    return found === null ? null : spoken(found, head);
  };
  const likely = (head: Head): AwsService => {
    const type = head.headers['content-type'] ?? '';
    const protocol = type.includes('x-www-form-urlencoded')
      ? 'query'
      : type.includes('x-amz-json')
        ? 'json'
        : null;
    return spoken(services.find(({ model }) => model.metadata.protocol === protocol) ?? first, head);
  };
  return { find, likely };
}

/** The service in the protocol of a request, where it has more than one. */
function spoken(service: AwsService, { headers }: Head): AwsService {
  return headers['x-amz-target'] === undefined ? (service.older ?? service) : service;
}

const SCOPE = /Credential=[^/,\s&]+\/\d{8}\/[^/,\s]+\/([\w-]+)\/aws4_request/;
const PRESIGNED_SCOPE =
  /[?&]X-Amz-Credential=[^&/%]+(?:\/|%2F)\d{8}(?:\/|%2F)[^&/%]+(?:\/|%2F)([\w-]+)(?:\/|%2F)aws4_request/i;

/** @returns the service of a signature's scope; null: not signed, or not in a form that says */
export function scopeOf({ url, headers }: Head): string | null {
  return SCOPE.exec(headers.authorization ?? '')?.[1] ?? PRESIGNED_SCOPE.exec(url)?.[1] ?? null;
}

/** `lambda.us-east-1.amazonaws.com`, `sts.localhost:9400` */
function byHost({ headers }: Head, byName: ReadonlyMap<string, AwsService>): AwsService | null {
  return byName.get((headers.host ?? '').split('.', 1)[0]?.toLowerCase() ?? '') ?? null;
}

function byTarget({ headers }: Head, services: readonly AwsService[]): AwsService | null {
  const prefix = headers['x-amz-target']?.split('.', 1)[0];
  if (prefix === undefined) return null;
  return services.find(({ model }) => model.metadata.targetPrefix === prefix) ?? null;
}

function byPath(head: Head, services: readonly AwsService[]): AwsService | null {
  const rest = services.filter(({ model }) => model.metadata.protocol === 'rest-json');
  return rest.find(({ model }) => located(model, head) !== null || hasVersionOf(model, head.url)) ?? null;
}

/** A path of an operation that is missing is still that service's: its first part is the date of a version. */
function hasVersionOf(model: ServiceModel, url: string): boolean {
  const first = url.split('/', 2)[1] ?? '';
  if (!/^\d{4}-\d\d-\d\d$/.test(first)) return false;
  return model.operationNames.some((name) => model.operation(name)?.requestUri.startsWith(`/${first}/`));
}

function byAction({ url }: Head, services: readonly AwsService[]): AwsService | null {
  const action = /[?&]Action=(\w+)/.exec(url)?.[1];
  if (action === undefined) return null;
  const forms = services
    .map((service) => service.older ?? service)
    .filter(({ model }) => model.metadata.protocol === 'query');
  return forms.find(({ model }) => model.operation(action) !== null) ?? null;
}

function located(model: ServiceModel, head: Head): Located | null {
  try {
    return locate(model, { ...head, body: null });
  } catch {
    return null;
  }
}
