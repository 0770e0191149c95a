/** Where a node's files are, and the one file that says how to reach it. */
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { Fault, makeFolder } from '../base/index.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a machine adds to the defaults; passed in, so that a test can own it. */
export interface Machine {
  readonly uid: number;
  /** The home folder of the user in the system's records; null: no such record. */
  readonly userHome: string | null;
  readonly cpus: number;
}

/** `node.json`: written by a node when it is ready, read by the commands, removed on a clean stop. */
export interface NodeFile {
  readonly gateway: string;
  readonly control: string;
  readonly pid: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly token: string;
}

/** What this machine adds to the defaults. */
export function thisMachine(): Machine {
  return { uid: process.getuid?.() ?? -1, userHome: recordedHome(), cpus: cpus().length };
}

function recordedHome(): string | null {
  try {
    return userInfo().homedir || null;
  } catch {
    return null; // a user id without a record, as in many containers
  }
}

/**
 * The node's home: `--home`, SKEIN_HOME, /var/lib/skein as root, else `.skein` in the user's home,
 * which HOME names, or the system's records when HOME is unset.
 *
 * @throws {Fault} `option-invalid` when none of them says where
 */
export function resolveHome(given: {
  readonly flag: string | undefined;
  readonly env: Environment;
  readonly machine: Pick<Machine, 'uid' | 'userHome'>;
}): string {
  if (given.flag === '') {
    throw new Fault('option-invalid', '--home is empty. Give it a folder, such as ~/.skein.', {
      facts: { option: '--home' },
    });
  }
  const named = given.flag ?? given.env.SKEIN_HOME;
  if (named !== undefined && named !== '') return resolve(named);
  if (given.machine.uid === 0) return '/var/lib/skein';
  const userHome = given.env.HOME || given.machine.userHome;
  if (userHome !== null && userHome !== '/' && userHome !== '/nonexistent') return join(userHome, '.skein');
  throw new Fault(
    'option-invalid',
    'HOME is unset and this user has no home folder, so there is nowhere to keep data. Give a folder with --home or SKEIN_HOME.',
    { facts: { option: '--home' } },
  );
}

/** Writes `node.json`, whole or not at all, readable by its owner only. */
export function writeNodeFile(home: string, content: NodeFile): void {
  makeFolder(home, { mode: 0o711, what: 'The home', wayOut: 'Choose another with --home.' });
  const path = join(home, 'node.json');
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600); // a draft left by a crash keeps its old mode
  renameSync(draft, path);
}

/** Removes `node.json`; nothing happens when there is none. */
export function removeNodeFile(home: string): void {
  rmSync(join(home, 'node.json'), { force: true });
}

/**
 * @returns what a running node wrote, or null when there is no file
 * @throws {Fault} `node-not-running` when the file cannot be read or is damaged
 */
export function readNodeFile(home: string): NodeFile | null {
  const path = join(home, 'node.json');
  try {
    const content = JSON.parse(readFileSync(path, 'utf8')) as NodeFile;
    if (typeof content.control !== 'string' || typeof content.token !== 'string')
      throw new Error('incomplete');
    return content;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    const why =
      code === 'EACCES' ? 'belongs to another user' : `cannot be read (${(error as Error).message})`;
    throw new Fault(
      'node-not-running',
      `${path} ${why}. Use the user who runs the node, or another --home.`,
      {
        facts: { home },
        cause: error,
      },
    );
  }
}
