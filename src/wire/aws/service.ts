/** What a service is to the endpoint: a model, and functions by the names of its operations. Types only. */
import type { Fault } from '../../base/index.ts';
import type { Principal, RequestContext } from '../../identity/index.ts';
import type { AwsError, ServiceModel } from './protocol/index.ts';

/** One call of an operation: who calls, and what it may ask for. */
export interface AwsCall {
  readonly requestId: string;
  readonly operation: string;
  readonly principal: Principal;
  readonly accountId: string;
  readonly region: string;
  /** The host that the caller asked, such as `localhost:9400`, for URLs in answers. */
  readonly host: string;
  /** The caller's address, as `aws:SourceIp`. */
  readonly sourceIp: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
  /**
   * @param action `lambda:InvokeFunction`
   * @param resource the full ARN, or `*`
   * @param more `resourcePolicies`: policies of the resource itself, as JSON text
   * @throws {Fault} `access-denied`, in AWS's words
   */
  authorize(
    action: string,
    resource: string,
    more?: { readonly context?: RequestContext; readonly resourcePolicies?: readonly string[] },
  ): Promise<void>;
}

/** The operations of a service, by generated types: `Operations<LambdaOperations>`. */
export type Operations<T extends { [K in keyof T]: { input: unknown; output: unknown } }> = {
  readonly [K in keyof T]?: (input: T[K]['input'], call: AwsCall) => Promise<T[K]['output']>;
};

/** Any operation, its types forgotten: the model vouches for input and output. */
export type AnyOperation = (input: never, call: AwsCall) => Promise<unknown>;

export interface AwsService {
  readonly model: ServiceModel;
  readonly operations: Readonly<Record<string, AnyOperation | undefined>>;
  /** A refusal from below in the service's own words; null: the endpoint's table answers. */
  readonly errorOf: (fault: Fault, call: { readonly operation: string }) => AwsError | null;
  /** The same service by the protocol that it spoke before: for requests that name no target. */
  readonly older?: AwsService;
  /** What a body may have at most, in bytes, by operation; left out: the endpoint's own limit. */
  readonly maxBodyBytes?: (operation: string) => number;
  /** How a refusal of a body that is too large calls an operation; left out: by its name. */
  readonly bodyOf?: (operation: string) => string;
}
