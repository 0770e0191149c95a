/** Makes a new data folder, and refuses one that another PostgreSQL has made. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Fault } from '../../base/index.ts';
import { give, nameOf, type Place, spawnAs } from './place.ts';

/** The superuser; only the platform has its password. */
export const SUPERUSER = 'skein';

/**
 * Makes the data folder, unless there is one.
 *
 * @returns the superuser's password
 * @throws {Fault} `database-incompatible` when the data folder is of another major version: it is
 *   not touched; `database-unavailable` when initdb fails
 */
export async function ensureData(place: Place, onProgress: (line: string) => void): Promise<string> {
  if (existsSync(place.data)) {
    await checkMajor(place);
    return (await readFile(place.password, 'utf8')).trim();
  }
  onProgress('Creating the database…');
  const password = randomBytes(24).toString('hex');
  // All of it is done beside, so that a power cut leaves either no data folder or a whole one.
  await writeFile(place.password, `${password}\n`, { mode: 0o600 });
  const draft = join(place.folder, 'data.new');
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await chmod(draft, 0o700);
  await give(place, draft);
  await initdb(place, draft, password);
  await rename(draft, place.data);
  return password;
}

async function checkMajor(place: Place): Promise<void> {
  const found = (await readFile(join(place.data, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (found === place.binaries.major) return;
  throw new Fault(
    'database-incompatible',
    `${place.data} was made by PostgreSQL ${found || '(unknown version)'}, and this Skein brings PostgreSQL ${place.binaries.major}. It was not touched. Use the Skein that made it, or move its data with pg_dump and --database-url.`,
    { facts: { dataMajor: found, serverMajor: place.binaries.major } },
  );
}

async function initdb(place: Place, draft: string, password: string): Promise<void> {
  // Given by a file, since a command line can be read by everybody. The name is seen from `draft`,
  // the working directory, because no path may lead there (see nameOf).
  const passwordFile = join(place.folder, 'password.new');
  await writeFile(passwordFile, password, { mode: 0o600 });
  await give(place, passwordFile);
  const options = [
    ...['-D', nameOf(place, draft), '-U', SUPERUSER, '--pwfile=../password.new', '-A', 'scram-sha-256'],
    // The built-in locale needs nothing from the system, so data means the same on every machine.
    ...['-E', 'UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ...['--data-checksums', '--no-instructions'],
  ];
  const child = spawn(place.binaries.initdb, options, {
    ...spawnAs(place, draft),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const failed = new Promise<string>((resolve) => child.once('error', (error) => resolve(error.message)));
    const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    const errors = text(child.stderr!).catch(() => '');
    const outcome = await Promise.race([failed, ended]);
    if (outcome !== 0) throw initFailed(typeof outcome === 'string' ? outcome : await errors);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function initFailed(reason: string): Fault {
  return new Fault(
    'database-unavailable',
    `PostgreSQL could not make its data folder: ${reason.trim()}. Nothing was kept; mend the cause and start again, or use --database-url.`,
  );
}
