/**
 * Code packages, content-addressed: PostgreSQL is the truth, a folder on disk is the cache.
 *
 * Owns   `cacheDir`: one folder per digest, whole or absent, `.incoming` for what is not finished, and
 *        `.compiled` for compiled code (compiled.ts).
 * Never  hashes, inflates or stores on the event loop: a worker thread does.
 *
 * A cached package needs no database, so cold starts go on while PostgreSQL is away.
 */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Clock, Fault } from '../base/index.ts';
import { LIMITS, type Version } from '../model/index.ts';
import { type CompiledCode, createCompiledCode } from './compiled.ts';
import { type Admitted, exists, type Packing, temporaryDir } from './jobs.ts';
import { createLayers, LAYERS_FOLDER, type Layers } from './layers.ts';
import { workerPool } from './worker-pool.ts';

export interface ArtifactsOptions {
  readonly store: {
    has(digest: string): Promise<boolean>;
    /** Of the node's PostgreSQL: worker threads open connections of their own. */
    readonly url: string;
    /** Exports `openStore(url): ChunkStore`; default: PostgreSQL. */
    readonly module?: URL;
  };
  /** Created when missing; below a folder that every user can traverse. */
  readonly cacheDir: string;
  /** Where archives of images are kept that are too large for the database. Created when needed. */
  readonly imagesDir: string;
  readonly clock: Clock;
  /** Version and architecture of the Node.js that runs functions: what compiled code is good for. */
  readonly engine: string;
  /** Told of what goes wrong where nobody waits for it. */
  readonly onProblem: (problem: unknown) => void;
  /** Threads at most, default 1. */
  readonly threads?: number;
  /** Packages that may wait for a thread, default 64. */
  readonly queueLength?: number;
  /** How long an idle thread is kept, ms, default 5,000. */
  readonly idleMs?: number;
}

export interface PutOptions {
  readonly what?: Packing;
  readonly maxBytes?: number;
  readonly expected?: string;
}

export interface Artifacts {
  /** Makes the cache and clears what a crash left behind. Call once, first. */
  start(): Promise<void>;
  /** @returns whether the package is stored for good */
  has(digest: string): Promise<boolean>;
  /**
   * Takes in a zip or an image: judges it, unpacks it into the cache, stores it.
   *
   * @param options.what default `zip`
   * @param options.maxBytes default LIMITS.packageBytes, of an image LIMITS.imageBytes
   * @param options.expected the SHA-256 its sender announced
   * @throws {Fault} `package-invalid`, `package-too-large`, `database-unavailable`, `no-capacity`
   */
  put(content: Readable, options?: PutOptions): Promise<Admitted>;
  /**
   * @returns the folder of a package, fetched first if it is not cached; callers at once share one fetch
   * @throws {Fault} `artifact-not-found`, `database-unavailable`
   */
  ensure(digest: string): Promise<string>;
  /** Removes what is cached. @param versions what is deployed, or what instances still run */
  forgetAllBut(versions: Iterable<Version>): Promise<void>;
  /** What several packages are together. */
  readonly layers: Pick<Layers, 'place'>;
  /** What earlier instances compiled. */
  readonly compiled: Pick<CompiledCode, 'orderFor'>;
  /** Worker threads alive now. */
  readonly threads: number;
  stop(): Promise<void>;
}

const DIGEST = /^[0-9a-f]{64}$/;
const COMPILED = '.compiled';
/** An unpacked package is not forgotten within this time, ms. */
const YOUNG_MS = 600_000;
/** Uploads at once: each holds up to LIMITS.packageBytes of disk. */
const MAX_UPLOADS = 16;
const MOST_BYTES: Readonly<Record<Packing, number>> = { zip: LIMITS.packageBytes, image: LIMITS.imageBytes };

/** Makes the node's packages. Nothing is touched before `start`. */
export function createArtifacts(options: ArtifactsOptions): Artifacts {
  const { cacheDir, imagesDir, store, clock, engine, onProblem } = options;
  const compiled = createCompiledCode({ folder: join(cacheDir, COMPILED), engine, onProblem });
  const pool = workerPool({
    clock,
    data: { cacheDir, imagesDir, url: store.url, module: store.module?.href ?? null },
    threads: options.threads ?? 1,
    queueLength: options.queueLength ?? 64,
    idleMs: options.idleMs ?? 5_000,
  });
  const fetching = new Map<string, Promise<string>>();
  let uploads = 0;

  async function put(
    content: Readable,
    { what = 'zip', expected, maxBytes = MOST_BYTES[what] }: PutOptions = {},
  ) {
    if (uploads >= MAX_UPLOADS) {
      content.destroy();
      throw new Fault(
        'no-capacity',
        `${uploads} packages are being uploaded already; try again in a few seconds.`,
      );
    }
    uploads += 1;
    const file = join(temporaryDir(cacheDir), `${randomBytes(12).toString('hex')}.zip`);
    try {
      await pipeline(content, bounded(maxBytes), createWriteStream(file, { flags: 'wx', mode: 0o600 }));
      return (await pool.run({ kind: 'admit', file, what, expected: expected ?? null })) as Admitted;
    } finally {
      uploads -= 1;
      await rm(file, { force: true });
    }
  }

  async function fetchOnce(digest: string): Promise<string> {
    const folder = join(cacheDir, digest);
    if (!(await exists(folder))) await pool.run({ kind: 'fetch', digest });
    return folder;
  }

  async function ensure(digest: string): Promise<string> {
    if (!DIGEST.test(digest))
      throw new Fault('artifact-not-found', `${JSON.stringify(digest)} is not the SHA-256 of a package.`);
    const running = fetching.get(digest) ?? fetchOnce(digest).finally(() => fetching.delete(digest));
    fetching.set(digest, running);
    return running;
  }

  /** The database says which are still wanted; a young one may be about to be told of. */
  async function forgetImages(): Promise<void> {
    for (const name of await readdir(imagesDir).catch(() => [])) {
      const path = join(imagesDir, name);
      if (clock.wallMs() - (await stat(path)).mtimeMs < YOUNG_MS) continue;
      if (!(await store.has(name.replace(/\.tar(?:\.part)?$/, '')))) await rm(path, { force: true });
    }
  }

  const layers = createLayers({ folder: join(cacheDir, LAYERS_FOLDER), ensure });

  return {
    compiled,
    layers,
    async start() {
      await prepareCache(cacheDir);
      await layers.start();
      await compiled.start();
    },
    has: (digest) => (DIGEST.test(digest) ? store.has(digest) : Promise.resolve(false)),
    put,
    ensure,
    async forgetAllBut(versions) {
      const kept = [...versions];
      await compiled.forgetAllBut(kept);
      await layers.forgetAllBut(kept);
      const keep = new Set(kept.flatMap(packagesOf));
      for (const name of await readdir(cacheDir)) {
        if (!DIGEST.test(name) || keep.has(name) || fetching.has(name)) continue;
        // A deploy unpacks first and commits then: what is young may be about to be used.
        if (clock.wallMs() - (await stat(join(cacheDir, name))).mtimeMs < YOUNG_MS) continue;
        await rm(join(cacheDir, name), { recursive: true, force: true });
      }
      await forgetImages();
    },
    get threads() {
      return pool.threads;
    },
    async stop() {
      await pool.stop();
      await compiled.stop();
    },
  };
}

function packagesOf({ artifact, config }: Version): string[] {
  return [artifact, ...config.layers.map((layer) => layer.artifact)];
}

/** Passes bytes on until there are too many. */
function bounded(maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, pass) {
      bytes += chunk.length;
      if (bytes <= maxBytes) return pass(null, chunk);
      const message = `The package is larger than ${maxBytes} bytes. Leave out what the code does not need.`;
      pass(new Fault('package-too-large', message, { facts: { maxBytes } }));
    },
  });
}

/**
 * Folders are renamed into place without waiting for the disk, so after a power loss their files may
 * be empty. A new boot of the machine therefore starts with an empty cache; and without compiled code, which
 * knows what it was compiled from by the time that it was unpacked.
 */
async function prepareCache(cacheDir: string): Promise<void> {
  await mkdir(cacheDir, { recursive: true });
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const marker = join(cacheDir, '.boot');
  const known = await readFile(marker, 'utf8').catch(() => null);
  if (known !== bootId) {
    for (const name of await readdir(cacheDir)) {
      if (DIGEST.test(name) || name === COMPILED || name === LAYERS_FOLDER)
        await rm(join(cacheDir, name), { recursive: true, force: true });
    }
    await writeFile(marker, bootId);
  }
  await rm(temporaryDir(cacheDir), { recursive: true, force: true });
  await mkdir(temporaryDir(cacheDir), { mode: 0o700 });
  await chmod(cacheDir, 0o755);
}
