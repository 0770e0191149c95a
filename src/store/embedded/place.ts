/**
 * The server's folders in a home, and how its user gets at them.
 *
 *   <home>/                  0711  passable, so that the server's user reaches what is its own
 *   <home>/postgresql/       0711
 *     data/                  0700  the server's; appears complete or not at all
 *     password               0600  the superuser's
 *     server.log             0600  this run's; server.log.1 is the run's before
 *     <package version>/           the server's programs, when they had to be linked
 */
import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Binaries, findBinaries } from './binaries.ts';
import { blockedAt, type ServerUser, serverUser } from './user.ts';

export interface Place {
  readonly folder: string;
  readonly data: string;
  readonly password: string;
  readonly log: string;
  readonly user: ServerUser | null;
  /** A folder above the home that the server's user may not pass, or null. */
  readonly blocked: string | null;
  readonly binaries: Binaries;
}

/** Where programs go that the server's user could not reach inside the home. */
const SHARED_BINARIES = '/var/lib/skein/postgresql';

/** Makes the home and the server's folder in it. */
export async function preparePlace(home: string): Promise<Place> {
  const folder = join(home, 'postgresql');
  await mkdir(folder, { recursive: true });
  await chmod(home, 0o711);
  await chmod(folder, 0o711);
  const user = await serverUser();
  const blocked = user && (await blockedAt(folder, user));
  const shelf = blocked === null ? folder : SHARED_BINARIES;
  if (blocked !== null) await mkdir(shelf, { recursive: true, mode: 0o755 });
  return {
    folder,
    data: join(folder, 'data'),
    password: join(folder, 'password'),
    log: join(folder, 'server.log'),
    user,
    blocked,
    binaries: await findBinaries(shelf, user !== null),
  };
}

/**
 * How the server names a folder in which it was started.
 *
 * When the home lies in a folder that the server's user may not pass (one of `mktemp -d`, say), no
 * path leads there; but its working directory is open to it all the same, and has a name.
 */
export function nameOf(place: Place, folder: string): string {
  return place.blocked === null ? folder : '/proc/self/cwd';
}

/** Gives a file or folder to the server's user. */
export async function give(place: Place, path: string): Promise<void> {
  if (place.user !== null) await chown(path, place.user.uid, place.user.gid);
}

/** What `spawn` needs to run a program as the server's user, apart from the node in every way. */
export function spawnAs(place: Place, cwd: string) {
  return {
    cwd,
    detached: true,
    // Nothing of the node's environment: PG* variables would change what the server does.
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(place.user && { uid: place.user.uid, gid: place.user.gid }),
  };
}
