/**
 * Compiled code of versions, as their runtime's engine wrote it: handed over by a version's first
 * instance once it has initialised, read by all later ones.
 *
 * Owns   `folder`: one folder per version and engine, whole or absent; an empty one says that there is
 *        too little to be worth the reading. `.incoming` holds what is not finished.
 * Never  trusts what an instance hands over: names and sizes are checked before a byte is written, and
 *        each version reads only its own. (The engine takes compiled code at its word, so what one function
 *        sent must never reach another.)
 * Loses  anything at any time: whoever finds nothing compiles. A damaged file is known by its checksum.
 *
 *   nothing → recording → writing → kept | slight;  recording → nothing, when the init failed
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS, type Version } from '../model/index.ts';

export interface CompiledOptions {
  /** Created when missing; below a folder that every user can traverse, on the file system of the packages. */
  readonly folder: string;
  /** Version and architecture of the engines; those of Python are told apart by Python itself. */
  readonly engine: string;
  readonly onProblem: (problem: unknown) => void;
  /** Of all versions together. Default: `LIMITS.allCompiledBytes`. */
  readonly maxBytes?: number;
}

interface CompiledFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What a start is to do about compiled code. */
export type CompiledOrder =
  | { readonly kind: 'use'; readonly folder: string }
  | {
      readonly kind: 'record';
      /** Call it once: with what was handed over, or null when nothing was. */
      done(files: readonly CompiledFile[] | null): void;
    };

export interface CompiledCode {
  /** Finds what earlier runs of the node have kept. Call once, first. */
  start(): Promise<void>;
  /** @returns null: go without. Does not wait for the disk. */
  orderFor(version: Version): CompiledOrder | null;
  /** Removes what belongs to no version of these. */
  forgetAllBut(versions: Iterable<Version>): Promise<void>;
  /** Waits for what is being written. */
  stop(): Promise<void>;
}

type Entry = { readonly at: 'recording' | 'writing' | 'slight' } | { readonly at: 'kept'; bytes: number };

const KEY = /^[0-9a-f]{64}$/;
const NAME = /^(?:[0-9a-f]{8}|[0-9a-f]{16})$/;
/** Below this much there is nothing to gain: about 5 ms of loading. */
const MIN_BYTES = 32 * 1024;
/** Instances that hand over at once: each may fill `LIMITS.compiledBytes` of memory. */
const MAX_RECORDING = 4;

/** Nothing is touched before `start`. */
export function createCompiledCode(options: CompiledOptions): CompiledCode {
  const { folder, engine, onProblem, maxBytes = LIMITS.allCompiledBytes } = options;
  /** Least recently used first. */
  const entries = new Map<string, Entry>();
  const writing = new Set<Promise<void>>();
  const incoming = join(folder, '.incoming');

  function keyOf({ functionName, version, artifact, createdAtMs }: Version): string {
    const facts = JSON.stringify([functionName, version, artifact, createdAtMs, engine]);
    return createHash('sha256').update(facts).digest('hex');
  }

  function record(key: string): CompiledOrder | null {
    const busy = [...entries.values()].filter(({ at }) => at === 'recording' || at === 'writing').length;
    if (busy >= MAX_RECORDING) return null;
    entries.set(key, { at: 'recording' });
    return {
      kind: 'record',
      done(files) {
        if (entries.get(key)?.at !== 'recording') return; // forgotten meanwhile
        if (files === null) return void entries.delete(key);
        entries.set(key, { at: 'writing' });
        const written = write(key, files).catch((problem) => {
          entries.set(key, { at: 'slight' }); // a disk that is full is not tried again with every start
          onProblem(problem);
        });
        writing.add(written);
        void written.finally(() => writing.delete(written));
      },
    };
  }

  async function write(key: string, files: readonly CompiledFile[]): Promise<void> {
    const sound = files.filter(({ name }) => NAME.test(name)).slice(0, LIMITS.compiledFiles);
    const bytes = sound.reduce((sum, file) => sum + file.bytes.length, 0);
    const worthwhile = bytes >= MIN_BYTES && bytes <= LIMITS.compiledBytes;
    const temporary = await mkdtemp(join(incoming, 'new-'));
    if (worthwhile) {
      // Flushed: a folder that is there after a power loss must not be one of empty files for ever.
      for (const { name, bytes } of sound)
        await writeFile(join(temporary, name), bytes, { mode: 0o444, flush: true });
    }
    await chmod(temporary, 0o755);
    await rename(temporary, join(folder, key));
    entries.set(key, worthwhile ? { at: 'kept', bytes } : { at: 'slight' });
    await makeRoom();
  }

  async function makeRoom(): Promise<void> {
    let all = [...entries.values()].reduce((sum, entry) => sum + bytesOf(entry), 0);
    for (const [key, entry] of entries) {
      if (all <= maxBytes) return;
      if (entry.at !== 'kept') continue;
      all -= entry.bytes;
      await remove(key);
    }
  }

  async function remove(key: string): Promise<void> {
    entries.set(key, { at: 'writing' }); // nobody reads it, and nobody writes it yet
    await rm(join(folder, key), { recursive: true, force: true });
    entries.delete(key);
  }

  return {
    async start() {
      await rm(incoming, { recursive: true, force: true });
      await mkdir(incoming, { recursive: true, mode: 0o700 });
      await chmod(folder, 0o711);
      for (const key of await readdir(folder)) {
        if (!KEY.test(key)) continue;
        const bytes = await sizeOf(join(folder, key));
        entries.set(key, bytes === 0 ? { at: 'slight' } : { at: 'kept', bytes });
      }
      await makeRoom();
    },
    orderFor(version) {
      const key = keyOf(version);
      const entry = entries.get(key);
      if (entry === undefined) return record(key);
      if (entry.at !== 'kept') return null;
      entries.delete(key);
      entries.set(key, entry);
      return { kind: 'use', folder: join(folder, key) };
    },
    async forgetAllBut(versions) {
      const wanted = new Set([...versions].map(keyOf));
      const unwanted = [...entries].filter(([key, { at }]) => !wanted.has(key) && at !== 'writing');
      for (const [key] of unwanted) await remove(key);
    },
    stop: async () => void (await Promise.all(writing)),
  };
}

function bytesOf(entry: Entry): number {
  return entry.at === 'kept' ? entry.bytes : 0;
}

async function sizeOf(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
