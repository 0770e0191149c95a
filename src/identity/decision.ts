/** The question that authorization asks, and its answer. Types only. */
import type { Principal } from './principal.ts';
import type { SignedRequest, VerifiedRequest, VerifyOptions } from './signed-request.ts';

/** Values of condition keys, such as `aws:SourceIp`. Names are compared without regard to case. */
export type RequestContext = Readonly<Record<string, string | readonly string[]>>;

export interface Question {
  readonly principal: Principal;
  /** `lambda:InvokeFunction` */
  readonly action: string;
  /** The full ARN, or `*` for actions that name none. */
  readonly resource: string;
  readonly context?: RequestContext;
  /** Policies of the resource itself, as JSON text; what they allow needs no identity policy (one account). */
  readonly resourcePolicies?: readonly string[];
}

export interface Decision {
  readonly verdict: 'allow' | 'implicit-deny' | 'explicit-deny';
  /** Which kind of policy decided; null: root's right, or no policy spoke. */
  readonly by: 'identity-policy' | 'resource-policy' | 'session-policy' | null;
  /** The deciding statement's Sid, or its place (`Statement[2]`); null where none decided. */
  readonly statement: string | null;
}

export interface SessionWish {
  readonly roleName: string;
  /** 2 to 64 of `A-Za-z0-9_+=,.@-` */
  readonly sessionName: string;
  readonly seconds: number;
  /** Session policy, as JSON text. */
  readonly policy?: string | null;
  /** Set for an instance of a function: makes `kind` "instance" and the key `lambda:SourceFunctionArn`. */
  readonly functionArn?: string | null;
}

/** Temporary credentials: good until `expirationMs`, on every node, while their role exists. */
export interface Session {
  /** `ASIA` and 16 characters. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Wall-clock ms. */
  readonly expirationMs: number;
}

/** What edges ask identity; made by `createIdentity`. Answers come from memory, never from the database. */
export interface Authority {
  /**
   * Who sent a request, by its signature.
   *
   * @throws {Fault} `signature-missing`, `signature-incomplete`, `signature-invalid`, `credentials-unknown`,
   *   `credentials-expired`; the message is AWS's, the AWS code per protocol is the edge's table
   */
  verify(request: SignedRequest, options: VerifyOptions): Promise<VerifiedRequest>;
  decide(question: Question): Decision;
  /** @throws {Fault} `access-denied`, in AWS's words, when the decision is not to allow */
  authorize(question: Question): void;
  /** @throws {Fault} `identity-not-found` for an unknown role */
  issueSession(wish: SessionWish): Session;
  /**
   * Whether a service may take on a role, as when a function is created.
   *
   * @param role.nameOrArn name, or ARN as an API gives it
   * @param role.service `lambda.amazonaws.com`
   * @returns the role's name
   * @throws {Fault} `role-unassumable` when it does not exist or its trust policy does not let the service in
   */
  requireAssumable(role: { readonly nameOrArn: string; readonly service: string }): string;
  /**
   * Whether a session of a role would be allowed something, asked before there is one: of a source that a function is
   * to read from, of a destination.
   *
   * @returns false for a role that does not exist
   */
  roleAllows(question: RoleQuestion): boolean;
}

export interface RoleQuestion extends Pick<Question, 'action' | 'resource' | 'resourcePolicies'> {
  readonly roleName: string;
}
