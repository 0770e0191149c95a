/** TypeScript and ES modules → one file that Node.js runs, with a source map that names the sources. */
import { isAbsolute, join, posix, relative, sep } from 'node:path';
import type { BuildFailure, BuildOptions, BuildResult, Message, Plugin } from 'esbuild';
import { Fault } from '../../base/index.ts';
import type { Entry } from './entry.ts';
import { findPackage, isNative, packageName } from './packages.ts';

export interface Bundle {
  /** `.mjs` or `.cjs`: what the bundle is. */
  readonly extension: '.mjs' | '.cjs';
  readonly code: Buffer;
  readonly map: Buffer;
  /** Files in the folder that are now in the bundle, relative to it. */
  readonly bundled: ReadonlySet<string>;
  /** Packages that stay outside, by name, with their folders. */
  readonly external: ReadonlyMap<string, string>;
  /** Names that the entry exports. */
  readonly exports: readonly string[];
  /** What esbuild warned of. */
  readonly warnings: readonly string[];
}

type Built = BuildResult<{ write: false; metafile: true }>;

/**
 * Bundles a function.
 *
 * @param target the Node.js that runs it, as esbuild names it: `node24`
 * @returns null when the entry turns out to be plain CommonJS that needs no bundling
 * @throws {Fault} `package-invalid` with file and line for what esbuild cannot read or find
 */
export async function bundle(folder: string, entry: Entry, target: string): Promise<Bundle | null> {
  const external = new Map<string, string>();
  const build = { folder, entry, external, target };
  const first = await run({ ...build, format: 'esm' });
  if (first.metafile.inputs[entry.file]?.format !== 'cjs')
    return toBundle(first, { ...build, format: 'esm' });
  if (!/\.[cm]?ts$/.test(entry.file)) return null;
  // `export =` and `module.exports` cannot have named exports in an ES module.
  return toBundle(await run({ ...build, format: 'cjs' }), { ...build, format: 'cjs' });
}

interface Build {
  readonly folder: string;
  readonly entry: Entry;
  readonly external: Map<string, string>;
  /** The Node.js that runs it, as esbuild names it. */
  readonly target: string;
  readonly format: 'esm' | 'cjs';
}

async function run({ folder, entry, external, target, format }: Build): Promise<Built> {
  const esbuild = await import('esbuild');
  const options = {
    absWorkingDir: folder,
    entryPoints: [entry.file],
    outfile: join(folder, `${entry.stem}.${format === 'esm' ? 'mjs' : 'cjs'}`),
    bundle: true,
    platform: 'node',
    target,
    format,
    // Node's own condition order, with `module` left out: it leads to builds meant for browsers.
    mainFields: ['main', 'module'],
    // A package of CommonJS expects these; a module that declares its own is left alone.
    define: format === 'esm' ? { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' } : {},
    sourcemap: 'linked',
    sourcesContent: true,
    keepNames: true,
    metafile: true,
    write: false,
    logLevel: 'silent',
    plugins: [keepNativeOutside(external)],
  } satisfies BuildOptions;
  try {
    return await esbuild.build(options);
  } catch (error) {
    if (!Array.isArray((error as BuildFailure).errors)) throw error;
    throw failure((error as BuildFailure).errors);
  }
}

function failure(errors: readonly Message[]): Fault {
  const lines = errors.slice(0, 20).map((message) => describe(message));
  if (errors.length > lines.length) lines.push(`and ${errors.length - lines.length} more`);
  const at = errors[0]?.location;
  const facts = at ? { file: at.file, line: at.line } : {};
  return new Fault('package-invalid', lines.join('\n'), { facts });
}

/** `src/index.ts:3:8: Could not resolve "zodd" …` */
function describe({ text, location, notes }: Message): string {
  const where = location ? `${location.file}:${location.line}:${location.column + 1}: ` : '';
  const unresolved = /^Could not resolve "([^"]+)"/.exec(text);
  if (unresolved === null) return where + text;
  const name = unresolved[1]!;
  const isLocal = name.startsWith('.') || isAbsolute(name);
  const way = isLocal
    ? (notes[0]?.text ?? 'no such file')
    : `is it installed? Run \`npm install ${packageName(name) ?? name}\``;
  return `${where}could not find ${JSON.stringify(name)}: ${way}`;
}

function keepNativeOutside(external: Map<string, string>): Plugin {
  const known = new Map<string, boolean>();
  return {
    name: 'native-packages',
    setup(build) {
      build.onResolve({ filter: /^[^./\\]/ }, async ({ path, resolveDir, kind }) => {
        const name = kind === 'entry-point' ? null : packageName(path);
        if (name === null || resolveDir === '') return undefined;
        const folder = await findPackage(name, resolveDir);
        if (folder === null) return undefined;
        const native = known.get(folder) ?? (await isNative(folder));
        known.set(folder, native);
        if (!native) return undefined;
        external.set(name, folder);
        return { path, external: true };
      });
    },
  };
}

function toBundle(built: Built, { folder, external, format }: Build): Bundle {
  const map = built.outputFiles.find((file) => file.path.endsWith('.map'))!;
  const code = built.outputFiles.find((file) => !file.path.endsWith('.map'))!;
  const inputs = Object.keys(built.metafile.inputs).filter(
    (path) => !path.startsWith('..') && !isAbsolute(path),
  );
  const output = Object.values(built.metafile.outputs).find(({ entryPoint }) => entryPoint !== undefined);
  return {
    extension: format === 'esm' ? '.mjs' : '.cjs',
    code: format === 'esm' ? withRequire(code.text) : Buffer.from(code.contents),
    map: Buffer.from(map.contents),
    bundled: new Set(
      inputs.map((path) => posix.normalize(relative(folder, join(folder, path)).split(sep).join('/'))),
    ),
    external,
    exports: output?.exports ?? [],
    warnings: built.warnings.map(describe),
  };
}

/**
 * Bundled CommonJS that calls `require` for a built-in module needs one; an ES module has none.
 * It goes on the first line, which then is a helper of esbuild's and has no mapping to shift; the
 * name is free, since esbuild renames a `require` of the user's where its helper mentions one.
 */
function withRequire(code: string): Buffer {
  if (!code.includes('Dynamic require of "')) return Buffer.from(code);
  const banner =
    'const require = globalThis.process.getBuiltinModule("node:module").createRequire(import.meta.url); ';
  return Buffer.from(banner + code);
}
