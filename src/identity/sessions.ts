/**
 * Temporary credentials: role sessions of `AssumeRole` and of functions' instances.
 *
 * Nothing is stored: the session token holds whose it is and until when, sealed, and the key pair follows from
 * the token. Whoever holds the node's key verifies it, on any node, after any restart. A role that was deleted,
 * or made anew under the same name, has no sessions: its id is in the token.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { base32 } from './base32.ts';
import type { Session } from './decision.ts';
import type { SessionFacts } from './principal.ts';
import { purposeKey } from './purpose-key.ts';

/** What a token says. */
export interface SessionClaims {
  readonly roleName: string;
  readonly roleId: string;
  readonly sessionName: string;
  readonly session: SessionFacts;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Opened tokens that are remembered; each is at most a few KB. */
const MAX_OPENED = 2_000;
/** The first bytes of a token: its form. */
const FORM = Buffer.from([0x53, 1]);

export interface Sessions {
  issue(claims: SessionClaims): Session;
  /** @returns what a token of ours says and the key pair that belongs to it, however old; null when it is not ours */
  open(token: string): (SessionClaims & Session) | null;
}

/** @param signingKey `NodeKeys.signingKey` */
export function createSessions(signingKey: string): Sessions {
  const sealing = purposeKey(signingKey, 'session-token');
  const pairs = purposeKey(signingKey, 'session-key-pair');

  function keyPair(token: string): { accessKeyId: string; secretAccessKey: string } {
    const derive = (what: string) => createHmac('sha256', pairs).update(`${what}:${token}`).digest();
    return {
      accessKeyId: `ASIA${base32(derive('id').subarray(0, 10))}`,
      secretAccessKey: derive('secret').subarray(0, 30).toString('base64'),
    };
  }

  /** Tokens that were opened: a session's calls carry the same one for up to hours. */
  const opened = new Map<string, SessionClaims & Session>();

  return {
    issue(claims) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealing, iv).setAAD(FORM);
      const body = Buffer.concat([cipher.update(JSON.stringify(claims), 'utf8'), cipher.final()]);
      const sessionToken = Buffer.concat([FORM, iv, cipher.getAuthTag(), body]).toString('base64');
      return { ...keyPair(sessionToken), sessionToken, expirationMs: claims.session.expiresAtMs };
    },
    open(token) {
      const known = opened.get(token);
      if (known !== undefined) return known;
      const found = unseal(token);
      if (found === null) return null;
      if (opened.size >= MAX_OPENED) opened.clear();
      opened.set(token, found);
      return found;
    },
  };

  function unseal(token: string): (SessionClaims & Session) | null {
    const packed = Buffer.from(token, 'base64');
    const head = FORM.length + IV_BYTES;
    if (packed.length <= head + TAG_BYTES || !packed.subarray(0, FORM.length).equals(FORM)) return null;
    if (packed.toString('base64') !== token) return null; // another spelling of the same bytes has another key pair
    const decipher = createDecipheriv('aes-256-gcm', sealing, packed.subarray(FORM.length, head))
      .setAAD(FORM)
      .setAuthTag(packed.subarray(head, head + TAG_BYTES));
    try {
      const plain = [decipher.update(packed.subarray(head + TAG_BYTES)), decipher.final()];
      const claims = JSON.parse(Buffer.concat(plain).toString('utf8')) as SessionClaims;
      return {
        ...claims,
        ...keyPair(token),
        sessionToken: token,
        expirationMs: claims.session.expiresAtMs,
      };
    } catch {
      return null;
    }
  }
}
