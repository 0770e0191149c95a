/**
 * A service's model as it lies on the disk: what `tools/aws-models.ts` keeps of botocore's
 * `service-2.json`. Names, types, constraints, bindings and errors; no prose. Types only.
 */

/** Where a shape is used: the name of the shape, and what this use adds to or changes of its traits. */
export interface ShapeRef extends Traits {
  readonly shape: string;
}

/** What both a shape and a use of it may say. A use's word counts more. */
export interface Traits {
  readonly location?: 'uri' | 'querystring' | 'header' | 'headers' | 'statusCode' | 'host';
  readonly locationName?: string;
  /** ec2: the name in a query, where it is not made from `locationName`. */
  readonly queryName?: string;
  readonly flattened?: boolean;
  readonly xmlAttribute?: boolean;
  readonly xmlNamespace?: string | { readonly uri: string; readonly prefix?: string };
  readonly timestampFormat?: 'iso8601' | 'rfc822' | 'unixTimestamp';
  readonly streaming?: boolean;
  readonly jsonvalue?: boolean;
  readonly eventpayload?: boolean;
  readonly eventheader?: boolean;
  readonly idempotencyToken?: boolean;
  readonly box?: boolean;
}

export type ShapeType =
  | 'structure'
  | 'list'
  | 'map'
  | 'string'
  | 'character'
  | 'integer'
  | 'long'
  | 'float'
  | 'double'
  | 'boolean'
  | 'blob'
  | 'timestamp';

export interface ShapeDocument extends Traits {
  readonly type: ShapeType;
  readonly members?: Readonly<Record<string, ShapeRef>>;
  readonly required?: readonly string[];
  /** The member that is the whole body. */
  readonly payload?: string;
  readonly member?: ShapeRef;
  readonly key?: ShapeRef;
  readonly value?: ShapeRef;
  readonly enum?: readonly string[];
  /** Other values pass, and are the service's to refuse. */
  readonly openEnum?: boolean;
  readonly pattern?: string;
  readonly min?: number;
  readonly max?: number;
  readonly union?: boolean;
  readonly document?: boolean;
  readonly sensitive?: boolean;
  readonly eventstream?: boolean;
  readonly event?: boolean;
  readonly exception?: boolean;
  readonly fault?: boolean;
  readonly error?: {
    readonly code?: string;
    readonly httpStatusCode?: number;
    readonly senderFault?: boolean;
    readonly fault?: boolean;
  };
}

export interface OperationDocument {
  readonly name: string;
  readonly http: {
    readonly method: string;
    /** `/2015-03-31/functions/{FunctionName}?find=x`; `{Key+}` takes slashes too. */
    readonly requestUri: string;
    readonly responseCode?: number;
  };
  readonly input?: ShapeRef;
  readonly output?: ShapeRef & { readonly resultWrapper?: string };
  readonly errors?: readonly { readonly shape: string }[];
}

export type ProtocolName = 'rest-json' | 'rest-xml' | 'json' | 'query' | 'ec2' | 'smithy-rpc-v2-cbor';

export interface ModelDocument {
  /** What it was made from; absent in documents of tests. */
  readonly source?: { readonly package: string; readonly version: string };
  readonly metadata: {
    readonly protocol: ProtocolName;
    readonly apiVersion: string;
    readonly jsonVersion?: string;
    readonly targetPrefix?: string;
    readonly endpointPrefix?: string;
    readonly signingName?: string;
    readonly serviceId?: string;
    readonly xmlNamespace?: string;
    /** The service once spoke `query`: errors repeat the code that it had there in a header. */
    readonly awsQueryCompatible?: object;
  };
  readonly operations: Readonly<Record<string, OperationDocument>>;
  readonly shapes: Readonly<Record<string, ShapeDocument>>;
}
