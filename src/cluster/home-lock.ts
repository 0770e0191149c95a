/**
 * The lock of a home: one node at a time.
 *
 * Owns   `<home>/lock/`, where each taking of the lock is a numbered file that says who took it.
 * Never  trusts a pid alone: a holder counts as alive only if the process with its pid is the one
 *        that took the lock, so neither a crash nor a reboot leaves a home locked.
 *
 * The holder is the newest file, unless it says it was released or its process is gone. The lock is
 * taken by creating the next number, which only one of several can; that the newest file is never
 * deleted, only followed, is what makes it safe (a number that is free again could be taken by
 * somebody who looked long ago). A winner still looks whether its number is the newest.
 */
import { chmod, link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Clock, Fault, makeFolder, processIdentity } from '../base/index.ts';

export interface HomeLock {
  /** Gives the home free. May be called more than once. */
  release(): Promise<void>;
}

export interface HomeLockOptions {
  /** The process that holds the lock: this one, unless a test says otherwise. */
  readonly pid?: number;
  readonly clock: Clock;
}

interface Holder {
  readonly pid: number;
  /** What `processIdentity` said of the pid when the lock was taken. */
  readonly identity: string;
  readonly sinceMs: number;
  readonly released?: true;
}

/** Losing a race means that somebody else has won it, so few attempts are enough. */
const ATTEMPTS = 20;

/**
 * Locks a home for a node, making the folder (passable, but not readable, for others) if it is missing.
 *
 * @throws {Fault} `home-in-use`, which names the holder
 *
 * @example
 * const lock = await lockHome('/var/lib/skein', { clock: systemClock });
 */
export async function lockHome(
  home: string,
  { pid = process.pid, clock }: HomeLockOptions,
): Promise<HomeLock> {
  const folder = join(home, 'lock');
  makeFolder(home, { mode: 0o711, what: 'The home', wayOut: 'Choose another with --home.' });
  await chmod(home, 0o711); // sandboxes and the database server pass through to what is theirs
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const holder: Holder = { pid, identity: processIdentity(pid) ?? '', sinceMs: Math.round(clock.wallMs()) };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const newest = await newestIn(folder);
    const current = await read(folder, newest);
    if (current !== null && isHolding(current)) throw inUse(home, current);
    if (!(await take(folder, newest + 1, holder))) continue;
    await sweep(folder, newest + 1);
    return lockOf(folder, newest + 1, holder);
  }
  throw new Error(`the lock of ${home} changed hands ${ATTEMPTS} times while it was asked for`);
}

async function newestIn(folder: string): Promise<number> {
  const numbers = (await readdir(folder)).filter((name) => /^\d+$/.test(name)).map(Number);
  return Math.max(0, ...numbers);
}

/** @returns null for a file that is not there, or that a power cut has left empty */
async function read(folder: string, number: number): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(join(folder, String(number)), 'utf8')) as Holder;
  } catch {
    return null;
  }
}

function isHolding(holder: Holder): boolean {
  return holder.released !== true && processIdentity(holder.pid) === holder.identity;
}

/** Creates the file of a number with its content, in one step. @returns false when somebody was quicker */
async function take(folder: string, number: number, holder: Holder): Promise<boolean> {
  const file = join(folder, String(number));
  const draft = await writeDraft(folder, holder);
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  if ((await newestIn(folder)) === number) return true;
  await rm(file, { force: true }); // later ones had come and gone before we looked
  return false;
}

let drafts = 0;

async function writeDraft(folder: string, holder: Holder): Promise<string> {
  drafts += 1;
  const draft = join(folder, `draft-${process.pid}-${drafts}`);
  await writeFile(draft, JSON.stringify(holder), { mode: 0o600 });
  return draft;
}

async function sweep(folder: string, newest: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^\d+$/.test(name) && Number(name) < newest) await rm(join(folder, name), { force: true });
  }
}

function lockOf(folder: string, number: number, holder: Holder): HomeLock {
  let released = false;
  return {
    async release() {
      if (released) return;
      released = true;
      const draft = await writeDraft(folder, { ...holder, released: true });
      await rename(draft, join(folder, String(number)));
    },
  };
}

function inUse(home: string, { pid, sinceMs }: Holder): Fault {
  const since = new Date(sinceMs).toISOString();
  return new Fault(
    'home-in-use',
    `The home ${resolve(home)} is in use by the node with process id ${pid}, since ${since}. Stop that node with "skein down --home ${resolve(home)}", or choose another home with --home.`,
    { facts: { home: resolve(home), pid, since } },
  );
}
