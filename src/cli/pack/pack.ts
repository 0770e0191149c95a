/** From a function's code on disk to the zip that is deployed. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Fault } from '../../base/index.ts';
import { type RuntimeName, runtimeParts } from '../../model/index.ts';
import { type Bundle, bundle } from './bundle.ts';
import { addFolder, type Contents, contents } from './contents.ts';
import {
  type Code,
  checkBootstrap,
  type Entry,
  handlerIsProgram,
  javaEntry,
  nodeEntry,
  pythonEntry,
} from './entry.ts';
import { addPackages } from './packages.ts';
import { readZip } from './ready-zip.ts';
import { zip } from './zip.ts';

export interface PackRequest {
  /** The manifest's folder. */
  readonly root: string;
  /** Folder or `.zip`, relative to `root`. */
  readonly code: string;
  readonly handler: string;
  readonly runtime: RuntimeName;
  /** The function's key in the manifest, for messages. */
  readonly key: string;
}

export interface Packed {
  readonly zip: Buffer;
  /** Of the zip, lower-case hex. The same code gives the same one. */
  readonly sha256: string;
  /** Files in the package; null for a ready `.zip`. */
  readonly files: number | null;
  /** For people: what was done that they may want to know. */
  readonly notes: readonly string[];
}

/**
 * Packs a function. Node.js code in TypeScript or ES modules is bundled; every other folder is
 * taken as it is, and so is a ready `.zip`.
 *
 * @throws {Fault} `manifest-invalid` when the code or the handler's file is missing; `package-invalid`
 *   for code that cannot be read, with file and line; `package-too-large`
 */
export async function packFunction(request: PackRequest): Promise<Packed> {
  const path = resolve(request.root, request.code);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const why =
      error.code === 'ENOENT' || error.code === 'ENOTDIR'
        ? 'does not exist'
        : `cannot be read (${error.code})`;
    throw badCode(request, `${path} ${why}`);
  });
  if (found.isFile()) return readyZip(request, { path, bytes: found.size });
  if (!found.isDirectory()) throw badCode(request, `${path} is neither a folder nor a .zip file`);
  const code = { folder: await realpath(path), handler: request.handler, key: request.key };
  const into = contents(request.key);
  const notes = await gather(request.runtime, code, into);
  const files = into.sorted();
  const bytes = await zip(files, request.key);
  return { zip: bytes, sha256: sha256(bytes), files: files.length, notes };
}

function badCode({ key }: PackRequest, why: string): Fault {
  return new Fault('manifest-invalid', `functions.${key}.code: ${why}.`, { facts: { key } });
}

async function readyZip(request: PackRequest, file: { path: string; bytes: number }): Promise<Packed> {
  const { handler, runtime, key } = request;
  const isJar = file.path.endsWith('.jar') && runtimeParts(runtime).family === 'java';
  if (!file.path.endsWith('.zip') && !isJar)
    throw badCode(request, `${file.path} is a file, but no .zip; name a folder or a .zip file`);
  const content = await readZip({ ...file, handler, runtime, key });
  return { zip: content, sha256: sha256(content), files: null, notes: [] };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @returns notes */
async function gather(runtime: RuntimeName, code: Code, into: Contents): Promise<string[]> {
  const { family, version } = runtimeParts(runtime);
  if (await handlerIsProgram(code)) {
    addAsItIs(code, into);
    return [];
  }
  if (family === 'nodejs') return gatherNode(code, into, `node${version}`);
  if (family === 'python') await pythonEntry(code);
  else if (family === 'java') await javaEntry(code);
  else await checkBootstrap(code);
  addAsItIs(code, into);
  return [];
}

const NEVER_NEEDED = /(?:^|\/)node_modules\/\.(?:bin|cache)$/;
const MANIFEST = 'skein.yaml';

/** The manifest is left out: a change for another function must not change this one's package. */
function addAsItIs({ folder }: Code, into: Contents): void {
  addFolder(into, {
    folder,
    prefix: '',
    skip: (path) => path === MANIFEST || NEVER_NEEDED.test(path),
  });
}

/** @param target the Node.js that runs it, as esbuild names it */
async function gatherNode(code: Code, into: Contents, target: string): Promise<string[]> {
  const entry = await nodeEntry(code);
  const made = (await wantsBundle(code.folder, entry.file)) ? await bundle(code.folder, entry, target) : null;
  if (made === null) {
    addAsItIs(code, into);
    return [];
  }
  addBeside(code, { entry, made }, into);
  await addPackages(into, made.external);
  const name = entry.stem + made.extension;
  into.add({ name, from: made.code, bytes: made.code.length, executable: false });
  into.add({ name: `${name}.map`, from: made.map, bytes: made.map.length, executable: false });
  return notesOn(entry, made);
}

/** CommonJS runs as it is. By name and package.json where they say, by its syntax where they do not. */
async function wantsBundle(folder: string, file: string): Promise<boolean> {
  if (file.endsWith('.cjs')) return false;
  if (!file.endsWith('.js')) return true;
  const type = await packageType(dirname(join(folder, file)));
  if (type !== undefined) return type === 'module';
  return /^\s*(?:import\b(?!\s*\()|export\b)/m.test(await readFile(join(folder, file), 'utf8'));
}

async function packageType(folder: string): Promise<string | undefined> {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return folder === dirname(folder) ? undefined : packageType(dirname(folder));
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as { type?: string }).type;
  } catch (error) {
    throw new Fault('package-invalid', `${file} cannot be read (${(error as Error).message}).`, {
      cause: error,
    });
  }
}

const TYPESCRIPT = /\.[cm]?tsx?$/;
const CODE = /\.[cm]?[jt]sx?$/;

/** Everything of the folder that is not in the bundle: templates, data, scripts loaded by name. */
function addBeside({ folder }: Code, { entry, made }: { entry: Entry; made: Bundle }, into: Contents): void {
  // What the runtime would find before the bundle, such as an index.js that was once built from index.ts.
  const shadows = ['', '.js', '.mjs', '.cjs'].flatMap((ending) => [
    entry.stem + ending,
    `${entry.stem + ending}.map`,
  ]);
  addFolder(into, {
    folder,
    prefix: '',
    skip: (path) =>
      path === MANIFEST ||
      /(?:^|\/)node_modules$/.test(path) ||
      TYPESCRIPT.test(path) ||
      (CODE.test(path) && made.bundled.has(path)) ||
      (shadows.includes(path) && path !== entry.stem),
  });
}

function notesOn(entry: Entry, made: Bundle): string[] {
  const notes = [...made.warnings];
  if (made.external.size > 0)
    notes.push(`native packages taken along: ${[...made.external.keys()].sort().join(', ')}`);
  const exported = entry.exported.split('.')[0]!;
  if (made.extension === '.mjs' && !made.exports.includes(exported) && !made.exports.includes('default')) {
    notes.push(
      `warning: ${entry.file} does not export \`${exported}\`; it exports ${made.exports.join(', ') || 'nothing'}`,
    );
  }
  return notes;
}
