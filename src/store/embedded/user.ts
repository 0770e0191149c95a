/**
 * Who runs the server. PostgreSQL refuses to run as root, so root's node gives it an unprivileged
 * system user; anybody else runs it as themselves.
 */
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../../base/index.ts';

export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const NAME = 'skein';
/** Taken, in this order, where no user can be made (no useradd, a read-only /etc). */
const FALLBACKS = ['postgres', 'nobody'];
const PASSWD = '/etc/passwd';

/**
 * @returns null when this process is not root: then it runs the server itself
 * @throws {Fault} `option-invalid` when there is no user to run as, and none can be made
 */
export async function serverUser(): Promise<ServerUser | null> {
  if (process.getuid?.() !== 0) return null;
  const users = await readUsers();
  if (users.has(NAME)) return users.get(NAME)!;
  await createUser();
  const now = await readUsers();
  const user = [NAME, ...FALLBACKS].map((name) => now.get(name)).find((found) => found !== undefined);
  if (user !== undefined) return user;
  throw new Fault(
    'option-invalid',
    `PostgreSQL does not run as root, and the user "${NAME}" could not be made. Make it (useradd --system ${NAME}), start Skein as another user, or give it a database with --database-url.`,
  );
}

/** Tries useradd (most systems), then adduser (Alpine, BusyBox). Failure shows in /etc/passwd. */
async function createUser(): Promise<void> {
  const run = promisify(execFile);
  const made = await run('useradd', [
    ...['--system', '--user-group', '--no-create-home'],
    ...['--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', NAME],
  ]).catch(() => null);
  if (made === null) await run('adduser', ['-S', '-D', '-H', '-s', '/sbin/nologin', NAME]).catch(() => null);
}

async function readUsers(): Promise<Map<string, ServerUser>> {
  const users = new Map<string, ServerUser>();
  const text = await readFile(PASSWD, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    // Another name for root would be refused by PostgreSQL all the same.
    if (!name || Number(uid) === 0) continue;
    users.set(name, { name, uid: Number(uid), gid: Number(gid) });
  }
  return users;
}

/** @returns the first folder on the way to `path` (itself included) that the user may not pass, or null */
export async function blockedAt(path: string, user: ServerUser): Promise<string | null> {
  const folders: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    folders.unshift(at);
    if (at === dirname(at)) break;
  }
  for (const folder of folders) {
    const { mode, uid, gid } = await stat(folder);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return folder;
  }
  return null;
}
