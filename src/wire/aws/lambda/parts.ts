/** What the operations of Lambda's API are made of. The needs are ours; server/ fills them. */
import type { LambdaControl } from '../../../control/index.ts';
import type { ProvisionedState } from '../../../instances/index.ts';
import type { Invocation, InvokeResult } from '../../../invoke/index.ts';
import type { LogTail } from '../../../logs/index.ts';
import type { FunctionEntry, Version } from '../../../model/index.ts';

export interface LambdaParts {
  readonly control: LambdaControl;
  readonly registry: { current(): { readonly functions: ReadonlyMap<string, FunctionEntry> } };
  readonly invoke: (invocation: Invocation, signal: AbortSignal | null) => Promise<InvokeResult>;
  /** Takes an event in for good, to be run later; resolves when it is kept. */
  readonly enqueue: (event: EventToKeep) => Promise<unknown>;
  /** Begins to keep the lines of a request that is about to run. */
  readonly tail: (requestId: string) => LogTail;
  /** Stores a zip, judged and unpacked. */
  readonly putPackage: (zip: Buffer) => Promise<StoredPackage>;
  /** Whether a package or an image of this digest is stored. */
  readonly hasPackage: (digest: string) => Promise<boolean>;
  /** Instances of a version that are to stand ready on this node, and do. */
  readonly provisionedOf: (version: Version) => ProvisionedState;
  /** Where a host label answers, e.g. `http://bakery.localhost:8080/`. */
  readonly urlOf: (label: string) => string;
  /** A URL at which a stored package can be had for a while, without a signature of one's own. */
  readonly packageUrl: (digest: string, host: string) => string;
  /** Bytes of all packages of functions and layers, each version counted. */
  readonly codeBytes: () => Promise<number>;
  readonly accountConcurrency: number;
  readonly clock: { wallMs(): number };
}

export interface EventToKeep {
  readonly functionName: string;
  readonly qualifier: string | null;
  readonly event: Buffer;
  readonly requestId: string;
  readonly traceId: string | null;
  readonly clientContext: string | null;
}

export interface StoredPackage {
  /** SHA-256, lower-case hex. */
  readonly digest: string;
  readonly bytes: number;
  readonly unpackedBytes: number;
}
