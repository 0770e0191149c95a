/** Who is calling: what a signature, a port or nothing at all says about a request's sender. */
import { ACCOUNT_ID } from '../model/index.ts';

export interface Principal {
  /**
   * `root`: the node's own keys, may do everything. `instance`: a function's instance with its role.
   * `service`: a part of the platform that acts in the name of an AWS service (`sns.amazonaws.com`).
   */
  readonly kind: 'root' | 'user' | 'role-session' | 'instance' | 'service' | 'anonymous';
  /** As AWS writes it: `…:root`, `…:user/ada`, `arn:aws:sts::…:assumed-role/<role>/<session>`; a service's host name; `*`. */
  readonly arn: string;
  readonly accountId: string;
  /** What `GetCallerIdentity` calls UserId: `AIDA…`, `AROA…:<session>`, the account for root. */
  readonly userId: string;
  readonly userName: string | null;
  readonly roleName: string | null;
  readonly sessionName: string | null;
  /** Of temporary credentials. */
  readonly session: SessionFacts | null;
}

export interface SessionFacts {
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** A session policy: what the session may do at most, as JSON text; null: all that its role may. */
  readonly policy: string | null;
  /** The function whose instance this is; null for sessions of `AssumeRole`. */
  readonly functionArn: string | null;
}

const NOBODY = { userName: null, roleName: null, sessionName: null, session: null } as const;

/** The owner of the account: the keys of node.json. */
export const ROOT: Principal = {
  ...NOBODY,
  kind: 'root',
  arn: `arn:aws:iam::${ACCOUNT_ID}:root`,
  accountId: ACCOUNT_ID,
  userId: ACCOUNT_ID,
};

/** A caller without credentials, where such are let in at all (an open function URL). */
export const ANONYMOUS: Principal = {
  ...NOBODY,
  kind: 'anonymous',
  arn: '*',
  accountId: 'anonymous',
  userId: 'anonymous',
};

/** @param host the service's principal, such as `events.amazonaws.com` */
export function servicePrincipal(host: string): Principal {
  return { ...NOBODY, kind: 'service', arn: host, accountId: ACCOUNT_ID, userId: host };
}

export function userPrincipal(user: { name: string; path: string; userId: string }): Principal {
  return {
    ...NOBODY,
    kind: 'user',
    arn: `arn:aws:iam::${ACCOUNT_ID}:user${user.path}${user.name}`,
    accountId: ACCOUNT_ID,
    userId: user.userId,
    userName: user.name,
  };
}

export function sessionPrincipal(role: {
  readonly roleName: string;
  readonly roleId: string;
  readonly sessionName: string;
  readonly session: SessionFacts;
}): Principal {
  const { roleName, sessionName, session } = role;
  return {
    ...NOBODY,
    kind: session.functionArn === null ? 'role-session' : 'instance',
    arn: `arn:aws:sts::${ACCOUNT_ID}:assumed-role/${roleName}/${sessionName}`,
    accountId: ACCOUNT_ID,
    userId: `${role.roleId}:${sessionName}`,
    roleName,
    sessionName,
    session,
  };
}
